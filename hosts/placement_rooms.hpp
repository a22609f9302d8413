// How many ranks each host takes, and on which of its cores.
#pragma once

#include <cstdint>
#include <memory>
#include <vector>

#include "hosts/node_slots.hpp"

namespace clustermpi {

/// What ranks of one host take turns at: its packages, its NUMA nodes, the cores near each GPU;
/// else all that it has.
[[nodiscard]] std::vector<Span> domains_of(const NodeSlots& node, Policy policy);

using Seats = std::shared_ptr<const std::vector<Span>>;

/// The places of one host, and how many ranks it takes.
struct Room {
  Seats seats;
  unsigned ranks = 0;

  /// Ranks beyond the seats share them, round and round.
  [[nodiscard]] Span seat(unsigned local_rank) const {
    return (*seats)[local_rank % seats->size()];
  }
};

/// By node. What the request says of hosts alone is not looked at.
[[nodiscard]] std::vector<Room> rooms_of(const std::vector<NodeSlots>& nodes,
                                         const PlacementRequest& request);

[[nodiscard]] std::uint64_t total_ranks(const std::vector<Room>& rooms);

}  // namespace clustermpi
