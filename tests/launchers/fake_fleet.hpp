// Hosts that are made up, for real launchers: each is a process tree of its own on this machine,
// with a name and, for hwloc, processors of its own.
#pragma once

#include <array>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <random>
#include <stdexcept>
#include <string>
#include <vector>

#include "hosts/placement.hpp"
#include "hosts/topology_sources.hpp"
#include "tests/shell.hpp"

namespace clustermpi::test {

struct FakeHost {
  std::string name;
  std::string processors;  ///< as hwloc's synthetic descriptions: "pack:2 numa:1 core:4 pu:2";
                           ///< empty: this machine's
};

class FakeFleet {
 public:
  explicit FakeFleet(const std::vector<FakeHost>& hosts) {
    std::string pattern = (std::filesystem::temp_directory_path() / "fleet.XXXXXX").string();
    if (mkdtemp(pattern.data()) == nullptr) throw std::runtime_error("cannot make a folder");
    folder_ = pattern;
    for (const FakeHost& host : hosts) {
      inventory_.hosts.push_back({host.name, host.name, "pi", {}, {}, {}});
      names_.push_back(host.name);
      facts_[host.name].topology = topology_of(host);
    }
    inventory_.manager = hosts.front().name;
  }
  ~FakeFleet() {
    std::error_code ignored;
    std::filesystem::remove_all(folder_, ignored);
  }
  FakeFleet(const FakeFleet&) = delete;
  FakeFleet& operator=(const FakeFleet&) = delete;

  [[nodiscard]] Inventory& inventory() { return inventory_; }
  [[nodiscard]] FleetFacts& facts() { return facts_; }
  [[nodiscard]] std::vector<NodeSlots> nodes() const {
    return node_slots(inventory_, facts_, names_);
  }
  [[nodiscard]] Placement place(const PlacementRequest& request, const Speeds& speeds = {}) const {
    return clustermpi::place(inventory_, nodes(), request, speeds);
  }

  /// Writes `text` into a file of the fleet's folder and gives its path.
  [[nodiscard]] std::string file(const std::string& name, const std::string& text) const {
    std::ofstream(folder_ / name, std::ios::binary) << text;
    return (folder_ / name).string();
  }
  /// The environment for a launcher, as words before its command.
  [[nodiscard]] std::string environment() const { return "FAKE_FLEET=" + folder_.string() + " "; }
  [[nodiscard]] static std::string agent() {
    return CLUSTERMPI_SOURCE_DIR "/tests/launchers/fake_node.sh";
  }

 private:
  [[nodiscard]] Topology topology_of(const FakeHost& host) const {
    const std::string input = host.processors.empty() ? "" : "-i '" + host.processors + "' ";
    const Output xml = run("(lstopo-no-graphics " + input + "--of xml 2>/dev/null)");
    if (xml.status != 0) throw std::runtime_error("lstopo-no-graphics: " + xml.text);
    if (!host.processors.empty()) (void)file(host.name + ".xml", xml.text);
    auto topology = topology_of_hwloc(xml.text);
    if (!topology) throw std::runtime_error("no topology: " + xml.text);
    return *std::move(topology);
  }

  std::filesystem::path folder_;
  Inventory inventory_;
  FleetFacts facts_;
  std::vector<std::string> names_;
};

/// "red01 core 0: 0 1, core 2: 0": what a rank is said to be bound to, host and hardware threads.
struct Seat {
  std::string host;
  std::vector<std::pair<unsigned, unsigned>> threads;  ///< logical core, hardware thread of it

  bool operator==(const Seat&) const = default;
};

inline std::ostream& operator<<(std::ostream& out, const Seat& seat) {
  out << seat.host;
  for (const auto& [core, thread] : seat.threads) out << ' ' << core << '.' << thread;
  return out;
}

/// What the plan says, in these terms.
inline std::vector<Seat> seats_of(const Placement& placement, const FleetFacts& facts) {
  std::vector<Seat> seats;
  for (const RankPlace& place : placement.ranks) {
    Seat seat{placement.nodes[place.node].host, {}};
    unsigned thread = 0;
    const Topology& topology = *facts.at(seat.host).topology;
    for (unsigned core = 0; core < topology.cores.size(); ++core) {
      for (unsigned i = 0; i < topology.cores[core].threads.size(); ++i, ++thread) {
        const unsigned number = placement.unit == CpuUnit::core ? core : thread;
        if (number >= place.cpus.first && number - place.cpus.first < place.cpus.count)
          seat.threads.emplace_back(core, i);
      }
    }
    seats.push_back(std::move(seat));
  }
  return seats;
}

/// Requests that this fleet can satisfy: every policy with several np, threads and limits.
inline std::vector<PlacementRequest> requests_for(const FakeFleet& fleet, unsigned seed) {
  std::mt19937 engine(seed);
  const auto random = [&](std::size_t below) { return static_cast<unsigned>(engine() % below); };
  std::vector<PlacementRequest> requests;
  for (const PolicyName& each : policy_names) {
    for (const unsigned threads : {1u, 2u}) {
      PlacementRequest request;
      request.policy = each.policy;
      request.threads = threads;
      if (random(3) == 0) request.per_node = 1 + random(3);
      if (random(4) == 0) request.exclude_manager = true;
      const auto nodes = fleet.nodes();
      for (unsigned i = 0; i < 3; ++i)
        request.ranks.push_back({nodes[random(nodes.size())].host, Span{random(2), 1}});
      for (const NodeSlots& node : nodes) request.weights[node.host] = 1 + random(3);
      if (request.policy == Policy::explicit_list) request.exclude_manager = false;
      const std::size_t room = fleet.place(request).ranks.size();
      request.np = 1 + random(room);
      requests.push_back(request);
    }
  }
  return requests;
}

}  // namespace clustermpi::test
