#include "hosts/placement_rooms.hpp"

#include <algorithm>
#include <map>
#include <numeric>

namespace clustermpi {

std::vector<Span> domains_of(const NodeSlots& node, Policy policy) {
  if (policy == Policy::by_socket && !node.packages.empty()) return node.packages;
  if (policy == Policy::by_numa && !node.numas.empty()) return node.numas;
  if (policy == Policy::by_gpu && node.gpus <= node.cores) {
    std::vector<Span> shares;
    for (unsigned gpu = 0; gpu < node.gpus; ++gpu) {
      const unsigned first = gpu * node.cores / node.gpus;
      shares.push_back({first, (gpu + 1) * node.cores / node.gpus - first});
    }
    return shares;
  }
  const bool by_thread = policy == Policy::by_thread && node.threads > 0;
  return {{0, by_thread ? node.threads : node.cores}};
}

namespace {

/// Places for ranks of `width` CPUs each: the domains give in turn what they have, each place once.
/// In whole rounds only, where the place says which domain it is of.
std::vector<Span> seats_of(const std::vector<Span>& domains, unsigned width, bool whole_rounds) {
  std::vector<Span> seats;
  std::vector<unsigned> taken(domains.size(), 0);
  for (bool found = true; found;) {
    found = false;
    for (std::size_t i = 0; i < domains.size(); ++i) {
      if (taken[i] + width > domains[i].count) continue;
      seats.push_back({domains[i].first + taken[i], width});
      taken[i] += width;
      found = true;
    }
    if (whole_rounds && seats.size() % domains.size() != 0) {
      seats.resize(seats.size() / domains.size() * domains.size());
      break;
    }
  }
  return seats;
}

/// Hosts that are alike share their seats: there may be a hundred thousand of them.
class Rooms {
 public:
  explicit Rooms(const PlacementRequest& request) : request_(request) {}

  Room room_of(const NodeSlots& node) {
    const std::vector<Span> domains = domains_of(node, request_.policy);
    Seats& seats = seats_[domains];
    if (!seats)
      seats = std::make_shared<const std::vector<Span>>(
          seats_of(domains, request_.threads, request_.policy == Policy::by_gpu));
    return {seats, seats->empty() ? 0 : ranks_on(node, static_cast<unsigned>(seats->size()))};
  }

 private:
  [[nodiscard]] unsigned ranks_on(const NodeSlots& node, unsigned seats) const {
    unsigned ranks =
        shares_cores(request_.policy) ? std::max(node.slots, node.cores) / request_.threads : seats;
    // By thread there is more room than cores, unless the inventory says how much it wants.
    if (request_.policy != Policy::by_thread || node.slots_given)
      ranks = std::min(ranks, node.slots);
    return request_.per_node > 0 ? std::min(ranks, request_.per_node) : ranks;
  }

  const PlacementRequest& request_;
  std::map<std::vector<Span>, Seats> seats_;
};

}  // namespace

std::vector<Room> rooms_of(const std::vector<NodeSlots>& nodes, const PlacementRequest& request) {
  Rooms rooms(request);
  std::vector<Room> all;
  all.reserve(nodes.size());
  for (const NodeSlots& node : nodes) all.push_back(rooms.room_of(node));
  return all;
}

std::uint64_t total_ranks(const std::vector<Room>& rooms) {
  return std::accumulate(rooms.begin(), rooms.end(), std::uint64_t{0},
                         [](std::uint64_t sum, const Room& room) { return sum + room.ranks; });
}

}  // namespace clustermpi
