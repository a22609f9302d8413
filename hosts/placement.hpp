// Which rank runs where: computed from inventory and facts, pure.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "hosts/node_slots.hpp"

namespace clustermpi {

/// Host -> how fast one of its cores is against those of the others, in any unit.
using Speeds = std::map<std::string, double, std::less<>>;

enum class CpuUnit { core, thread };

/// What a rank is bound to.
struct RankPlace {
  std::uint32_t node = 0;  ///< index in Placement::nodes
  Span cpus;               ///< logical numbers on that host, in Placement::unit

  bool operator==(const RankPlace&) const = default;
};

struct Placement {
  std::vector<NodeSlots> nodes;  ///< that could be chosen, in the order they were offered
  std::vector<RankPlace> ranks;  ///< by rank
  CpuUnit unit = CpuUnit::core;
  Policy policy = Policy::fill;

  [[nodiscard]] const std::string& host_of(std::size_t rank) const {
    return nodes[ranks[rank].node].host;
  }
  bool operator==(const Placement&) const = default;
};

/// Places ranks 0..np-1 on `nodes`. No core is given twice, except by the policies that look at
/// hosts only (fill, by-node, weighted) where a host has more slots than cores: that is the
/// inventory's wish; and by an explicit list that names it twice. `speeds` are the measured ones.
/// Throws Error{usage} where it cannot, saying how many slots there are and what to do.
[[nodiscard]] Placement place(const Inventory& inventory, std::vector<NodeSlots> nodes,
                              const PlacementRequest& request, const Speeds& speeds = {});

/// The nodes that have ranks, each with as many slots as it has ranks; the one of rank 0 first, the
/// others in the placement's order.
[[nodiscard]] std::vector<NodeSlots> nodes_used(const Placement& placement);

/// Whether the ranks follow one another host by host, each host's once: what a machinefile alone
/// can say.
[[nodiscard]] bool in_host_order(const Placement& placement);

/// The kernel's numbers of what `place` is bound to, ascending: what sched_getaffinity() says.
/// `topology` is that of its host.
[[nodiscard]] std::vector<unsigned> physical_cpus(const RankPlace& place, CpuUnit unit,
                                                  const Topology& topology);

/// Hosts that one MPI job can span: same architecture, same Open MPI major and minor as the
/// manager's. The second list is the rest, each with the reason. A manager that does not compute is
/// in neither.
struct JobGroup {
  std::vector<std::string> members;
  std::map<std::string, std::string> left_out;  ///< host -> reason
};
[[nodiscard]] JobGroup job_group(const Inventory& inventory, const FleetFacts& facts);

}  // namespace clustermpi
