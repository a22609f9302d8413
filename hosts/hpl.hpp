// High Performance Linpack, as Debian's hpcc runs it: the problem chosen from facts, the input
// file, and what the output proves.
//
// HPL solves one dense system of N equations, in blocks of NB, on a grid of P x Q ranks. How they
// are chosen is what its authors advise (https://www.netlib.org/benchmark/hpl/faqs.html):
//
//   N       the larger, the nearer to the machine's peak: N * N numbers of 8 bytes fill a fraction
//           of the memory, 80 % where nothing else is asked for. Every rank gets an equal share, so
//           the rank with the least memory decides. A multiple of NB.
//   NB      between 32 and 256: small blocks balance the load, large ones compute faster. We take
//           192, a multiple of the tiles of OpenBLAS; less where each rank would have under four.
//   P x Q   as near to a square as the number of ranks allows, Q the larger.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "hosts/plot.hpp"
#include "hosts/sweep.hpp"

namespace clustermpi {

/// A node that takes part.
struct HplNode {
  std::string host;
  std::uint64_t memory_kib = 0;  ///< that its kernel has
  std::string machine;           ///< nodes with the same share that memory; empty: it is its own
  unsigned ranks = 1;
};

struct HplProblem {
  std::uint64_t n = 0;
  unsigned nb = 0;
  unsigned p = 1;
  unsigned q = 1;

  bool operator==(const HplProblem&) const = default;
};

inline constexpr double hpl_memory_fraction = 0.8;
/// What shows in seconds that it works, and nothing of how fast the cluster is.
inline constexpr std::uint64_t hpl_quick_n = 256;

/// The largest problem for all ranks of `nodes` in that fraction of their memory. Throws
/// Error{usage} naming the host whose share is too small for any.
[[nodiscard]] HplProblem hpl_problem(const std::vector<HplNode>& nodes, double memory_fraction);
/// The same with a given N, rounded down to a multiple of NB.
[[nodiscard]] HplProblem hpl_problem(unsigned ranks, std::uint64_t n);

/// hpccinf.txt. hpcc sizes its other tests by the memory that this problem takes.
[[nodiscard]] std::string hpcc_input(const HplProblem& problem);

/// hpcc runs this many tests, of which HPL is the last. They cannot be left out; their size follows
/// HPL's, and the longest, two of random access to all memory, stop after a minute each.
inline constexpr unsigned hpcc_tests = 16;

/// "STREAM": the test that hpcc is at, of what it printed so far, and the how manieth it is.
struct HpccProgress {
  unsigned number = 0;  ///< 0: at none yet
  std::string test;
};
[[nodiscard]] HpccProgress hpcc_progress(std::string_view out);

/// n, nb, p, q, seconds, gflops, residual and passed (1 or 0), as the figures of a RESULT line; of
/// hpcc's whole output. Empty where HPL did not come to its end.
[[nodiscard]] std::map<std::string, std::string> hpl_figures(std::string_view out);

/// One line a number of ranks: the best of its runs. `nodes` has the hosts by np.
[[nodiscard]] std::string hpl_table(const std::vector<SweepRun>& runs,
                                    const std::map<unsigned, unsigned>& nodes);
/// "hpl PASSED: 12.30 GFLOPS in all, 3.08 a node (N 40000, NB 192, 4 x 4 ranks on 4 nodes)": the
/// fastest run. Empty where none was right.
[[nodiscard]] std::string hpl_summary(const std::vector<SweepRun>& runs,
                                      const std::map<unsigned, unsigned>& nodes);

/// GFLOPS by ranks. Nothing where there are not two numbers of ranks.
[[nodiscard]] std::optional<Plot> hpl_plot(const std::vector<SweepRun>& runs);

}  // namespace clustermpi
