// Which rank runs where: computed from inventory and facts, pure.
#pragma once

#include <map>
#include <string>
#include <vector>

#include "hosts/facts.hpp"
#include "hosts/inventory.hpp"

namespace clustermpi {

using FleetFacts = std::map<std::string, Facts>;  ///< by host name; a host may be missing

struct NodeSlots {
  std::string host;
  unsigned slots = 1;  ///< ranks the host takes at most
  unsigned cores = 1;  ///< physical cores, for binding

  bool operator==(const NodeSlots&) const = default;
};

struct RankPlace {
  unsigned rank = 0;
  std::string host;
  unsigned core = 0;  ///< logical core on that host

  bool operator==(const RankPlace&) const = default;
};

/// The hosts of `names` with their slots: the inventory's, else the cores found, else 1.
/// The manager comes first where it is among them: mpirun starts there.
[[nodiscard]] std::vector<NodeSlots> node_slots(const Inventory& inventory, const FleetFacts& facts,
                                                const std::vector<std::string>& names);

[[nodiscard]] unsigned total_slots(const std::vector<NodeSlots>& nodes);

/// Ranks 0..np-1 by core: a host is filled before the next begins. np = 0 means all slots.
/// Throws Error{usage} where np is larger than the slots there are, saying how many.
[[nodiscard]] std::vector<RankPlace> place_by_core(const std::vector<NodeSlots>& nodes,
                                                   unsigned np);

/// Hosts that one MPI job can span: same architecture, same Open MPI major and minor as the
/// manager's. The second list is the rest, each with the reason. A manager that does not compute is
/// in neither.
struct JobGroup {
  std::vector<std::string> members;
  std::map<std::string, std::string> left_out;  ///< host -> reason
};
[[nodiscard]] JobGroup job_group(const Inventory& inventory, const FleetFacts& facts);

}  // namespace clustermpi
