#include "hosts/container.hpp"

#include <algorithm>
#include <array>

namespace clustermpi {

/// As systemd-detect-virt names them; the others that it knows are virtual machines.
bool is_container(const Facts& facts) {
  constexpr std::array containers = {
      "openvz", "lxc", "lxc-libvirt", "systemd-nspawn", "docker",         "podman",
      "rkt",    "wsl", "proot",       "pouch",          "container-other"};
  return std::any_of(containers.begin(), containers.end(),
                     [&](const char* name) { return facts.virtualization == name; });
}

}  // namespace clustermpi
