// The groups of hosts as other programs' files, so that `clush -w @label:gpu`, `pdsh -g manager`
// and the like mean the same hosts as here. Each writer refuses, by Error{usage} naming the host,
// what its consumer would misread.
#pragma once

#include <string>

#include "hosts/inventory.hpp"
#include "hosts/placement.hpp"

namespace clustermpi {

/// For ClusterShell, as a YAML file of group sources: `cluster` (all, manager, workers), `label`,
/// `arch` and `os`, so that host_groups()' "label:gpu" is ClusterShell's @label:gpu. Saved as
/// /etc/clustershell/groups.d/NAME.yaml it needs no other setting:
/// `nodeset -s cluster -f @workers`, `nodeset -f @label:gpu`.
[[nodiscard]] std::string clustershell_groups(const Inventory& inventory, const FleetFacts& facts);

/// For genders, one line a node: `all`, `manager`, `workers` and its labels as words; by facts
/// `arch=arm64` and `os=debian12`; `slots=N` where the inventory or the facts say how many. Nodes
/// are called by their short names, which is all that genders takes. Read by
/// `nodeattr -f FILE -q workers`, as /etc/genders by pdsh -g.
[[nodiscard]] std::string genders(const Inventory& inventory, const FleetFacts& facts);

}  // namespace clustermpi
