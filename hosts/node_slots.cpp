#include "hosts/node_slots.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <numeric>

#include "hosts/error.hpp"

namespace clustermpi {
namespace {

NodeSlots slots_of(const Host& host, const FleetFacts& facts) {
  NodeSlots node;
  node.host = host.name;
  node.slots_given = host.slots.has_value();
  const auto known = facts.find(host.name);
  if (known == facts.end()) {
    node.cores = host.slots.value_or(1);
  } else {
    const Facts& node_facts = known->second;
    const Topology topology = node_facts.topology.value_or(
        uniform_topology(node_facts.sockets, std::max(node_facts.cores_per_socket, 1u),
                         std::max(node_facts.threads_per_core, 1u)));
    node.cores = static_cast<unsigned>(topology.cores.size());
    node.threads = topology.thread_count();
    node.packages = topology.cores_by_package();
    node.numas = topology.cores_by_numa();
    node.gpus = node_facts.gpus;
  }
  node.slots = host.slots.value_or(node.cores);
  return node;
}

}  // namespace

HostIndex index_of(const Inventory& inventory) {
  HostIndex index;
  index.reserve(inventory.hosts.size());
  for (const Host& host : inventory.hosts) index.emplace(host.name, &host);
  return index;
}

std::vector<NodeSlots> node_slots(const Inventory& inventory, const FleetFacts& facts,
                                  const std::vector<std::string>& names) {
  const HostIndex hosts = index_of(inventory);
  std::vector<NodeSlots> nodes;
  nodes.reserve(names.size());
  for (const std::string& name : names) {
    const auto host = hosts.find(name);
    if (host == hosts.end())
      throw Error(ExitCode::usage, fmt::format("'{}' is not a host of the inventory", name),
                  "`clustermpi facts` lists them");
    nodes.push_back(slots_of(*host->second, facts));
  }
  const auto manager = std::find_if(nodes.begin(), nodes.end(), [&](const NodeSlots& node) {
    return node.host == inventory.manager;
  });
  if (manager != nodes.end()) std::rotate(nodes.begin(), manager, manager + 1);
  return nodes;
}

unsigned total_slots(const std::vector<NodeSlots>& nodes) {
  return std::accumulate(nodes.begin(), nodes.end(), 0u,
                         [](unsigned sum, const NodeSlots& node) { return sum + node.slots; });
}

}  // namespace clustermpi
