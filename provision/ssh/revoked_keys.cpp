#include "provision/ssh/revoked_keys.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <sstream>
#include <stdexcept>

#include "hosts/error.hpp"
#include "provision/files.hpp"
#include "provision/process.hpp"
#include "provision/ssh/host_certificate.hpp"

namespace clustermpi {
namespace {

constexpr std::size_t largest_file = 16 * 1024 * 1024;
constexpr std::string_view list_magic{"SSHKRL\n\0", 8};
constexpr std::chrono::seconds patience{10};

/// A certificate stands for the key that it is about.
HostKey plain_key(HostKey key) {
  if (!key.type.ends_with("-cert-v01@openssh.com")) return key;
  return read_host_certificate(*decode_base64(key.base64)).key;
}

bool is_in_list(const std::filesystem::path& list, const HostKey& key) {
  ProcessOptions options;
  options.input = fmt::format("{} {}\n", key.type, key.base64);
  options.timeout = patience;
  const auto asked = run_process({"ssh-keygen", "-Q", "-f", list.string(), "/dev/stdin"}, options);
  if (asked.ok()) return false;
  if (asked.exit_status == 1 && asked.out.ends_with(": REVOKED\n")) return true;
  throw Error(ExitCode::local_failure,
              fmt::format("cannot tell whether a host key is revoked: ssh-keygen cannot read {}",
                          list.string()),
              fmt::format("see `ssh-keygen -Q -l -f {}`", list.string()));
}

}  // namespace

std::string RevokedKeys::Place::written() const {
  return line == 0 ? file.string() : fmt::format("{}:{}", file.string(), line);
}

void RevokedKeys::add(const std::filesystem::path& file) {
  const std::string text = read_file(file, largest_file);
  if (text.starts_with(list_magic)) {
    lists_.push_back(file);
  } else {
    add_lines(file, text);
  }
}

void RevokedKeys::add_lines(const std::filesystem::path& file, std::string_view text) {
  std::istringstream lines{std::string(text)};
  std::string line;
  for (unsigned number = 1; std::getline(lines, line); ++number) {
    std::istringstream fields(line);
    std::string type, base64;
    if (!(fields >> type) || type.starts_with('#')) continue;
    fields >> base64;
    const auto key = host_key_from_base64(base64);
    try {
      if (!key || key->type != type) throw std::invalid_argument("no key");
      keys_.try_emplace(plain_key(*key).base64, Place{file, number});
    } catch (const std::invalid_argument&) {
      throw Error(ExitCode::local_failure,
                  fmt::format("{}:{}: expected a public key, as in \"ssh-ed25519 AAAA...\"",
                              file.string(), number),
                  "host keys cannot be trusted while the list of revoked ones cannot be read");
    }
  }
}

std::optional<RevokedKeys::Place> RevokedKeys::find(const HostKey& key) const {
  if (const auto found = keys_.find(key.base64); found != keys_.end()) return found->second;
  if (lists_.empty()) return std::nullopt;
  const auto known = answers_.find(key.base64);
  if (known != answers_.end()) return known->second;
  const auto list = std::ranges::find_if(
      lists_, [&](const std::filesystem::path& file) { return is_in_list(file, key); });
  const auto place = list == lists_.end() ? std::nullopt : std::optional(Place{*list, 0});
  return answers_.emplace(key.base64, place).first->second;
}

}  // namespace clustermpi
