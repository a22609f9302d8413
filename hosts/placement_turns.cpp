#include "hosts/placement_turns.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <functional>
#include <numeric>
#include <queue>

#include "hosts/groups.hpp"
#include "hosts/hints.hpp"
#include "hosts/hostlist.hpp"
#include "hosts/placement_words.hpp"

namespace clustermpi {
namespace {

Turns host_after_host(const std::vector<Room>& rooms, std::size_t np) {
  Turns turns;
  turns.reserve(np);
  for (std::uint32_t node = 0; node < rooms.size() && turns.size() < np; ++node)
    turns.insert(turns.end(), std::min<std::size_t>(rooms[node].ranks, np - turns.size()), node);
  return turns;
}

/// Each host takes `at_once(node)` ranks a round.
template <typename AtOnce>
Turns round_and_round(const std::vector<Room>& rooms, std::size_t np, AtOnce at_once) {
  Turns turns;
  turns.reserve(np);
  std::vector<unsigned> taken(rooms.size(), 0);
  std::vector<std::uint32_t> with_room(rooms.size());
  std::iota(with_room.begin(), with_room.end(), 0u);
  while (turns.size() < np) {
    std::erase_if(with_room, [&](std::uint32_t node) { return taken[node] == rooms[node].ranks; });
    for (const std::uint32_t node : with_room) {
      for (unsigned i = 0; i < at_once(node) && turns.size() < np; ++i) {
        if (taken[node] == rooms[node].ranks) break;
        ++taken[node];
        turns.push_back(node);
      }
    }
  }
  return turns;
}

/// Each rank goes where it ends first, all doing equal work and a host's speed being its own to
/// share: the host with the least (ranks + 1) / weight. Then the ranks are numbered host by host.
Turns by_weight(const std::vector<Room>& rooms, std::size_t np,
                const std::vector<double>& weights) {
  struct Offer {
    double end;
    std::uint32_t node;
    bool operator>(const Offer& other) const {
      return end != other.end ? end > other.end : node > other.node;
    }
  };
  std::priority_queue<Offer, std::vector<Offer>, std::greater<>> offers;
  std::vector<Room> shares(rooms.size());
  const auto offer = [&](std::uint32_t node) {
    if (shares[node].ranks < rooms[node].ranks)
      offers.push({(shares[node].ranks + 1) / weights[node], node});
  };
  for (std::uint32_t node = 0; node < rooms.size(); ++node) offer(node);
  for (std::size_t rank = 0; rank < np; ++rank) {
    const std::uint32_t node = offers.top().node;
    offers.pop();
    ++shares[node].ranks;
    offer(node);
  }
  return host_after_host(shares, np);
}

std::vector<double> measured_weights(const std::vector<NodeSlots>& nodes, const Speeds& speeds) {
  std::vector<double> weights;
  std::vector<std::string> unmeasured;
  for (const NodeSlots& node : nodes) {
    const auto speed = speeds.find(node.host);
    if (speed == speeds.end()) unmeasured.push_back(node.host);
    // Measured a rank, of all slots: where they share cores, so did the ranks.
    weights.push_back(speed == speeds.end() ? 1 : speed->second * std::max(node.cores, node.slots));
  }
  if (!unmeasured.empty())
    refuse(fmt::format("how fast {} {} is not known", fold_hostlist(unmeasured),
                       unmeasured.size() == 1 ? "is" : "are"),
           "clustermpi verify pi measures it, or say it by host or label: --weight pi4=2 --weight "
           "pi3=1");
  return weights;
}

void refuse_unknown_weights(const PlacementRequest& request, const Inventory& inventory) {
  std::vector<std::string> known = labels_of(inventory);
  for (const auto& [name, weight] : request.weights) {
    if (inventory.find(name) != nullptr) continue;
    if (std::find(known.begin(), known.end(), name) != known.end()) continue;
    for (const std::string& host : names_of(inventory)) known.push_back(host);
    refuse(fmt::format("a weight is given to '{}', which is neither a host nor a label", name),
           did_you_mean(name, known, labels_hint(inventory)));
  }
}

/// The host's own weight, else that of the first of its labels that has one, else 1.
std::vector<double> given_weights(const std::vector<NodeSlots>& nodes, const Inventory& inventory,
                                  const PlacementRequest& request) {
  refuse_unknown_weights(request, inventory);
  const HostIndex hosts = index_of(inventory);
  std::vector<double> weights;
  for (const NodeSlots& node : nodes) {
    auto weight = request.weights.find(node.host);
    const std::vector<std::string>& labels = hosts.at(node.host)->labels;
    for (std::size_t i = 0; weight == request.weights.end() && i < labels.size(); ++i)
      weight = request.weights.find(labels[i]);
    weights.push_back(weight == request.weights.end() ? 1 : weight->second);
  }
  return weights;
}

}  // namespace

Turns turns_of(const Inventory& inventory, const std::vector<NodeSlots>& nodes,
               const std::vector<Room>& rooms, const PlacementRequest& request, std::size_t np,
               const Speeds& speeds) {
  switch (request.policy) {
    case Policy::by_node:
      return round_and_round(rooms, np, [](std::uint32_t) { return 1u; });
    case Policy::by_gpu:
      return round_and_round(rooms, np, [&](std::uint32_t node) { return nodes[node].gpus; });
    case Policy::weighted:
      return by_weight(rooms, np,
                       request.weights.empty() ? measured_weights(nodes, speeds)
                                               : given_weights(nodes, inventory, request));
    default:
      return host_after_host(rooms, np);
  }
}

}  // namespace clustermpi
