#include "hosts/writers.hpp"

#include <fmt/format.h>

#include <set>

#include "hosts/error.hpp"
#include "hosts/ipv4.hpp"
#include "hosts/names.hpp"

namespace clustermpi {
namespace {

/// Open MPI 4.1 copies host and slot of a rankfile line into 64 bytes and aborts when they are
/// full; PRRTE 3 cuts silently. Some of it is separators.
constexpr std::size_t most_rank_text = 55;

void refuse_host(const std::string& host, const std::string& reason) {
  throw Error(ExitCode::usage, fmt::format("host {} {}", host, reason),
              "rename it in the inventory");
}

void check_host_name(const std::string& host) {
  if (const std::string fault = host_name_fault(host); !fault.empty()) refuse_host(host, fault);
}

/// The address that the other nodes reach `host` by, where we know it.
std::string cluster_address(const Host& host, const FleetFacts& facts) {
  const auto known = facts.find(host.name);
  if (known != facts.end() && !known->second.cluster_address.empty())
    return known->second.cluster_address;
  return parse_ipv4(host.address) ? host.address : std::string{};
}

}  // namespace

std::string machinefile(const std::vector<NodeSlots>& nodes, MpiFormat) {
  std::string out;
  std::set<std::string> seen;
  for (const NodeSlots& node : nodes) {
    check_host_name(node.host);
    if (!seen.insert(lower_case(short_name(node.host))).second)
      refuse_host(node.host,
                  "stands twice in the machinefile: Open MPI cuts names at the first dot");
    if (node.slots == 0)
      refuse_host(node.host, "has no slots, which Open MPI takes for a full node");
    out += fmt::format("{} slots={}\n", node.host, node.slots);
  }
  return out;
}

std::string rankfile(const std::vector<RankPlace>& ranks, MpiFormat) {
  std::string out;
  unsigned expected = 0;
  for (const RankPlace& place : ranks) {
    if (place.rank != expected)
      throw Error(ExitCode::usage,
                  fmt::format("rank {} stands where Open MPI's rankfile needs rank {}", place.rank,
                              expected),
                  "list the ranks from 0, each once");
    ++expected;
    check_host_name(place.host);
    const std::string core = std::to_string(place.core);
    if (place.host.size() + core.size() > most_rank_text)
      refuse_host(place.host,
                  fmt::format("has a name that is too long for a rankfile: with its core it "
                              "may have {} characters",
                              most_rank_text));
    out += fmt::format("rank {}={} slot={}\n", place.rank, place.host, core);
  }
  return out;
}

std::string etc_hosts(const Inventory& inventory, const FleetFacts& facts) {
  std::string out;
  for (const Host& host : inventory.hosts) {
    const std::string address = cluster_address(host, facts);
    if (address.empty())
      throw Error(ExitCode::usage,
                  fmt::format("the address of host {} inside the cluster is not known", host.name),
                  "run clustermpi discover, or give its 'address' in the inventory");
    const std::string_view alias = short_name(host.name);
    out += fmt::format("{} {}", address, host.name);
    if (alias != host.name) out += fmt::format(" {}", alias);
    out += '\n';
  }
  return out;
}

}  // namespace clustermpi
