// What holds of every placement and of the files that say it, on random fleets from fixed seeds.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <functional>
#include <map>
#include <numeric>
#include <optional>
#include <random>
#include <sstream>
#include <string>
#include <vector>

#include "hosts/error.hpp"
#include "hosts/placement.hpp"
#include "hosts/writers.hpp"
#include "tests/topology_promises.hpp"
#include "tests/unit/hosts/example_fleet.hpp"

namespace clustermpi {
namespace {

using testing::HasSubstr;

using Cpus = std::vector<unsigned>;

struct Fleet {
  Inventory inventory;
  FleetFacts facts;
  Speeds speeds;

  [[nodiscard]] std::vector<NodeSlots> nodes() const {
    return node_slots(inventory, facts, example::names(inventory));
  }
  [[nodiscard]] Placement place(const PlacementRequest& request) const {
    return clustermpi::place(inventory, nodes(), request, speeds);
  }
  [[nodiscard]] const Topology* topology_of(const std::string& host) const {
    const auto known = facts.find(host);
    return known == facts.end() || !known->second.topology ? nullptr : &*known->second.topology;
  }
};

/// Fleets of boards and servers that differ, and what may be asked of them.
class Fleets {
 public:
  explicit Fleets(unsigned seed) : random_(seed) {}

  unsigned below(std::size_t end) { return static_cast<unsigned>(random_() % end); }
  unsigned from_to(unsigned least, unsigned most) { return least + below(most - least + 1); }
  bool one_in(unsigned many) { return below(many) == 0; }

  /// Packages and NUMA nodes of different sizes, cores with one or two hardware threads, and the
  /// kernel's numbers in no order.
  Topology irregular_topology() {
    Topology topology;
    const unsigned packages = from_to(1, 3);
    for (unsigned package = 0; package < packages; ++package) {
      topology.packages.push_back(package);
      const unsigned numas = from_to(1, 2);
      for (unsigned i = 0; i < numas; ++i) {
        const auto numa = static_cast<unsigned>(topology.numas.size());
        topology.numas.push_back(numa);
        for (unsigned cores = from_to(1, 4); cores > 0; --cores)
          topology.cores.push_back({package, numa, Cpus(from_to(1, 2)), 0});
      }
    }
    Cpus numbers(topology.thread_count() + below(3));
    std::iota(numbers.begin(), numbers.end(), 0u);
    std::shuffle(numbers.begin(), numbers.end(), random_);
    for (Core& core : topology.cores) {
      for (unsigned& thread : core.threads) {
        thread = numbers.back();
        numbers.pop_back();
      }
      std::sort(core.threads.begin(), core.threads.end());
    }
    return topology;
  }

  Topology topology() {
    if (one_in(2)) return irregular_topology();
    return uniform_topology(from_to(1, 2), from_to(1, 4), from_to(1, 2));
  }

  Fleet fleet() {
    Fleet fleet;
    const unsigned hosts = from_to(1, 6);
    const bool alike = one_in(3);
    const Topology of_all = topology();
    for (unsigned i = 0; i < hosts; ++i) {
      Host host = example::host("n" + std::to_string(i), "10.0.0." + std::to_string(i + 1));
      for (const char* label : {"fast", "old"})
        if (one_in(2)) host.labels.emplace_back(label);
      if (one_in(3)) host.slots = from_to(1, 12);
      fleet.speeds[host.name] = from_to(1, 5);
      if (alike || !one_in(8)) {
        Facts& facts = fleet.facts[host.name];
        facts.topology = alike ? of_all : topology();
        facts.gpus = below(4);
      }
      fleet.inventory.hosts.push_back(std::move(host));
    }
    fleet.inventory.manager = fleet.inventory.hosts[below(hosts)].name;
    return fleet;
  }

  PlacementRequest request(const Fleet& fleet, Policy policy) {
    PlacementRequest request;
    request.policy = policy;
    if (one_in(3)) request.threads = from_to(2, 3);
    if (one_in(3)) request.per_node = from_to(1, 4);
    if (one_in(4)) request.exclude_manager = true;
    if (one_in(4)) request.only_labels = {one_in(2) ? "fast" : "old"};
    if (one_in(2)) request.weights = weights(fleet);
    for (unsigned ranks = from_to(1, 4); ranks > 0; --ranks) request.ranks.push_back(wish(fleet));
    return request;
  }

 private:
  std::map<std::string, double, std::less<>> weights(const Fleet& fleet) {
    std::map<std::string, double, std::less<>> weights;
    for (const Host& host : fleet.inventory.hosts) {
      if (one_in(3)) weights[host.name] = from_to(1, 5) / 2.0;
      for (const std::string& label : host.labels)
        if (one_in(3)) weights[label] = from_to(1, 5);
    }
    return weights;
  }

  RankWish wish(const Fleet& fleet) {
    const auto nodes = fleet.nodes();
    const NodeSlots& node = nodes[below(nodes.size())];
    RankWish wish{node.host, {}};
    if (one_in(2)) {
      const unsigned first = below(node.cores);
      wish.cores = Span{first, from_to(1, node.cores - first)};
    }
    return wish;
  }

  std::mt19937 random_;
};

unsigned cpus_on(const NodeSlots& node, CpuUnit unit) {
  return unit == CpuUnit::thread && node.threads > 0 ? node.threads : node.cores;
}

/// Ranks by host, as places in Placement::ranks.
std::vector<std::vector<std::size_t>> ranks_by_node(const Placement& placement) {
  std::vector<std::vector<std::size_t>> ranks(placement.nodes.size());
  for (std::size_t rank = 0; rank < placement.ranks.size(); ++rank)
    ranks[placement.ranks[rank].node].push_back(rank);
  return ranks;
}

std::vector<unsigned> counts_of(const Placement& placement) {
  std::vector<unsigned> counts(placement.nodes.size(), 0);
  for (const RankPlace& place : placement.ranks) ++counts[place.node];
  return counts;
}

std::string told(const PlacementRequest& request) {
  std::ostringstream text;
  text << name_of(request.policy) << " np " << request.np << " threads " << request.threads
       << " per node " << request.per_node << (request.exclude_manager ? " without manager" : "");
  for (const std::string& label : request.only_labels) text << " label " << label;
  return text.str();
}

std::string told(const Placement& placement) {
  std::ostringstream text;
  for (const NodeSlots& node : placement.nodes)
    text << ' ' << node.host << ": " << node.slots << " slots " << node.cores << " cores "
         << node.gpus << " gpus;";
  for (const RankPlace& place : placement.ranks)
    text << ' ' << placement.nodes[place.node].host << '/' << place.cpus.first << '+'
         << place.cpus.count;
  return text.str();
}

/// Nothing where it is refused, which is always a usage error with advice.
std::optional<Placement> try_place(const Fleet& fleet, const PlacementRequest& request) {
  try {
    return fleet.place(request);
  } catch (const Error& error) {
    EXPECT_EQ(error.code(), ExitCode::usage);
    EXPECT_NE(error.hint(), "") << error.what();
    return {};
  }
}

using Check = std::function<void(const Fleet&, const PlacementRequest&, const Placement&)>;

class PlacementProperties : public testing::TestWithParam<unsigned> {
 protected:
  /// Calls `check` for placements by `policy`, of all that there is room for and of fewer.
  void for_all(Policy policy, const Check& check) {
    unsigned placed = 0;
    for (int round = 0; round < 100; ++round) {
      const Fleet fleet = fleets.fleet();
      PlacementRequest request = fleets.request(fleet, policy);
      const auto all = try_place(fleet, request);
      if (!all) continue;
      if (round % 3 != 0) request.np = fleets.from_to(1, static_cast<unsigned>(all->ranks.size()));
      const Placement placement = fleet.place(request);
      SCOPED_TRACE(told(request) + told(placement));
      check(fleet, request, placement);
      if (HasFatalFailure()) return;
      ++placed;
    }
    EXPECT_GE(placed, 10u) << name_of(policy) << ": nearly all requests were refused";
  }

  void for_all_policies(const Check& check) {
    for (const PolicyName& each : policy_names) for_all(each.policy, check);
  }

  Fleets fleets{GetParam()};
};
INSTANTIATE_TEST_SUITE_P(Seeds, PlacementProperties, testing::Values(1, 2, 3, 20240607));

TEST_P(PlacementProperties, FleetsKeepTheTopologysPromises) {
  for (int round = 0; round < 100; ++round)
    EXPECT_EQ(test::broken_promise(fleets.irregular_topology()), "");
}

TEST_P(PlacementProperties, ThereAreAsManyRanksAsAskedFor) {
  for_all_policies([](const Fleet& fleet, PlacementRequest request, const Placement& placement) {
    ASSERT_FALSE(placement.ranks.empty());
    if (request.np > 0) {
      EXPECT_EQ(placement.ranks.size(), request.np);
      return;
    }
    request.np = static_cast<unsigned>(placement.ranks.size());
    EXPECT_EQ(fleet.place(request), placement) << "0 is all that there is room for";
    ++request.np;
    EXPECT_THROW((void)fleet.place(request), Error);
  });
}

TEST_P(PlacementProperties, RanksLieInsideTheirHosts) {
  for_all_policies([](const Fleet&, const PlacementRequest& request, const Placement& placement) {
    for (std::size_t rank = 0; rank < placement.ranks.size(); ++rank) {
      const RankPlace& place = placement.ranks[rank];
      ASSERT_LT(place.node, placement.nodes.size());
      const bool listed = request.policy == Policy::explicit_list;
      if (listed && request.ranks[rank].cores) {
        EXPECT_EQ(place.cpus, *request.ranks[rank].cores) << "rank " << rank;
      } else {
        EXPECT_EQ(place.cpus.count, request.threads) << "rank " << rank;
      }
      EXPECT_LE(place.cpus.first + place.cpus.count,
                cpus_on(placement.nodes[place.node], placement.unit))
          << "rank " << rank;
    }
  });
}

TEST_P(PlacementProperties, NoCoreIsGivenTwiceUnlessAskedFor) {
  for_all_policies([](const Fleet&, const PlacementRequest& request, const Placement& placement) {
    const auto by_node = ranks_by_node(placement);
    for (std::size_t node = 0; node < by_node.size(); ++node) {
      const NodeSlots& host = placement.nodes[node];
      if (shares_cores(request.policy) && host.slots > host.cores) continue;
      std::vector<unsigned> users(cpus_on(host, placement.unit), 0);
      const auto each_cpu = [&](std::size_t rank, const auto& use) {
        const Span& cpus = placement.ranks[rank].cpus;
        for (unsigned cpu = cpus.first; cpu < cpus.first + cpus.count; ++cpu) use(cpu);
      };
      for (const std::size_t rank : by_node[node])
        each_cpu(rank, [&](unsigned cpu) { ++users.at(cpu); });
      for (const std::size_t rank : by_node[node]) {
        if (request.policy == Policy::explicit_list && request.ranks[rank].cores) continue;
        each_cpu(rank, [&](unsigned cpu) {
          EXPECT_EQ(users[cpu], 1u) << "CPU " << cpu << " of " << host.host << ", rank " << rank;
        });
      }
    }
  });
}

TEST_P(PlacementProperties, CoresThatAreSharedAreSharedEvenly) {
  for (const Policy policy : {Policy::fill, Policy::by_node, Policy::weighted}) {
    for_all(policy, [](const Fleet&, const PlacementRequest& request, const Placement& placement) {
      for (const auto& ranks : ranks_by_node(placement)) {
        if (ranks.empty()) continue;
        const NodeSlots& host = placement.nodes[placement.ranks[ranks.front()].node];
        std::map<unsigned, std::size_t> users;
        for (const std::size_t rank : ranks) ++users[placement.ranks[rank].cpus.first];
        const std::size_t seats = host.cores / request.threads;
        EXPECT_EQ(users.size(), std::min(seats, ranks.size())) << host.host;
        for (const auto& [first, count] : users)
          EXPECT_LE(count, (ranks.size() + seats - 1) / seats) << host.host << " core " << first;
      }
    });
  }
}

TEST_P(PlacementProperties, NoHostTakesMoreThanItMay) {
  for (const PolicyName& each : policy_names) {
    if (each.policy == Policy::explicit_list) continue;  // the list says it
    for_all(each.policy,
            [](const Fleet&, const PlacementRequest& request, const Placement& placement) {
              const auto counts = counts_of(placement);
              for (std::size_t node = 0; node < counts.size(); ++node) {
                const NodeSlots& host = placement.nodes[node];
                const bool by_thread = request.policy == Policy::by_thread;
                if (host.slots_given || !by_thread) {
                  EXPECT_LE(counts[node], host.slots);
                }
                if (request.per_node > 0) {
                  EXPECT_LE(counts[node], request.per_node);
                }
              }
            });
  }
}

TEST_P(PlacementProperties, HostsThatAreLeftOutHaveNoRanks) {
  for_all_policies(
      [](const Fleet& fleet, const PlacementRequest& request, const Placement& placement) {
        for (std::size_t rank = 0; rank < placement.ranks.size(); ++rank) {
          const Host& host = *fleet.inventory.find(placement.host_of(rank));
          if (request.exclude_manager) {
            EXPECT_NE(host.name, fleet.inventory.manager);
          }
          for (const std::string& label : request.only_labels)
            EXPECT_NE(std::find(host.labels.begin(), host.labels.end(), label), host.labels.end())
                << host.name << " is not " << label;
          if (request.policy == Policy::by_gpu) {
            EXPECT_GT(placement.nodes[placement.ranks[rank].node].gpus, 0u);
          }
        }
      });
}

double weight_of(const Fleet& fleet, const PlacementRequest& request, const NodeSlots& node) {
  if (request.weights.empty()) return fleet.speeds.at(node.host) * node.cores;
  std::vector<std::string> names = {node.host};
  for (const std::string& label : fleet.inventory.find(node.host)->labels) names.push_back(label);
  for (const std::string& name : names)
    if (const auto at = request.weights.find(name); at != request.weights.end()) return at->second;
  return 1;
}

TEST_P(PlacementProperties, WeightedCountsCannotBeBettered) {
  for_all(Policy::weighted,
          [](const Fleet& fleet, PlacementRequest request, const Placement& placement) {
            const bool measured = request.weights.empty();
            const bool more_slots_than_cores =
                std::any_of(placement.nodes.begin(), placement.nodes.end(),
                            [](const NodeSlots& node) { return node.slots > node.cores; });
            if (measured && more_slots_than_cores) return;  // a core's speed is then shared
            const auto counts = counts_of(placement);
            request.np = 0;
            const auto room = counts_of(fleet.place(request));
            for (std::size_t from = 0; from < counts.size(); ++from) {
              if (counts[from] == 0) continue;
              const double end = counts[from] / weight_of(fleet, request, placement.nodes[from]);
              for (std::size_t to = 0; to < counts.size(); ++to) {
                if (to == from || counts[to] == room[to]) continue;
                EXPECT_GE((counts[to] + 1) / weight_of(fleet, request, placement.nodes[to]),
                          end * (1 - 1e-9))
                    << "a rank of " << placement.nodes[from].host << " would end earlier on "
                    << placement.nodes[to].host;
              }
            }
            EXPECT_TRUE(in_host_order(placement));
          });
}

TEST_P(PlacementProperties, ByNodeHostsThatAreNotFullDifferByOne) {
  for_all(Policy::by_node,
          [](const Fleet& fleet, PlacementRequest request, const Placement& placement) {
            const auto counts = counts_of(placement);
            request.np = 0;
            const auto room = counts_of(fleet.place(request));
            const unsigned most = *std::max_element(counts.begin(), counts.end());
            for (std::size_t node = 0; node < counts.size(); ++node)
              if (counts[node] < room[node]) {
                EXPECT_GE(counts[node] + 1, most) << placement.nodes[node].host;
              }
            // A round goes through the hosts in their order.
            std::vector<unsigned> taken(counts.size(), 0);
            std::pair<unsigned, std::uint32_t> last{0, 0};
            for (const RankPlace& place : placement.ranks) {
              const std::pair turn{++taken[place.node], place.node};
              EXPECT_LT(last, turn);
              last = turn;
            }
          });
}

TEST_P(PlacementProperties, DomainsOfOneSizeTakeAsManyRanks) {
  for (const Policy policy : {Policy::by_socket, Policy::by_numa}) {
    for_all(policy, [policy](const Fleet&, const PlacementRequest&, const Placement& placement) {
      const auto by_node = ranks_by_node(placement);
      for (std::size_t node = 0; node < by_node.size(); ++node) {
        const NodeSlots& host = placement.nodes[node];
        std::map<unsigned, std::vector<unsigned>> counts_by_size;
        for (const Span& domain : policy == Policy::by_socket ? host.packages : host.numas) {
          const auto inside = [&](std::size_t rank) {
            const Span& cpus = placement.ranks[rank].cpus;
            return cpus.first >= domain.first &&
                   cpus.first + cpus.count <= domain.first + domain.count;
          };
          counts_by_size[domain.count].push_back(static_cast<unsigned>(
              std::count_if(by_node[node].begin(), by_node[node].end(), inside)));
        }
        unsigned seated = 0;
        for (const auto& [size, counts] : counts_by_size) {
          const auto [least, most] = std::minmax_element(counts.begin(), counts.end());
          EXPECT_LE(*most - *least, 1u) << host.host << ", domains of " << size;
          seated = std::accumulate(counts.begin(), counts.end(), seated);
        }
        if (!counts_by_size.empty()) {
          EXPECT_EQ(seated, by_node[node].size()) << "a rank of " << host.host << " spans domains";
        }
      }
    });
  }
}

TEST_P(PlacementProperties, RankKOfAHostIsNearGpuK) {
  for_all(Policy::by_gpu, [](const Fleet&, const PlacementRequest& request,
                             const Placement& placement) {
    if (request.threads > 1) return;  // some GPUs' shares are too small for a rank then
    const auto by_node = ranks_by_node(placement);
    for (std::size_t node = 0; node < by_node.size(); ++node) {
      const NodeSlots& host = placement.nodes[node];
      if (host.gpus > host.cores) continue;
      for (unsigned gpu = 0; gpu < std::min<std::size_t>(host.gpus, by_node[node].size()); ++gpu) {
        const unsigned core = placement.ranks[by_node[node][gpu]].cpus.first;
        EXPECT_GE(core, gpu * host.cores / host.gpus) << host.host << " GPU " << gpu;
        EXPECT_LT(core, (gpu + 1) * host.cores / host.gpus) << host.host << " GPU " << gpu;
      }
    }
  });
}

// ---------------------------------------------------------------------------- files

std::vector<std::string> split(const std::string& text, char separator) {
  std::vector<std::string> parts;
  std::istringstream stream(text);
  for (std::string part; std::getline(stream, part, separator);) parts.push_back(part);
  return parts;
}

TEST_P(PlacementProperties, TheRankfileHasALineARankFromZeroOn) {
  for_all_policies([](const Fleet&, const PlacementRequest&, const Placement& placement) {
    for (const MpiFormat format : {MpiFormat::openmpi4, MpiFormat::openmpi5}) {
      const auto lines = split(rankfile(placement, format), '\n');
      ASSERT_EQ(lines.size(), placement.ranks.size());
      for (std::size_t rank = 0; rank < lines.size(); ++rank) {
        const Span& cpus = placement.ranks[rank].cpus;
        std::string slot = std::to_string(cpus.first);
        if (cpus.count > 1) slot += "-" + std::to_string(cpus.first + cpus.count - 1);
        EXPECT_EQ(lines[rank],
                  "rank " + std::to_string(rank) + "=" + placement.host_of(rank) + " slot=" + slot);
      }
    }
  });
}

TEST_P(PlacementProperties, TheMachinefileHasASlotARankAndBeginsWithRankZeros) {
  for_all_policies([](const Fleet&, const PlacementRequest&, const Placement& placement) {
    std::map<std::string, std::size_t> ranks;
    for (std::size_t rank = 0; rank < placement.ranks.size(); ++rank)
      ++ranks[placement.host_of(rank)];
    const auto lines = split(machinefile(placement, MpiFormat::openmpi4), '\n');
    ASSERT_EQ(lines.size(), ranks.size());
    for (const std::string& line : lines) {
      const auto words = split(line, ' ');
      ASSERT_EQ(words.size(), 2u) << line;
      EXPECT_EQ(words[1], "slots=" + std::to_string(ranks.at(words[0]))) << line;
    }
    EXPECT_EQ(split(lines.front(), ' ').front(), placement.host_of(0));
  });
}

/// A line of Hydra's hostfile, and how many ranks it got so far.
struct HydraLine {
  std::string host;
  unsigned count = 0;
  std::vector<Cpus> bindings;
  std::size_t taken = 0;
};

std::vector<HydraLine> hydra_lines(const std::string& text) {
  std::vector<HydraLine> lines;
  for (const std::string& line : split(text, '\n')) {
    const auto words = split(line, ' ');
    const auto host = split(words.at(0), ':');
    HydraLine read{host.at(0), static_cast<unsigned>(std::stoul(host.at(1))), {}};
    if (words.size() > 1) {
      const std::string prefix = "binding=user:";
      EXPECT_EQ(words[1].substr(0, prefix.size()), prefix) << line;
      for (const std::string& entry : split(words[1].substr(prefix.size()), ',')) {
        Cpus& cpus = read.bindings.emplace_back();
        for (const std::string& cpu : split(entry, '+'))
          cpus.push_back(static_cast<unsigned>(std::stoul(cpu)));
      }
    }
    lines.push_back(std::move(read));
  }
  return lines;
}

TEST_P(PlacementProperties, HydraReadsThePlanBack) {
  for_all_policies([](const Fleet& fleet, const PlacementRequest&, const Placement& placement) {
    const std::string text = machinefile(placement, MpiFormat::mpich, fleet.facts);
    SCOPED_TRACE(text);
    std::vector<HydraLine> lines = hydra_lines(text);
    ASSERT_FALSE(lines.empty());
    for (std::size_t i = 1; i < lines.size(); ++i)
      EXPECT_NE(lines[i - 1].host, lines[i].host) << "Hydra refuses adjacent lines of one host";
    std::size_t rank = 0;
    // It takes the lines in their order, and begins again at the top when ranks are left.
    while (rank < placement.ranks.size()) {
      for (HydraLine& line : lines) {
        ASSERT_GT(line.count, 0u);
        for (unsigned i = 0; i < line.count && rank < placement.ranks.size(); ++i, ++rank) {
          ASSERT_EQ(line.host, placement.host_of(rank)) << "rank " << rank;
          const Topology* topology = fleet.topology_of(line.host);
          if (topology == nullptr) {
            EXPECT_TRUE(line.bindings.empty()) << "nothing is known of " << line.host;
            continue;
          }
          ASSERT_LT(line.taken, line.bindings.size()) << "rank " << rank << " is not bound";
          EXPECT_EQ(line.bindings[line.taken++],
                    physical_cpus(placement.ranks[rank], placement.unit, *topology))
              << "rank " << rank;
        }
      }
    }
    for (const HydraLine& line : lines) EXPECT_EQ(line.taken, line.bindings.size()) << line.host;
  });
}

TEST_P(PlacementProperties, SlurmsHostfileIsTheRanksHosts) {
  for_all_policies([](const Fleet&, const PlacementRequest&, const Placement& placement) {
    const auto lines = split(machinefile(placement, MpiFormat::slurm), '\n');
    ASSERT_EQ(lines.size(), placement.ranks.size());
    for (std::size_t rank = 0; rank < lines.size(); ++rank)
      EXPECT_EQ(lines[rank], placement.host_of(rank));
  });
}

/// The CPUs of an entry of srun's --cpu-bind list: a number, or a mask in hexadecimal.
Cpus cpus_of_entry(const std::string& entry, bool mask) {
  if (!mask) return {static_cast<unsigned>(std::stoul(entry))};
  Cpus cpus;
  const auto digits = static_cast<unsigned>(entry.size()) - 2;  // behind "0x"
  for (unsigned digit = 0; digit < digits; ++digit) {
    const auto bits = std::stoul(entry.substr(entry.size() - 1 - digit, 1), nullptr, 16);
    for (unsigned bit = 0; bit < 4; ++bit)
      if (((bits >> bit) & 1u) != 0) cpus.push_back(4 * digit + bit);
  }
  return cpus;
}

TEST_P(PlacementProperties, SrunBindsLocalRanksAsPlanned) {
  unsigned written = 0;
  for_all_policies([&](const Fleet& fleet, const PlacementRequest&, const Placement& placement) {
    std::string option;
    try {
      option = slurm_cpu_bind(placement, fleet.facts);
    } catch (const Error& error) {
      EXPECT_EQ(error.code(), ExitCode::usage);
      return;
    }
    ++written;
    const std::size_t colon = option.find(':');
    const bool mask = option.substr(0, colon) == "mask_cpu";
    const auto entries = split(option.substr(colon + 1), ',');
    for (const auto& ranks : ranks_by_node(placement)) {
      ASSERT_LE(ranks.size(), entries.size()) << option;
      for (std::size_t local = 0; local < ranks.size(); ++local)
        EXPECT_EQ(cpus_of_entry(entries[local], mask),
                  physical_cpus(placement.ranks[ranks[local]], placement.unit,
                                *fleet.topology_of(placement.host_of(ranks[local]))))
            << option << ", rank " << ranks[local];
    }
  });
  EXPECT_GE(written, 50u) << "nearly all were refused";
}

// ---------------------------------------------------------------------------- refusals

TEST_P(PlacementProperties, WhoAsksForTooManyIsToldHowManyThereAre) {
  for (const PolicyName& each : policy_names) {
    unsigned refused = 0;
    for (int round = 0; round < 60; ++round) {
      const Fleet fleet = fleets.fleet();
      PlacementRequest request = fleets.request(fleet, each.policy);
      const auto all = try_place(fleet, request);
      if (!all) continue;
      const std::string room = std::to_string(all->ranks.size());
      request.np = static_cast<unsigned>(all->ranks.size()) + fleets.from_to(1, 9);
      SCOPED_TRACE(told(request) + told(*all));
      try {
        (void)fleet.place(request);
        ADD_FAILURE() << "no error";
      } catch (const Error& error) {
        EXPECT_EQ(error.code(), ExitCode::usage);
        EXPECT_THAT(error.what(), HasSubstr(std::to_string(request.np) + " ranks asked for"));
        EXPECT_THAT(error.what(), HasSubstr(" " + room + " "));
        EXPECT_THAT(error.hint(), HasSubstr("ask for at most " + room + ","));
        ++refused;
      }
      request.np = static_cast<unsigned>(all->ranks.size());
      EXPECT_NO_THROW((void)fleet.place(request)) << "the advice";
    }
    EXPECT_GE(refused, 5u) << each.name;
  }
}

TEST_P(PlacementProperties, WhoAsksForTooWideRanksIsToldTheWidest) {
  for (const PolicyName& each : policy_names) {
    if (each.policy == Policy::explicit_list) continue;  // named cores have the width they have
    unsigned refused = 0;
    for (int round = 0; round < 60; ++round) {
      const Fleet fleet = fleets.fleet();
      PlacementRequest request;
      request.policy = each.policy;
      if (!try_place(fleet, request)) continue;  // no GPUs
      request.threads = 100;
      try {
        (void)fleet.place(request);
        ADD_FAILURE() << "no error";
      } catch (const Error& error) {
        EXPECT_EQ(error.code(), ExitCode::usage);
        EXPECT_THAT(error.what(), HasSubstr("100"));
        const std::string option = "--threads ";
        const std::size_t at = error.hint().rfind(option);
        ASSERT_NE(at, std::string::npos) << error.hint();
        request.threads =
            static_cast<unsigned>(std::stoul(error.hint().substr(at + option.size())));
        EXPECT_NO_THROW((void)fleet.place(request)) << error.hint();
        ++request.threads;
        EXPECT_THROW((void)fleet.place(request), Error) << error.hint();
        ++refused;
      }
    }
    EXPECT_GE(refused, 5u) << each.name;
  }
}

}  // namespace
}  // namespace clustermpi
