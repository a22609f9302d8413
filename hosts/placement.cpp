#include "hosts/placement.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <numeric>

#include "hosts/error.hpp"
#include "hosts/hostlist.hpp"

namespace clustermpi {
namespace {

NodeSlots slots_of(const Host& host, const FleetFacts& facts) {
  const auto known = facts.find(host.name);
  const unsigned cores = known == facts.end() ? host.slots.value_or(1) : known->second.cores();
  return {host.name, host.slots.value_or(cores), std::max(cores, 1u)};
}

std::string fold_hosts(const std::vector<NodeSlots>& nodes) {
  std::vector<std::string> names;
  names.reserve(nodes.size());
  for (const NodeSlots& node : nodes) names.push_back(node.host);
  return fold_hostlist(names);
}

}  // namespace

std::vector<NodeSlots> node_slots(const Inventory& inventory, const FleetFacts& facts,
                                  const std::vector<std::string>& names) {
  std::vector<NodeSlots> nodes;
  for (const std::string& name : names) {
    const Host* host = inventory.find(name);
    if (host == nullptr)
      throw Error(ExitCode::usage, fmt::format("'{}' is not a host of the inventory", name),
                  "`clustermpi facts` lists them");
    nodes.push_back(slots_of(*host, facts));
  }
  std::stable_partition(nodes.begin(), nodes.end(),
                        [&](const NodeSlots& node) { return node.host == inventory.manager; });
  return nodes;
}

unsigned total_slots(const std::vector<NodeSlots>& nodes) {
  return std::accumulate(nodes.begin(), nodes.end(), 0u,
                         [](unsigned sum, const NodeSlots& node) { return sum + node.slots; });
}

std::vector<RankPlace> place_by_core(const std::vector<NodeSlots>& nodes, unsigned np) {
  const unsigned slots = total_slots(nodes);
  if (np > slots)
    throw Error(ExitCode::usage,
                fmt::format("{} ranks asked for, but {} {} {} slot{}", np, fold_hosts(nodes),
                            nodes.size() == 1 ? "has" : "have", slots, slots == 1 ? "" : "s"),
                fmt::format("ask for at most {}, or raise 'slots' in the inventory", slots));
  if (np == 0) np = slots;
  std::vector<RankPlace> ranks;
  ranks.reserve(np);
  for (const NodeSlots& node : nodes) {
    for (unsigned slot = 0; slot < node.slots && ranks.size() < np; ++slot) {
      // More slots than cores is the inventory's wish: they share cores, round and round.
      ranks.push_back({static_cast<unsigned>(ranks.size()), node.host, slot % node.cores});
    }
  }
  return ranks;
}

}  // namespace clustermpi
