#include "hosts/jump.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <stdexcept>

#include "hosts/names.hpp"

namespace clustermpi {
namespace {

constexpr std::string_view letters_and_digits =
    "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789";

[[noreturn]] void refuse(const std::string& reason) {
  throw std::invalid_argument(reason);
}

std::uint16_t read_port(std::string_view digits) {
  unsigned port = 0;
  const char* const last = digits.data() + digits.size();
  const auto [end, error] = std::from_chars(digits.data(), last, port);
  if (error != std::errc{} || end != last || port < 1 || port > 65535)
    refuse(fmt::format("has '{}' where a port between 1 and 65535 should be", digits));
  return static_cast<std::uint16_t>(port);
}

/// Wider than what a cluster's own users may be called: bastions know "ada.l@example.org".
void check_user(std::string_view user) {
  const std::string allowed = std::string(letters_and_digits) + "_.+@-";
  if (user.empty() || user.front() == '-' || user.find_first_not_of(allowed) != user.npos)
    refuse(fmt::format("has '{}' where a user should be", user));
}

void check_host(std::string_view host) {
  const std::string fault = host.empty() ? std::string("is missing") : address_fault(host);
  if (!fault.empty()) refuse(fmt::format("goes through a host that {}", fault));
  if (host == "none") refuse("is no host: leave 'jump' out instead");
  if (host.find('%') != host.npos) refuse("has a network interface in it");
}

JumpHop read_hop(std::string_view text) {
  if (text.empty()) refuse("has an empty hop in it");
  JumpHop hop;
  if (const std::size_t at = text.rfind('@'); at != text.npos) {
    hop.user = text.substr(0, at);
    check_user(hop.user);
    text.remove_prefix(at + 1);
  }
  std::size_t end = std::min(text.find(':'), text.size());
  if (text.starts_with('[')) {
    const std::size_t bracket = text.find(']');
    if (bracket == text.npos) refuse("has a bracket that is not closed");
    hop.host = text.substr(1, bracket - 1);
    // `ssh -G` puts them around IPv4 addresses too.
    const bool ipv4 = hop.host.find_first_not_of("0123456789.") == std::string::npos;
    if (hop.host.find(':') == std::string::npos && !ipv4)
      refuse("has brackets around what is no IP address");
    end = bracket + 1;
  } else {
    hop.host = text.substr(0, end);
    if (std::ranges::count(text, ':') > 1)
      refuse(fmt::format("has an IPv6 address without brackets: write [{}]", text));
  }
  check_host(hop.host);
  text.remove_prefix(end);
  if (text.empty()) return hop;
  if (text.front() != ':') refuse(fmt::format("has '{}' behind a bracket", text));
  hop.port = read_port(text.substr(1));
  return hop;
}

}  // namespace

std::vector<JumpHop> parse_jump(std::string_view text) {
  std::vector<JumpHop> hops;
  for (;;) {
    const std::size_t comma = text.find(',');
    hops.push_back(read_hop(text.substr(0, comma)));
    if (comma == text.npos) return hops;
    text.remove_prefix(comma + 1);
  }
}

std::string to_string(const std::vector<JumpHop>& hops) {
  std::string out;
  for (const JumpHop& hop : hops) {
    if (!out.empty()) out += ',';
    if (!hop.user.empty()) out += hop.user + '@';
    const bool ipv6 = hop.host.find(':') != std::string::npos;
    out += ipv6 ? fmt::format("[{}]", hop.host) : hop.host;
    if (hop.port) out += fmt::format(":{}", *hop.port);
  }
  return out;
}

}  // namespace clustermpi
