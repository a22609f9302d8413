#include <fmt/format.h>

#include <algorithm>
#include <map>

#include "hosts/error.hpp"
#include "hosts/jump.hpp"
#include "hosts/names.hpp"
#include "hosts/writers.hpp"

namespace clustermpi {
namespace {

std::string without_tokens(std::string_view text) {
  std::string out;
  for (const char c : text) {
    out += c;
    if (c == '%') out += c;
  }
  return out;
}

/// A path as ssh_config takes it: "~" filled in, quoted where blanks would split it.
std::string config_path(const std::filesystem::path& path, const std::filesystem::path& home) {
  std::string text = path.string();
  if (text == "~" || text.starts_with("~/")) text = home.string() + text.substr(1);
  if (text.find_first_of("\"\\\n") != std::string::npos || text.find("${") != std::string::npos)
    throw Error(ExitCode::usage, fmt::format("ssh cannot be told of the path {}", text),
                "move it to a path without quotes, backslashes, line breaks and ${");
  return text.find_first_of(" \t#'") == std::string::npos ? text : '"' + text + '"';
}

/// Include takes patterns.
std::string include_line(const std::filesystem::path& file, const std::filesystem::path& home) {
  const std::string path = config_path(file, home);
  if (path.find_first_of("*?[") != std::string::npos)
    throw Error(ExitCode::usage, fmt::format("ssh cannot be told to include {}", path),
                "move it to a path without *, ? and [");
  return fmt::format("Include {}\n", path);
}

/// Whether `hop` is that node. A hop with a port of its own may be a port of the node's that leads
/// elsewhere.
bool is_node(const JumpHop& hop, const Host& host) {
  const std::string name = lower_case(hop.host);
  if (name == lower_case(host.name)) return true;
  return name == lower_case(host.address) && (!hop.port || *hop.port == host.port.value_or(22));
}

/// What stands behind Host is a list of patterns.
void check_pattern(const Host& host, std::string_view word) {
  if (word.find_first_of(" \t\r\n\"'\\*?!,#=") == std::string_view::npos) return;
  throw Error(ExitCode::usage,
              fmt::format("host {} cannot stand in ssh's configuration: '{}' is a pattern or more "
                          "than a word there",
                          host.name, word),
              "give it another name or address in the inventory");
}

class SshConfigWriter {
 public:
  SshConfigWriter(const Inventory& inventory, const SshConfigFrame& frame)
      : inventory_(inventory), frame_(frame) {
    if (!inventory.jump.empty()) jump_ = parse_jump(inventory.jump);
    for (const Host& host : inventory.hosts) {
      ++uses_[lower_case(host.name)];
      if (host.address != host.name) ++uses_[lower_case(host.address)];
    }
  }

  [[nodiscard]] std::string text() const {
    std::string out = "# Written by clustermpi from the inventory; changes are overwritten.\n\n";
    for (const Host& host : inventory_.hosts) out += node(host) + '\n';
    return out + decided() + left_open();
  }

 private:
  [[nodiscard]] std::string node(const Host& host) const {
    check_pattern(host, host.name);
    check_pattern(host, host.address);
    std::string out = "Host " + host.name;
    if (address_is_a_name_of(host)) out += ' ' + host.address;
    out += '\n';
    if (host.address != host.name)
      out += fmt::format("  HostName {}\n", without_tokens(host.address));
    if (host.port) out += fmt::format("  Port {}\n", *host.port);
    out += fmt::format("  User {}\n", host.user);
    // Here and not below Host *, where it would send the way to the jump host through itself.
    if (const auto way = way_to(host); !way.empty())
      out += fmt::format("  ProxyJump {}\n", to_string(way));
    return out;
  }

  /// A second block of that name would never be looked at, and a jump host has settings of its own.
  [[nodiscard]] bool address_is_a_name_of(const Host& host) const {
    if (host.address == host.name || uses_.at(lower_case(host.address)) > 1) return false;
    return std::ranges::none_of(jump_, [&](const JumpHop& hop) {
      return lower_case(hop.host) == lower_case(host.address) && !is_node(hop, host);
    });
  }

  [[nodiscard]] std::vector<JumpHop> way_to(const Host& host) const {
    const auto self =
        std::ranges::find_if(jump_, [&](const JumpHop& hop) { return is_node(hop, host); });
    return {jump_.begin(), self};
  }

  [[nodiscard]] std::string decided() const {
    std::string out = "Host *\n";
    if (!inventory_.identity.empty())
      out += fmt::format("  IdentityFile {}\n  IdentitiesOnly yes\n",
                         without_tokens(config_path(inventory_.identity, frame_.home)));
    if (!frame_.pins.empty())
      out += fmt::format("  GlobalKnownHostsFile {} {}\n  StrictHostKeyChecking yes\n",
                         config_path(frame_.pins, frame_.home), frame_.other_known_hosts);
    // The last two: what a user may have set for sessions of their own would keep our commands from
    // running, and the second session from opening its ports.
    return out +
           "  ServerAliveInterval 15\n"
           "  RemoteCommand none\n"
           "  ClearAllForwardings yes\n";
  }

  [[nodiscard]] std::string left_open() const {
    std::string out = frame_.includes.empty() ? "" : "\n";
    for (const auto& file : frame_.includes) out += include_line(file, frame_.home);
    return out + "\nHost *\n  ConnectTimeout 10\n";
  }

  const Inventory& inventory_;
  const SshConfigFrame& frame_;
  std::vector<JumpHop> jump_;
  std::map<std::string, unsigned> uses_;  // of each name and address, by the hosts
};

}  // namespace

std::string ssh_config(const Inventory& inventory, const SshConfigFrame& frame) {
  return SshConfigWriter(inventory, frame).text();
}

}  // namespace clustermpi
