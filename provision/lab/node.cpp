#include "provision/lab/node.hpp"

#include <fmt/format.h>
#include <unistd.h>

#include <cerrno>
#include <sstream>
#include <system_error>

#include "hosts/error.hpp"
#include "provision/files.hpp"
#include "provision/lab/base_root.hpp"
#include "provision/lab/control_group.hpp"
#include "provision/lab/mounts.hpp"
#include "provision/lab/processes.hpp"
#include "provision/process.hpp"

namespace clustermpi::lab {
namespace {

namespace fs = std::filesystem;

void give_to_user(const fs::path& path) {
  if (::lchown(path.c_str(), node_user_id, node_user_id) == 0) return;
  throw Error(ExitCode::local_failure,
              fmt::format("cannot give {} to the user {}: {}", path.string(), node_user,
                          std::generic_category().message(errno)));
}

bool is_loopback(const std::string& address) {
  return address.starts_with("127.") || address == "::1";
}

/// The name servers that a node can reach too: a resolver on this machine's loopback is not among
/// them, but systemd-resolved tells which ones it asks itself.
std::string node_resolv_conf() {
  for (const char* file : {"/etc/resolv.conf", "/run/systemd/resolve/resolv.conf"}) {
    const std::string text = read_file_if_exists(file).value_or("");
    std::istringstream words(text);
    bool reachable = false;
    for (std::string key, value; words >> key >> value;) {
      reachable = reachable || (key == "nameserver" && !is_loopback(value));
    }
    if (reachable) return text;
  }
  throw Error(ExitCode::local_failure,
              "/etc/resolv.conf names no name server that the nodes of a lab could reach",
              "put a name server there that is not on this machine's loopback");
}

void write_identity(const NodeRecord& node, const fs::path& root) {
  write_file(root / "etc/hostname", node.name + "\n");
  // With the line that Debian's installer writes, and that leads MPI and Slurm astray: a lab
  // without it would prove nothing about real hosts.
  write_file(root / "etc/hosts", fmt::format("127.0.0.1\tlocalhost\n127.0.1.1\t{}\n\n"
                                             "::1\tlocalhost ip6-localhost ip6-loopback\n",
                                             node.name));
  write_file(root / "etc/resolv.conf", node_resolv_conf());
  // Before that service has run, logins are refused: who hears sshd can log in.
  const fs::path drop_in = root / "etc/systemd/system/ssh.service.d";
  fs::create_directories(drop_in);
  write_file(drop_in / "after-boot.conf", "[Unit]\nAfter=systemd-user-sessions.service\n");
}

void write_apt(const AptSetup& apt, const fs::path& root) {
  fs::remove(root / "etc/apt/sources.list");
  write_file(root / "etc/apt/sources.list.d/debian.sources", apt.sources);
  write_file(root / "etc/apt/apt.conf.d/90host", apt.conf);
}

void make_host_key(const NodeRecord& node, const NodePaths& paths) {
  fs::path private_key = paths.host_key;
  private_key.replace_extension();
  const ProcessResult made = run_process({"ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-C",
                                          "root@" + node.name, "-f", private_key.string()});
  if (!made.ok()) {
    throw Error(
        ExitCode::local_failure,
        fmt::format("ssh-keygen could not make a host key for {}: {}", node.name, made.err));
  }
}

void authorize(const std::string& key, const fs::path& root) {
  const fs::path folder = root / "home" / node_user / ".ssh";
  fs::create_directories(folder);
  fs::permissions(folder, fs::perms::owner_all);
  write_file(folder / "authorized_keys", key, 0600);
  give_to_user(folder);
  give_to_user(folder / "authorized_keys");
}

/// On a machine whose own init is systemd, that one must give each node a control group: nodes that
/// share ours would manage each other's processes. Elsewhere there is nobody to ask.
bool systemd_runs_here() {
  return fs::is_directory("/run/systemd/system");
}

}  // namespace

NodePaths::NodePaths(const fs::path& folder)
    : upper(folder / "upper"),
      work(folder / "work"),
      root(folder / "root"),
      console(folder / "console"),
      host_key(root / "etc/ssh/ssh_host_ed25519_key.pub") {}

void make_disk(const NodeRecord& node, const NodePaths& paths, const fs::path& base,
               const AptSetup& apt, const std::string& authorized_key) {
  for (const fs::path& folder : {paths.upper, paths.work, paths.root})
    fs::create_directories(folder);
  // The node's "/" has the mode of the upper folder.
  fs::permissions(paths.upper, static_cast<fs::perms>(0755));
  mount_overlay({.lower = base, .upper = paths.upper, .work = paths.work, .root = paths.root});
  write_identity(node, paths.root);
  write_apt(apt, paths.root);
  make_host_key(node, paths);
  authorize(authorized_key, paths.root);
}

pid_t boot(const NodeRecord& node, const NodePaths& paths) {
  std::vector<std::string> argv{"systemd-nspawn",
                                "--quiet",
                                "--register=no",
                                "--link-journal=no",
                                "--boot",
                                "--directory=" + paths.root.string(),
                                "--network-namespace-path=/run/netns/" + node.name,
                                "--hostname=" + node.name,
                                "--machine=" + node.name};
  if (systemd_runs_here()) return start_detached(argv, paths.console);
  argv.emplace_back("--keep-unit");
  return start_detached(in_own_control_group(node.name, std::move(argv)), paths.console);
}

std::vector<pid_t> machines_below(const fs::path& folder) {
  const std::string argument = "--directory=" + folder.string();
  return processes_with_argument(
      [&](std::string_view text) { return text == argument || text.starts_with(argument + "/"); });
}

void power_off(const NodeRecord& node, const NodePaths& paths) {
  // Its init dies with nspawn, but not before we could look: the namespace tells when all is gone.
  kill_all([&] { return machines_below(paths.root); }, node.name);
  kill_all([&] { return processes_in_netns(node.name); }, node.name);
}

}  // namespace clustermpi::lab
