#include "hosts/placement.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cassert>
#include <memory>
#include <numeric>
#include <queue>
#include <unordered_map>

#include "hosts/error.hpp"
#include "hosts/groups.hpp"
#include "hosts/hints.hpp"
#include "hosts/hostlist.hpp"

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

using HostIndex = std::unordered_map<std::string_view, const Host*>;

HostIndex index_of(const Inventory& inventory) {
  HostIndex index;
  index.reserve(inventory.hosts.size());
  for (const Host& host : inventory.hosts) index.emplace(host.name, &host);
  return index;
}

std::string fold_hosts(const std::vector<NodeSlots>& nodes) {
  std::vector<std::string> names;
  names.reserve(nodes.size());
  for (const NodeSlots& node : nodes) names.push_back(node.host);
  return fold_hostlist(names);
}

std::string count(unsigned number, std::string_view one, std::string_view many) {
  return fmt::format("{} {}", number, number == 1 ? one : many);
}

/// "by-core", "by the policy fill": how ranks are placed, as part of a sentence.
std::string by(Policy policy) {
  const std::string_view name = name_of(policy);
  return name.starts_with("by-") ? std::string(name) : fmt::format("by the policy {}", name);
}

std::string cpus(unsigned number, Policy policy) {
  return policy == Policy::by_thread ? count(number, "hardware thread", "hardware threads")
                                     : count(number, "core", "cores");
}

[[noreturn]] void refuse(const std::string& message, const std::string& hint) {
  throw Error(ExitCode::usage, message, hint);
}

// ---------------------------------------------------------------------------- which hosts

bool has_label(const Host& host, const std::vector<std::string>& labels) {
  return std::any_of(labels.begin(), labels.end(), [&](const std::string& label) {
    return std::find(host.labels.begin(), host.labels.end(), label) != host.labels.end();
  });
}

std::string labels_hint(const Inventory& inventory) {
  const std::vector<std::string> labels = labels_of(inventory);
  return labels.empty() ? "no host has a label: labels = [\"...\"] below [[hosts]] gives it one"
                        : fmt::format("the labels are {}", fmt::join(labels, ", "));
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

// ---------------------------------------------------------------------------- seats of a host

/// What ranks of one host take turns at: its packages, its NUMA nodes, the cores near each GPU;
/// else all that it has.
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

// ---------------------------------------------------------------------------- how many, in which
// order

/// Index of the host of each rank.
using Turns = std::vector<std::uint32_t>;

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

// ---------------------------------------------------------------------------- explicit

/// The cores of one host while ranks are listed on it.
class ListedHost {
 public:
  explicit ListedHost(const NodeSlots& node) : taken_(node.cores, false) {}

  void take(const Span& cores) {
    for (unsigned i = 0; i < cores.count; ++i) taken_[cores.first + i] = true;
  }
  /// The first so many side by side that nobody has; nothing where there are none.
  std::optional<Span> take_free(unsigned width) {
    unsigned run = 0;
    for (unsigned core = 0; core < taken_.size(); ++core) {
      run = taken_[core] ? 0 : run + 1;
      if (run < width) continue;
      const Span cores{core + 1 - width, width};
      take(cores);
      return cores;
    }
    return {};
  }

 private:
  std::vector<bool> taken_;
};

void require_list(const PlacementRequest& request) {
  if (request.ranks.empty())
    refuse("the policy explicit has no list", "write it below [placement]: ranks = [\"red:0\"]");
  if (request.np > request.ranks.size())
    refuse(fmt::format("{} asked for, but the list of [placement] has {}",
                       count(request.np, "rank", "ranks"),
                       count(static_cast<unsigned>(request.ranks.size()), "rank", "ranks")),
           fmt::format("ask for at most {}, or make the list longer", request.ranks.size()));
}

/// The cores that are named first: who names none gets what they leave.
std::vector<RankPlace> as_listed(const std::vector<NodeSlots>& nodes,
                                 const PlacementRequest& request) {
  require_list(request);
  std::unordered_map<std::string_view, std::uint32_t> index;
  std::vector<ListedHost> hosts;
  for (std::uint32_t i = 0; i < nodes.size(); ++i) {
    index.emplace(nodes[i].host, i);
    hosts.emplace_back(nodes[i]);
  }
  std::vector<RankPlace> ranks(request.np == 0 ? request.ranks.size() : request.np);
  for (std::size_t rank = 0; rank < ranks.size(); ++rank) {
    const RankWish& wish = request.ranks[rank];
    const auto at = index.find(wish.host);
    if (at == index.end())
      refuse(fmt::format("rank {} is listed on {}, which cannot take part", rank, wish.host),
             fmt::format("those that can are {}", fold_hosts(nodes)));
    ranks[rank].node = at->second;
    if (!wish.cores) continue;
    const unsigned last = wish.cores->first + wish.cores->count - 1;
    if (last >= nodes[at->second].cores)
      refuse(fmt::format("rank {} is listed on core {} of {}, which has {}", rank, last, wish.host,
                         count(nodes[at->second].cores, "core", "cores")),
             "cores are counted from 0");
    ranks[rank].cpus = *wish.cores;
    hosts[at->second].take(*wish.cores);
  }
  for (std::size_t rank = 0; rank < ranks.size(); ++rank) {
    if (request.ranks[rank].cores) continue;
    const auto cores = hosts[ranks[rank].node].take_free(request.threads);
    if (!cores) {
      const NodeSlots& node = nodes[ranks[rank].node];
      refuse(fmt::format("rank {} is listed on {}, where of {} not {} side by side {} left", rank,
                         node.host, count(node.cores, "core", "cores"), request.threads,
                         request.threads == 1 ? "is" : "are"),
             fmt::format("name the ones that it is to share, as in \"{}:0\"", node.host));
    }
    ranks[rank].cpus = *cores;
  }
  return ranks;
}

}  // namespace

std::vector<NodeSlots> node_slots(const Inventory& inventory, const FleetFacts& facts,
                                  const std::vector<std::string>& names) {
  const HostIndex hosts = index_of(inventory);
  std::vector<NodeSlots> nodes;
  nodes.reserve(names.size());
  for (const std::string& name : names) {
    const auto host = hosts.find(name);
    if (host == hosts.end())
      refuse(fmt::format("'{}' is not a host of the inventory", name),
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
