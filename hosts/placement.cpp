#include "hosts/placement.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <cassert>
#include <utility>

#include "hosts/groups.hpp"
#include "hosts/placement_explicit.hpp"
#include "hosts/placement_rooms.hpp"
#include "hosts/placement_turns.hpp"
#include "hosts/placement_words.hpp"

namespace clustermpi {
namespace {

// ---------------------------------------------------------------------------- which hosts

bool has_label(const Host& host, const std::vector<std::string>& labels) {
  return std::any_of(labels.begin(), labels.end(), [&](const std::string& label) {
    return std::find(host.labels.begin(), host.labels.end(), label) != host.labels.end();
  });
}

void keep_labelled(std::vector<NodeSlots>& nodes, const Inventory& inventory,
                   const std::vector<std::string>& labels) {
  const HostIndex hosts = index_of(inventory);
  std::vector<NodeSlots> kept;
  for (const NodeSlots& node : nodes)
    if (has_label(*hosts.at(node.host), labels)) kept.push_back(node);
  if (kept.empty())
    refuse(fmt::format("none of {} has the label {}", fold_hosts(nodes), fmt::join(labels, " or ")),
           labels_hint(inventory));
  nodes = std::move(kept);
}

void drop_manager(std::vector<NodeSlots>& nodes, const Inventory& inventory) {
  std::erase_if(nodes, [&](const NodeSlots& node) { return node.host == inventory.manager; });
  if (nodes.empty())
    refuse(fmt::format("without the manager {} no host is left", inventory.manager),
           "take --exclude-manager away, or `exclude_manager` below [placement]");
}

void keep_those_with_gpus(std::vector<NodeSlots>& nodes) {
  if (std::none_of(nodes.begin(), nodes.end(), [](const auto& node) { return node.gpus > 0; }))
    refuse(fmt::format("none of {} has a GPU that is known of", fold_hosts(nodes)),
           "clustermpi discover looks for NVIDIA's; the other policies need none");
  std::erase_if(nodes, [](const NodeSlots& node) { return node.gpus == 0; });
}

std::vector<NodeSlots> chosen(const Inventory& inventory, std::vector<NodeSlots> nodes,
                              const PlacementRequest& request) {
  if (!request.only_labels.empty()) keep_labelled(nodes, inventory, request.only_labels);
  if (request.exclude_manager) drop_manager(nodes, inventory);
  if (request.policy == Policy::by_gpu) keep_those_with_gpus(nodes);
  return nodes;
}

// ---------------------------------------------------------------------------- refusals

/// "8 slots" where nothing but slots decides; else how much room is left by all that was asked for.
std::string room_text(unsigned room, const PlacementRequest& request) {
  if (shares_cores(request.policy) && request.threads == 1 && request.per_node == 0)
    return count(room, "slot", "slots");
  std::string text =
      fmt::format("room for {} {}", count(room, "rank", "ranks"), by(request.policy));
  if (request.threads > 1)
    text += fmt::format(" with {} each", cpus(request.threads, request.policy));
  if (request.per_node > 0) text += fmt::format(", at most {} a host", request.per_node);
  return text;
}

/// What would make more room.
std::string way_out(const std::vector<NodeSlots>& nodes, std::uint64_t room,
                    const PlacementRequest& request) {
  const auto room_with = [&](auto PlacementRequest::*option, auto value) {
    PlacementRequest other = request;
    other.*option = value;
    return total_ranks(rooms_of(nodes, other));
  };
  if (request.per_node > 0 && room_with(&PlacementRequest::per_node, 0u) > room)
    return "raise --per-node";
  if (request.threads > 1 && room_with(&PlacementRequest::threads, 1u) > room)
    return "give each fewer with --threads";
  if (shares_cores(request.policy)) return "raise 'slots' in the inventory";
  const std::uint64_t slots = room_with(&PlacementRequest::policy, Policy::fill);
  if (slots >= request.np)
    return fmt::format("take the policy fill: by it there are {} slots", slots);
  return "raise 'slots' in the inventory and take the policy fill, by which ranks share cores";
}

[[noreturn]] void refuse_too_many(const std::vector<NodeSlots>& nodes, std::uint64_t room,
                                  const PlacementRequest& request) {
  refuse(fmt::format("{} asked for, but {} {} {}", count(request.np, "rank", "ranks"),
                     fold_hosts(nodes), nodes.size() == 1 ? "has" : "have",
                     room_text(static_cast<unsigned>(room), request)),
         fmt::format("ask for at most {}, or {}", room, way_out(nodes, room, request)));
}

/// Not one rank fits anywhere.
[[noreturn]] void refuse_too_wide(const std::vector<NodeSlots>& nodes,
                                  const PlacementRequest& request) {
  unsigned widest = 0;
  for (const NodeSlots& node : nodes) {
    const std::vector<Span> domains = domains_of(node, request.policy);
    const auto [least, most] =
        std::minmax_element(domains.begin(), domains.end(),
                            [](const Span& a, const Span& b) { return a.count < b.count; });
    widest = std::max(widest, request.policy == Policy::by_gpu ? least->count : most->count);
  }
  refuse(fmt::format("a rank with {} fits nowhere on {} {}", cpus(request.threads, request.policy),
                     fold_hosts(nodes), by(request.policy)),
         fmt::format("there is room for {} at most: --threads {}", widest, widest));
}

}  // namespace

Placement place(const Inventory& inventory, std::vector<NodeSlots> nodes,
                const PlacementRequest& request, const Speeds& speeds) {
  assert(request.threads > 0);
  if (nodes.empty())
    refuse("there is no host that could take ranks",
           "choose others with --limit, or take `manager_computes = false` away");
  Placement placement;
  placement.policy = request.policy;
  placement.nodes = chosen(inventory, std::move(nodes), request);
  if (request.policy == Policy::by_thread) placement.unit = CpuUnit::thread;
  if (request.policy == Policy::explicit_list) {
    placement.ranks = as_listed(placement.nodes, request);
    return placement;
  }
  const std::vector<Room> rooms = rooms_of(placement.nodes, request);
  const std::uint64_t room = total_ranks(rooms);
  if (room == 0) refuse_too_wide(placement.nodes, request);
  if (request.np > room) refuse_too_many(placement.nodes, room, request);
  const std::size_t np = request.np == 0 ? room : request.np;
  std::vector<unsigned> taken(placement.nodes.size(), 0);
  placement.ranks.reserve(np);
  for (const std::uint32_t node : turns_of(inventory, placement.nodes, rooms, request, np, speeds))
    placement.ranks.push_back({node, rooms[node].seat(taken[node]++)});
  return placement;
}

std::vector<NodeSlots> nodes_used(const Placement& placement) {
  std::vector<unsigned> ranks(placement.nodes.size(), 0);
  for (const RankPlace& place : placement.ranks) ++ranks[place.node];
  std::vector<NodeSlots> used;
  const auto add = [&](std::size_t node) {
    used.push_back(placement.nodes[node]);
    used.back().slots = std::exchange(ranks[node], 0);
  };
  if (!placement.ranks.empty()) add(placement.ranks.front().node);
  for (std::size_t node = 0; node < ranks.size(); ++node)
    if (ranks[node] > 0) add(node);
  return used;
}

bool in_host_order(const Placement& placement) {
  std::vector<bool> left(placement.nodes.size(), false);
  for (std::size_t rank = 1; rank < placement.ranks.size(); ++rank) {
    const std::uint32_t before = placement.ranks[rank - 1].node;
    if (placement.ranks[rank].node == before) continue;
    left[before] = true;
    if (left[placement.ranks[rank].node]) return false;
  }
  return true;
}

std::vector<unsigned> physical_cpus(const RankPlace& place, CpuUnit unit,
                                    const Topology& topology) {
  std::vector<unsigned> cpus;
  const unsigned end = place.cpus.first + place.cpus.count;
  if (unit == CpuUnit::core) {
    for (unsigned core = place.cpus.first; core < end; ++core) {
      const std::vector<unsigned>& threads = topology.cores.at(core).threads;
      cpus.insert(cpus.end(), threads.begin(), threads.end());
    }
  } else {
    unsigned thread = 0;
    for (const Core& core : topology.cores) {
      for (const unsigned cpu : core.threads) {
        if (thread >= place.cpus.first && thread < end) cpus.push_back(cpu);
        ++thread;
      }
    }
  }
  std::sort(cpus.begin(), cpus.end());
  return cpus;
}

}  // namespace clustermpi
