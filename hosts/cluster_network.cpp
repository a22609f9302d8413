// Which network the nodes talk over.
#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <set>

#include "hosts/error.hpp"
#include "hosts/ipv4.hpp"
#include "hosts/writers.hpp"

namespace clustermpi {
namespace {

/// Where a host sits: its cluster address, and the network of the interface that holds it.
struct Seat {
  std::string host;
  std::uint32_t address = 0;
  Ipv4Network network;
};

std::optional<Seat> seat_of(const std::string& host, const Facts& facts) {
  for (const Interface& interface : facts.interfaces) {
    if (interface.address != facts.cluster_address) continue;
    const auto address = parse_ipv4(interface.address);
    if (address && interface.prefix <= 32)
      return Seat{host, *address, network_of(*address, interface.prefix)};
  }
  return {};
}

struct Seating {
  std::vector<Seat> seats;
  std::vector<std::string> nowhere;  // hosts whose network is not known
};

Seating seating_of(const Inventory& inventory, const FleetFacts& facts) {
  Seating seating;
  for (const Host& host : inventory.hosts) {
    const auto known = facts.find(host.name);
    if (known == facts.end()) continue;
    if (auto seat = seat_of(host.name, known->second)) {
      seating.seats.push_back(std::move(*seat));
    } else {
      seating.nowhere.push_back(host.name);
    }
  }
  return seating;
}

/// The smallest of the networks that holds every address.
std::optional<Ipv4Network> shared_network(const std::vector<Seat>& seats) {
  std::optional<Ipv4Network> shared;
  for (const Seat& seat : seats) {
    if (shared && seat.network.prefix <= shared->prefix) continue;
    const bool holds_all = std::all_of(seats.begin(), seats.end(), [&](const Seat& other) {
      return seat.network.contains(other.address);
    });
    if (holds_all) shared = seat.network;
  }
  return shared;
}

/// The network that most hosts are in; of equals, the first host's.
Ipv4Network most_common_network(const std::vector<Seat>& seats) {
  std::map<Ipv4Network, unsigned> hosts;
  for (const Seat& seat : seats) ++hosts[seat.network];
  return std::max_element(seats.begin(), seats.end(),
                          [&](const Seat& a, const Seat& b) {
                            return hosts.at(a.network) < hosts.at(b.network);
                          })
      ->network;
}

[[noreturn]] void refuse(const Seating& seating) {
  const std::string hint =
      "say which network they share: network = \"192.168.1.0/24\" below [cluster]";
  if (!seating.nowhere.empty())
    throw Error(ExitCode::local_failure,
                fmt::format("the network of host {} is not known", seating.nowhere.front()), hint);
  if (seating.seats.empty())
    throw Error(ExitCode::local_failure, "nothing is known of the cluster's network",
                "run clustermpi discover");
  const Ipv4Network common = most_common_network(seating.seats);
  const auto odd = std::find_if(seating.seats.begin(), seating.seats.end(),
                                [&](const Seat& seat) { return !common.contains(seat.address); });
  throw Error(ExitCode::local_failure,
              fmt::format("host {} is in the network {}, the others are in {}", odd->host,
                          to_string(odd->network), to_string(common)),
              hint);
}

}  // namespace

std::optional<std::string> find_cluster_network(const Inventory& inventory,
                                                const FleetFacts& facts) {
  if (inventory.network) return inventory.network;
  // A machine of its own, perhaps without any network: its ranks meet on the loopback interface.
  const Seating seating = seating_of(inventory, facts);
  if (inventory.hosts.size() == 1 && seating.nowhere.size() == 1) return "127.0.0.0/8";
  if (!seating.nowhere.empty()) return {};
  const auto shared = shared_network(seating.seats);
  if (!shared) return {};
  return to_string(*shared);
}

std::string cluster_network(const Inventory& inventory, const FleetFacts& facts) {
  if (auto network = find_cluster_network(inventory, facts)) return *std::move(network);
  refuse(seating_of(inventory, facts));
}

std::vector<std::string> cluster_interfaces(const Inventory& inventory, const FleetFacts& facts) {
  const auto network = parse_ipv4_network(cluster_network(inventory, facts));
  std::set<std::string> names;
  for (const Host& host : inventory.hosts) {
    const auto known = facts.find(host.name);
    if (known == facts.end()) continue;
    for (const Interface& interface : known->second.interfaces) {
      const auto address = parse_ipv4(interface.address);
      if (network && address && network->contains(*address)) names.insert(interface.name);
    }
  }
  if (names.empty()) return {"lo"};
  return {names.begin(), names.end()};
}

}  // namespace clustermpi
