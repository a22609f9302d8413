// Everything that can be known to go wrong before anything is changed, found at once.
#pragma once

#include <string>
#include <vector>

#include "hosts/error.hpp"
#include "hosts/inventory.hpp"
#include "hosts/placement.hpp"

namespace clustermpi {

struct Finding {
  std::string host;  ///< empty: the cluster as a whole
  HostError error;
  bool fatal = true;  ///< false: it works, but not as well as it might

  bool operator==(const Finding&) const = default;
};

/// What this machine brings to the fleet.
struct ControlMachine {
  Version ansible_core;  ///< decides which Python versions on the nodes it can drive
};

/// Unsupported OS, no sudo, clock off, Python that this Ansible cannot drive, mixed Open MPI
/// majors, mixed Slurms, too little disk, equal host names... In the order of the inventory, then
/// what concerns the cluster as a whole. A message is a sentence without its subject, the host.
/// Hosts without facts are not judged.
[[nodiscard]] std::vector<Finding> check_fleet(const Inventory& inventory, const FleetFacts& facts,
                                               const ControlMachine& control);

/// The hosts that call themselves otherwise than the inventory does. One that alone bears the name
/// of another host is left out: addresses may be mixed up there, which check_fleet() says.
[[nodiscard]] std::vector<std::string> misnamed_hosts(const Inventory& inventory,
                                                      const FleetFacts& facts);

}  // namespace clustermpi
