#include <fmt/format.h>

#include "hosts/error.hpp"
#include "hosts/writers.hpp"

namespace clustermpi {
namespace {

/// A path as ssh_config takes it: "~" filled in, its own escapes doubled, quoted where blanks would
/// split it.
std::string config_path(const std::filesystem::path& path, const std::filesystem::path& home) {
  std::string text = path.string();
  if (text == "~" || text.starts_with("~/")) text = home.string() + text.substr(1);
  if (text.find_first_of("\"\n") != std::string::npos || text.find("${") != std::string::npos)
    throw Error(ExitCode::usage, fmt::format("ssh cannot be told of the path {}", text),
                "move it to a path without quotes, line breaks and ${");
  std::string out;
  for (const char c : text) {
    out += c;
    if (c == '%') out += c;
  }
  return out.find_first_of(" \t#") == std::string::npos ? out : '"' + out + '"';
}

std::string host_block(const Host& host, const std::string& jump) {
  std::string out = "Host " + host.name;
  if (host.address != host.name) out += ' ' + host.address;
  out += fmt::format("\n  HostName {}\n  Port {}\n  User {}\n", host.address, host.port, host.user);
  // Here and not below Host *, where it would send the way to the jump host through itself.
  if (!jump.empty()) out += fmt::format("  ProxyJump {}\n", jump);
  return out + '\n';
}

std::string common_block(const Inventory& inventory, const SshConfigPaths& paths) {
  std::string out = "Host *\n";
  if (!inventory.identity.empty())
    out += fmt::format("  IdentityFile {}\n  IdentitiesOnly yes\n",
                       config_path(inventory.identity, paths.home));
  out += fmt::format("  UserKnownHostsFile {}\n", config_path(paths.known_hosts, paths.home));
  out +=
      "  StrictHostKeyChecking yes\n"
      "  ConnectTimeout 10\n"
      "  ServerAliveInterval 15\n";
  return out;
}

}  // namespace

std::string ssh_config(const Inventory& inventory, const SshConfigPaths& paths) {
  std::string out = "# Written by clustermpi from the inventory; changes are overwritten.\n\n";
  for (const Host& host : inventory.hosts) out += host_block(host, inventory.jump);
  return out + common_block(inventory, paths);
}

}  // namespace clustermpi
