// What mpirun, mpiexec.hydra and srun read of a placement.
#include <fmt/format.h>

#include <algorithm>
#include <cassert>
#include <unordered_set>

#include "hosts/error.hpp"
#include "hosts/hostlist.hpp"
#include "hosts/names.hpp"
#include "hosts/writers.hpp"

namespace clustermpi {
namespace {

/// Open MPI 4.1 copies host and slot of a rankfile line into 64 bytes and aborts when they are
/// full; PRRTE 3 cuts silently. Some of it is separators.
constexpr std::size_t most_rank_text = 55;

/// Hydra reads lines of 16 KiB, and takes what is left of a longer one for another host.
constexpr std::size_t most_hydra_line = 16383;

[[noreturn]] void refuse_host(const std::string& host, const std::string& reason,
                              const std::string& hint = "rename it in the inventory") {
  throw Error(ExitCode::usage, fmt::format("host {} {}", host, reason), hint);
}

/// Names that every launcher reads as what they are, each host once.
void check_hosts(const std::vector<NodeSlots>& nodes) {
  std::unordered_set<std::string> seen;
  seen.reserve(nodes.size());
  for (const NodeSlots& node : nodes) {
    if (const std::string fault = host_name_fault(node.host); !fault.empty())
      refuse_host(node.host, fault);
    if (!seen.insert(lower_case(short_name(node.host))).second)
      refuse_host(node.host, "stands twice: Open MPI and Slurm cut names at the first dot");
    if (node.slots == 0)
      refuse_host(node.host, "has no slots, which Open MPI takes for a full node",
                  "leave it out, or give it a slot");
  }
}

void append_span(std::string& out, const Span& span) {
  if (span.count == 1)
    fmt::format_to(std::back_inserter(out), "{}", span.first);
  else
    fmt::format_to(std::back_inserter(out), "{}-{}", span.first, span.first + span.count - 1);
}

/// Ranks that follow one another on one host.
struct Run {
  std::uint32_t node = 0;
  std::size_t first = 0;
  std::size_t count = 0;
};

std::vector<Run> runs_of(const Placement& placement) {
  std::vector<Run> runs;
  for (std::size_t rank = 0; rank < placement.ranks.size(); ++rank) {
    const std::uint32_t node = placement.ranks[rank].node;
    if (runs.empty() || runs.back().node != node) runs.push_back({node, rank, 0});
    ++runs.back().count;
  }
  return runs;
}

/// How many runs make a round, each host once, where all runs are such rounds and the last may end
/// early. Where they are not, all runs.
std::size_t round_of(const std::vector<Run>& runs, std::size_t nodes) {
  std::vector<bool> seen(nodes, false);
  std::size_t round = 0;
  for (; round < runs.size() && !seen[runs[round].node]; ++round) seen[runs[round].node] = true;
  for (std::size_t i = round; i < runs.size(); ++i) {
    const Run& first = runs[i % round];
    const bool last = i + 1 == runs.size();
    if (runs[i].node != first.node ||
        (last ? runs[i].count > first.count : runs[i].count != first.count))
      return runs.size();
  }
  return round;
}

const Topology* topology_of(const FleetFacts& facts, const std::string& host) {
  const auto known = facts.find(host);
  return known == facts.end() || !known->second.topology ? nullptr : &*known->second.topology;
}

/// What the host calls itself, as far as that is known.
const std::string& own_name(const FleetFacts& facts, const std::string& host) {
  const auto known = facts.find(host);
  return known == facts.end() || known->second.hostname.empty() ? host : known->second.hostname;
}

/// Hydra's hostfile, `NAME:COUNT binding=user:CPUS,CPUS`: a line a run, and for each of its ranks
/// the kernel's CPU numbers. Hydra begins again at the top when ranks are left; written so where
/// that is the order, since it takes lines of one host that are apart for hosts that share no
/// memory. A CPU that is not there leaves a rank unbound without a word, so a host whose numbers
/// are not known gets no binding.
std::string hydra_hostfile(const Placement& placement, const FleetFacts& facts) {
  const std::vector<Run> runs = runs_of(placement);
  const std::size_t round = round_of(runs, placement.nodes.size());
  std::string out;
  for (std::size_t line = 0; line < round; ++line) {
    const std::string& host = placement.nodes[runs[line].node].host;
    const std::size_t begin = out.size();
    fmt::format_to(std::back_inserter(out), "{}:{}", host, runs[line].count);
    if (const Topology* topology = topology_of(facts, host)) {
      std::string_view separator = " binding=user:";
      for (std::size_t i = line; i < runs.size(); i += round) {
        for (std::size_t rank = runs[i].first; rank < runs[i].first + runs[i].count; ++rank) {
          const auto cpus = physical_cpus(placement.ranks[rank], placement.unit, *topology);
          fmt::format_to(std::back_inserter(out), "{}{}", separator, fmt::join(cpus, "+"));
          separator = ",";
        }
      }
    }
    if (out.size() - begin > most_hydra_line)
      refuse_host(host, "has more ranks and cores than a line of Hydra's hostfile can name",
                  "give it fewer ranks: see --per-node");
    out += '\n';
  }
  return out;
}

std::string line_a_rank(const Placement& placement) {
  std::string out;
  for (std::size_t rank = 0; rank < placement.ranks.size(); ++rank) {
    out += short_name(placement.host_of(rank));
    out += '\n';
  }
  return out;
}

}  // namespace

std::string machinefile(const std::vector<NodeSlots>& nodes, MpiFormat format) {
  assert(format != MpiFormat::slurm);
  check_hosts(nodes);
  const bool hydra = format == MpiFormat::mpich;
  std::string out;
  for (const NodeSlots& node : nodes)
    fmt::format_to(std::back_inserter(out), "{}{}{}\n", node.host,
                   hydra ? ":" : " slots=", node.slots);
  return out;
}

std::string machinefile(const Placement& placement, MpiFormat format, const FleetFacts& facts) {
  const std::vector<NodeSlots> used = nodes_used(placement);
  if (format == MpiFormat::openmpi4 || format == MpiFormat::openmpi5)
    return machinefile(used, format);
  check_hosts(used);
  return format == MpiFormat::slurm ? line_a_rank(placement) : hydra_hostfile(placement, facts);
}

std::string rankfile(const Placement& placement, MpiFormat format, const FleetFacts& facts) {
  if (format == MpiFormat::mpich || format == MpiFormat::slurm)
    throw Error(ExitCode::usage,
                format == MpiFormat::mpich ? "MPICH has no rankfile" : "Slurm has no rankfile",
                format == MpiFormat::mpich
                    ? "its machinefile says which rank runs where: generate machinefile"
                    : "its hostfile says which rank runs where: generate machinefile "
                      "--format slurm");
  check_hosts(nodes_used(placement));
  std::string out;
  for (std::size_t rank = 0; rank < placement.ranks.size(); ++rank) {
    const std::string& host = placement.host_of(rank);
    fmt::format_to(std::back_inserter(out), "rank {}=", rank);
    const std::size_t text_begin = out.size();
    out += format == MpiFormat::openmpi5 ? own_name(facts, host) : host;
    out += " slot=";
    append_span(out, placement.ranks[rank].cpus);
    if (out.size() - text_begin - std::string_view(" slot=").size() > most_rank_text)
      refuse_host(host, fmt::format("has a name that is too long for a rankfile: with its cores it "
                                    "may have {} characters",
                                    most_rank_text));
    out += '\n';
  }
  return out;
}

std::string host_option(const std::vector<NodeSlots>& nodes, MpiFormat format) {
  if (format == MpiFormat::slurm)
    throw Error(ExitCode::usage, "srun takes no slots beside its hosts",
                "generate machinefile --format slurm");
  check_hosts(nodes);
  std::string out;
  for (const NodeSlots& node : nodes)
    fmt::format_to(std::back_inserter(out), "{}{}:{}", out.empty() ? "" : ",", node.host,
                   node.slots);
  return out;
}

namespace {

using CpuLists = std::vector<std::vector<unsigned>>;

/// A bit a CPU, in hexadecimal.
std::string mask_of(const std::vector<unsigned>& cpus) {
  std::string digits(cpus.back() / 4 + 1, '0');
  std::vector<unsigned> nibbles(digits.size(), 0);
  for (const unsigned cpu : cpus) nibbles[cpu / 4] |= 1u << cpu % 4;
  for (std::size_t i = 0; i < nibbles.size(); ++i)
    digits[digits.size() - 1 - i] = "0123456789abcdef"[nibbles[i]];
  return "0x" + digits;
}

}  // namespace

std::string slurm_cpu_bind(const Placement& placement, const FleetFacts& facts) {
  std::vector<CpuLists> by_node(placement.nodes.size());
  for (const RankPlace& place : placement.ranks) {
    const std::string& host = placement.nodes[place.node].host;
    const Topology* topology = topology_of(facts, host);
    if (topology == nullptr)
      refuse_host(host, "has not said how its cores are numbered", "run clustermpi discover");
    by_node[place.node].push_back(physical_cpus(place, placement.unit, *topology));
  }
  const auto longest =
      std::max_element(by_node.begin(), by_node.end(),
                       [](const CpuLists& a, const CpuLists& b) { return a.size() < b.size(); });
  const std::string& reference =
      placement.nodes[static_cast<std::size_t>(longest - by_node.begin())].host;
  for (std::size_t node = 0; node < by_node.size(); ++node) {
    if (!std::equal(by_node[node].begin(), by_node[node].end(), longest->begin()))
      refuse_host(placement.nodes[node].host,
                  fmt::format("binds its ranks to other cores than {} does, and srun has one list "
                              "for all hosts",
                              reference),
                  "start it by mpirun, or take a policy that treats all hosts alike");
  }
  const bool single = std::all_of(longest->begin(), longest->end(),
                                  [](const auto& cpus) { return cpus.size() == 1; });
  std::string out = single ? "map_cpu:" : "mask_cpu:";
  for (const std::vector<unsigned>& cpus : *longest) {
    if (&cpus != &longest->front()) out += ',';
    out += single ? std::to_string(cpus.front()) : mask_of(cpus);
  }
  return out;
}

}  // namespace clustermpi
