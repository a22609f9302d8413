#include "provision/lab/requirements.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>
#include <unistd.h>

#include <algorithm>
#include <set>

#include "hosts/error.hpp"
#include "provision/lab/host_settings.hpp"
#include "provision/process.hpp"

namespace clustermpi::lab {
namespace {

std::vector<std::string> needed_programs(const std::vector<std::string>& archs) {
  std::vector<std::string> programs{"debootstrap",    "ip", "nft",    "ssh-keygen",
                                    "systemd-nspawn", "tc", "unshare"};
  const bool foreign = std::any_of(archs.begin(), archs.end(),
                                   [](const std::string& arch) { return arch != native_arch(); });
  if (foreign)
    programs.emplace_back(native_arch() == "amd64" ? "qemu-aarch64-static" : "qemu-x86_64-static");
  return programs;
}

}  // namespace

void require_root() {
  if (::geteuid() == 0) return;
  throw Error(ExitCode::local_failure,
              "a lab needs root: it makes network namespaces, mounts and virtual nodes",
              "run the command with sudo");
}

void require_tools(const std::vector<std::string>& archs) {
  std::vector<std::string> missing;
  std::set<std::string> packages;
  for (const std::string& program : needed_programs(archs)) {
    if (find_program(program)) continue;
    missing.push_back(program);
    packages.emplace(package_of(program));
  }
  if (!missing.empty()) {
    throw Error(
        ExitCode::local_failure,
        fmt::format("a lab needs {}, which this machine does not have", fmt::join(missing, ", ")),
        fmt::format("install it: apt-get install {}", fmt::join(packages, " ")));
  }
  if (!run_process({"unshare", "--net", "--mount", "--pid", "--ipc", "--uts", "--fork", "true"})
           .ok()) {
    throw Error(ExitCode::local_failure,
                "this machine does not allow new namespaces, which the nodes of a lab live in",
                "run the lab on a real or a virtual machine, or in a privileged container");
  }
}

}  // namespace clustermpi::lab
