#include "hosts/hpl.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <cstdlib>
#include <sstream>

#include "hosts/error.hpp"
#include "hosts/table.hpp"

namespace clustermpi {

namespace {

constexpr unsigned largest_block = 192;
constexpr unsigned smallest_block = 8;
constexpr unsigned blocks_a_rank = 4;
constexpr std::uint64_t smallest_n = 64;

/// P <= Q, as near to each other as P * Q = ranks allows.
HplProblem grid_of(unsigned ranks) {
  HplProblem problem;
  for (unsigned p = 1; p * p <= ranks; ++p)
    if (ranks % p == 0) problem.p = p;
  problem.q = ranks / problem.p;
  return problem;
}

/// A multiple of smallest_block, so that columns stay aligned.
unsigned block_of(std::uint64_t n, unsigned q) {
  const auto fits = static_cast<unsigned>(
      std::min<std::uint64_t>(n / (std::uint64_t{blocks_a_rank} * q), largest_block));
  return std::max(fits / smallest_block * smallest_block, smallest_block);
}

struct Machine {
  std::string host;  ///< the first of its nodes
  std::uint64_t memory_kib = 0;
  unsigned ranks = 0;

  [[nodiscard]] double share() const { return static_cast<double>(memory_kib) / ranks; }
};

std::vector<Machine> machines_of(const std::vector<HplNode>& nodes) {
  std::map<std::string, Machine> machines;
  for (const HplNode& node : nodes) {
    Machine& machine = machines[node.machine.empty() ? "host " + node.host : node.machine];
    if (machine.host.empty()) machine = {node.host, node.memory_kib, 0};
    machine.memory_kib = std::min(machine.memory_kib, node.memory_kib);
    machine.ranks += node.ranks;
  }
  std::vector<Machine> all;
  for (auto& [name, machine] : machines)
    if (machine.ranks > 0) all.push_back(std::move(machine));
  return all;
}

}  // namespace

HplProblem hpl_problem(unsigned ranks, std::uint64_t n) {
  HplProblem problem = grid_of(ranks);
  problem.nb = block_of(n, problem.q);
  problem.n = n / problem.nb * problem.nb;
  return problem;
}

HplProblem hpl_problem(const std::vector<HplNode>& nodes, double memory_fraction) {
  const std::vector<Machine> machines = machines_of(nodes);
  const auto least = std::ranges::min_element(
      machines, {}, [](const Machine& machine) { return machine.share(); });
  unsigned ranks = 0;
  for (const Machine& machine : machines) ranks += machine.ranks;
  const double bytes = least->share() * 1024 * ranks * memory_fraction;
  const auto n = static_cast<std::uint64_t>(std::sqrt(bytes / 8));
  if (n < smallest_n) {
    throw Error(ExitCode::usage,
                fmt::format("{} has too little memory for HPL on {} ranks", least->host, ranks),
                "start fewer ranks (-n), or give a larger part of the memory (--memory)");
  }
  return hpl_problem(ranks, n);
}

std::string hpcc_input(const HplProblem& problem) {
  // The order of the lines is all that hpcc goes by; what follows the value explains it.
  return fmt::format(
      "HPLinpack benchmark input file\n"
      "written by clustermpi\n"
      "HPL.out      output file name (not used)\n"
      "8            device out (6=stdout,7=stderr,file)\n"
      "1            # of problems sizes (N)\n"
      "{} Ns\n"
      "1            # of NBs\n"
      "{} NBs\n"
      "0            PMAP process mapping (0=Row-,1=Column-major)\n"
      "1            # of process grids (P x Q)\n"
      "{} Ps\n"
      "{} Qs\n"
      "16.0         threshold of the scaled residual\n"
      "1            # of panel fact\n"
      "2            PFACTs (0=left, 1=Crout, 2=Right)\n"
      "1            # of recursive stopping criterium\n"
      "4            NBMINs (>= 1)\n"
      "1            # of panels in recursion\n"
      "2            NDIVs\n"
      "1            # of recursive panel fact.\n"
      "1            RFACTs (0=left, 1=Crout, 2=Right)\n"
      "1            # of broadcast\n"
      "1            BCASTs (0=1rg,1=1rM,2=2rg,3=2rM,4=Lng,5=LnM)\n"
      "1            # of lookahead depth\n"
      "1            DEPTHs (>=0)\n"
      "2            SWAP (0=bin-exch,1=long,2=mix)\n"
      "64           swapping threshold\n"
      "0            L1 in (0=transposed,1=no-transposed) form\n"
      "0            U  in (0=transposed,1=no-transposed) form\n"
      "1            Equilibration (0=no,1=yes)\n"
      "8            memory alignment in double (> 0)\n"
      "##### what follows is for the test PTRANS #####\n"
      "0            Number of additional problem sizes for PTRANS\n"
      "0            values of N\n"
      "0            number of additional blocking sizes for PTRANS\n"
      "0            values of NB\n",
      problem.n, problem.nb, problem.p, problem.q);
}

HpccProgress hpcc_progress(std::string_view out) {
  constexpr std::string_view begin = "Begin of ";
  constexpr std::string_view end = " section.";
  HpccProgress progress;
  for (std::size_t at = out.find(begin); at != std::string_view::npos; at = out.find(begin, at)) {
    at += begin.size();
    const std::size_t to = out.find(end, at);
    if (to == std::string_view::npos) break;
    const std::string_view test = out.substr(at, to - at);
    if (test == "Summary") break;
    progress = {progress.number + 1, std::string(test)};
  }
  return progress;
}

std::map<std::string, std::string> hpl_figures(std::string_view out) {
  std::map<std::string, std::string> figures;
  std::istringstream lines{
      std::string(out.substr(std::min(out.find("Begin of HPL section."), out.size())))};
  constexpr std::array columns{"n", "nb", "p", "q", "seconds", "gflops"};
  for (std::string line; std::getline(lines, line);) {
    std::istringstream words(line);
    std::string word;
    // "WR11C2R4  N  NB  P  Q  Time  Gflops"
    if (words >> word && word.starts_with("WR") && word.size() == 8) {
      for (const char* column : columns) words >> figures[column];
    } else if (line.starts_with("||Ax-b||")) {
      const std::size_t equals = line.rfind('=');
      if (equals == std::string::npos) continue;
      std::istringstream(line.substr(equals + 1)) >> figures["residual"];
      figures["passed"] = line.ends_with("PASSED") ? "1" : "0";
    }
  }
  return figures.contains("gflops") && figures.contains("passed")
             ? figures
             : std::map<std::string, std::string>{};
}

namespace {

double gflops_of(const SweepRun& run) {
  const auto found = run.figures.find("gflops");
  return found == run.figures.end() ? 0 : std::strtod(found->second.c_str(), nullptr);
}

/// By np, the run of most GFLOPS.
std::map<unsigned, const SweepRun*> fastest(const std::vector<SweepRun>& runs) {
  std::map<unsigned, const SweepRun*> best;
  for (const SweepRun& run : runs) {
    if (!run.ok()) continue;
    const SweepRun*& known = best[run.point.np];
    if (known == nullptr || gflops_of(run) > gflops_of(*known)) known = &run;
  }
  return best;
}

double a_node(const SweepRun& run, const std::map<unsigned, unsigned>& nodes) {
  return gflops_of(run) / nodes.at(run.point.np);
}

}  // namespace

std::string hpl_table(const std::vector<SweepRun>& runs,
                      const std::map<unsigned, unsigned>& nodes) {
  std::vector<TableLine> lines{
      {"cores", "nodes", "N", "NB", "P x Q", "time", "GFLOPS", "a node", "residual"}};
  for (const auto& [np, run] : fastest(runs)) {
    const auto& figures = run->figures;
    lines.push_back({std::to_string(np), std::to_string(nodes.at(np)), figures.at("n"),
                     figures.at("nb"), figures.at("p") + " x " + figures.at("q"),
                     figures.at("seconds") + " s", fmt::format("{:.2f}", gflops_of(*run)),
                     fmt::format("{:.2f}", a_node(*run, nodes)), figures.at("residual")});
  }
  return lines.size() == 1 ? "" : aligned(lines);
}

std::string hpl_summary(const std::vector<SweepRun>& runs,
                        const std::map<unsigned, unsigned>& nodes) {
  const SweepRun* best = nullptr;
  for (const auto& [np, run] : fastest(runs))
    if (best == nullptr || gflops_of(*run) > gflops_of(*best)) best = run;
  if (best == nullptr) return {};
  const auto& figures = best->figures;
  const unsigned hosts = nodes.at(best->point.np);
  return fmt::format(
      "hpl PASSED: {:.2f} GFLOPS in all, {:.2f} a node (N {}, NB {}, {} x {} ranks on {} node{})\n",
      gflops_of(*best), a_node(*best, nodes), figures.at("n"), figures.at("nb"), figures.at("p"),
      figures.at("q"), hosts, hosts == 1 ? "" : "s");
}

std::optional<Plot> hpl_plot(const std::vector<SweepRun>& runs) {
  Curve curve{"measured", {}};
  for (const auto& [np, run] : fastest(runs))
    curve.points.push_back({static_cast<double>(np), gflops_of(*run)});
  if (curve.points.size() < 2) return {};
  return Plot{"High Performance Linpack", "cores", "GFLOPS", 0, false, true, {curve}, {}};
}

}  // namespace clustermpi
