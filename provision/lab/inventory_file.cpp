#include "provision/lab/inventory_file.hpp"

#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <system_error>

#include "hosts/error.hpp"
#include "provision/files.hpp"
#include "provision/lab/base_root.hpp"
#include "provision/process.hpp"
#include "provision/ssh/known_hosts.hpp"

namespace clustermpi::lab {
namespace {

namespace fs = std::filesystem;

constexpr unsigned ssh_port = 22;

fs::path workspace(const LabRecord& lab) {
  return lab.inventory.parent_path() / ".clustermpi";
}

std::string first_line(const LabRecord& lab) {
  return fmt::format(
      "# The lab \"{0}\", written by `clustermpi lab up`; `clustermpi lab down {0}` removes it.",
      lab.name);
}

fs::path public_half(const LabRecord& lab) {
  return identity_file(lab).string() + ".pub";
}

/// A lab needs root, the commands that use it do not: what is made beside the inventory belongs to
/// whom the folder belongs.
void own_as_folder(const fs::path& path) {
  struct stat folder {};
  if (::stat(path.parent_path().c_str(), &folder) == 0 &&
      ::lchown(path.c_str(), folder.st_uid, folder.st_gid) == 0) {
    return;
  }
  throw Error(ExitCode::local_failure,
              fmt::format("cannot give {} to the owner of its folder: {}", path.string(),
                          std::generic_category().message(errno)));
}

fs::path make_workspace(const LabRecord& lab) {
  const fs::path folder = workspace(lab);
  std::error_code failed;
  if (fs::create_directory(folder, failed)) {
    fs::permissions(folder, fs::perms::owner_all, failed);
    own_as_folder(folder);
  }
  if (failed) {
    throw Error(ExitCode::local_failure,
                fmt::format("cannot make {}: {}", folder.string(), failed.message()));
  }
  return folder;
}

void unpin(const LabRecord& lab) {
  const fs::path file = workspace(lab) / "known_hosts";
  if (!fs::exists(file)) return;
  KnownHosts known_hosts(file);
  for (const NodeRecord& node : lab.nodes) {
    known_hosts.forget(node.name, ssh_port);
    known_hosts.forget(node.address, ssh_port);
  }
  if (read_file_if_exists(file) == "") fs::remove(file);
}

}  // namespace

fs::path identity_file(const LabRecord& lab) {
  return workspace(lab) / (lab.name + "_ed25519");
}

std::string inventory_text(const LabRecord& lab) {
  std::string text = fmt::format(
      "{}\n\n[cluster]\nname = \"{}\"\nmanager = \"{}\"\nuser = \"{}\"\nnetwork = \"{}\"\n\n"
      "[ssh]\nidentity = \"{}\"\n",
      first_line(lab), lab.name, lab.nodes.front().name, node_user, lab.subnet(),
      identity_file(lab).string());
  if (lab.slurm) text += "\n[slurm]\n";
  for (const NodeRecord& node : lab.nodes) {
    text += fmt::format("\n[[hosts]]  # Debian {}, {}\nnames = \"{}\"\naddress = \"{}\"\n",
                        node.suite, node.arch, node.name, node.address);
  }
  return text;
}

void check_inventory_is_ours(const LabRecord& lab) {
  const auto text = read_file_if_exists(lab.inventory);
  if (!text || text->starts_with(first_line(lab))) return;
  throw Error(
      ExitCode::local_failure,
      fmt::format("{} exists and is not that of the lab \"{}\"", lab.inventory.string(), lab.name),
      "name another file with --inventory, or overwrite this one with --force");
}

void check_inventory_is_unedited(const LabRecord& lab) {
  const auto text = read_file_if_exists(lab.inventory);
  if (!text || *text == inventory_text(lab)) return;
  throw Error(ExitCode::local_failure,
              fmt::format("{} was edited since `lab up` wrote it", lab.inventory.string()),
              "write it anew with --force, or move your version away first");
}

void forget_predecessor(const LabRecord& lab) {
  std::error_code gone;
  fs::remove(identity_file(lab), gone);
  fs::remove(public_half(lab), gone);
  fs::remove(workspace(lab) / "facts.json", gone);
}

std::string make_identity(const LabRecord& lab) {
  make_workspace(lab);
  const fs::path file = identity_file(lab);
  if (!fs::exists(file)) {
    const ProcessResult made = run_process({"ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-C",
                                            "lab " + lab.name, "-f", file.string()});
    if (!made.ok()) {
      throw Error(ExitCode::local_failure,
                  fmt::format("ssh-keygen could not make {}: {}", file.string(), made.err));
    }
  }
  own_as_folder(file);
  own_as_folder(public_half(lab));
  return read_file(public_half(lab));
}

void pin_host_key(const LabRecord& lab, const NodeRecord& node, const HostKey& key) {
  const fs::path file = make_workspace(lab) / "known_hosts";
  KnownHosts known_hosts(file);
  for (const std::string& name : {node.name, node.address}) {
    known_hosts.forget(name, ssh_port);
    known_hosts.pin(name, ssh_port, key);
  }
  own_as_folder(file);
}

void write_inventory(const LabRecord& lab) {
  write_file(lab.inventory, inventory_text(lab));
}

void forget_inventory(const LabRecord& lab) {
  if (lab.inventory.empty() || lab.nodes.empty()) return;
  unpin(lab);
  forget_predecessor(lab);
  std::error_code not_there;
  if (read_file_if_exists(lab.inventory) == inventory_text(lab)) {
    fs::remove(lab.inventory, not_there);
    // What runs on this inventory left: it says nothing any more without the nodes.
    for (const char* name :
         {"cluster_key", "cluster_key.pub", "ssh_config", "ssh_settings.json", "machinefile",
          "rankfile", "report.json", "report.html", "clustermpi.log", "ansible.log",
          "ansible-inventory.json", "ansible-tmp", "programs", "lock"}) {
      fs::remove_all(workspace(lab) / name, not_there);
    }
  }
  fs::remove(workspace(lab), not_there);  // where a run left something in it, it stays
}

}  // namespace clustermpi::lab
