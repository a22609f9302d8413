#include "provision/ssh/known_hosts_line.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "hosts/names.hpp"
#include "provision/host_patterns.hpp"

namespace clustermpi {
namespace {

/// Thousands of host names fit; a file that is no known_hosts file may have no line ends at all.
constexpr std::size_t longest_line = 256 * 1024;

std::vector<std::string> split(std::string_view text, std::string_view separators) {
  std::vector<std::string> parts;
  while (true) {
    const auto begin = text.find_first_not_of(separators);
    if (begin == std::string_view::npos) return parts;
    const auto end = std::min(text.find_first_of(separators, begin), text.size());
    parts.emplace_back(text.substr(begin, end - begin));
    text.remove_prefix(end);
  }
}

}  // namespace

std::string known_hosts_name(std::string_view name, unsigned port) {
  return port == 22 ? lower_case(name) : fmt::format("[{}]:{}", lower_case(name), port);
}

std::optional<HostPatterns> HostPatterns::parse(std::string_view field) {
  HostPatterns patterns;
  if (field.starts_with("|1|")) {
    const auto parts = split(field.substr(3), "|");
    if (parts.size() != 2) return std::nullopt;
    const auto salt = decode_base64(parts[0]);
    const auto hash = decode_base64(parts[1]);
    if (!salt || !hash || salt->size() != hash->size() || salt->size() > HmacSha1::longest_key)
      return std::nullopt;
    patterns.hash_with_.emplace(*salt);
    patterns.hash_ = *hash;
  } else {
    patterns.names_ = split(lower_case(field), ",");
  }
  return patterns;
}

bool HostPatterns::plain() const {
  return !hashed() && std::none_of(names_.begin(), names_.end(), [](const std::string& name) {
    return name.find_first_of("*?!") != std::string::npos;
  });
}

bool HostPatterns::match(const std::string& host) const {
  if (hash_with_) return (*hash_with_)(host) == hash_;
  return matches_patterns(names_, host);
}

std::optional<KnownHostsLine> parse_known_hosts_line(std::string_view text) {
  if (text.size() > longest_line) return std::nullopt;
  auto fields = split(text, " \t\r\n");
  if (fields.empty() || fields[0].starts_with('#')) return std::nullopt;
  auto kind = KnownHostsLine::Kind::key;
  if (fields[0].starts_with('@')) {
    if (fields[0] == "@revoked") {
      kind = KnownHostsLine::Kind::revoked;
    } else if (fields[0] == "@cert-authority") {
      kind = KnownHostsLine::Kind::authority;
    } else {
      return std::nullopt;
    }
    fields.erase(fields.begin());
  }
  if (fields.size() < 3 || fields[0].starts_with('@')) return std::nullopt;
  auto hosts = HostPatterns::parse(fields[0]);
  auto key = host_key_from_base64(fields[2]);
  if (!hosts || !key || key->type != fields[1]) return std::nullopt;
  return KnownHostsLine{std::move(*hosts), std::move(*key), kind};
}

}  // namespace clustermpi
