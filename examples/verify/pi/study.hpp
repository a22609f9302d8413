// study.hpp: how the estimate closes in on pi with the number of darts.
#pragma once

#include <array>
#include <cmath>
#include <cstdint>
#include <cstdio>
#include <fstream>
#include <string>
#include <vector>

#include "estimate.hpp"
#include "share.hpp"

namespace pi {

inline constexpr std::uint64_t study_runs = 64;
inline constexpr int study_first_power = 5;
inline constexpr int study_last_power = 14;

struct Spread {
  double mean = 0;
  double deviation = 0;
};

inline Spread spread_of(const std::vector<std::uint64_t>& hits, std::uint64_t darts) {
  Spread spread;
  for (const std::uint64_t of_run : hits) {
    spread.mean += Estimate{of_run, darts}.pi() / static_cast<double>(hits.size());
  }
  double squares = 0;
  for (const std::uint64_t of_run : hits) {
    squares += std::pow(Estimate{of_run, darts}.pi() - spread.mean, 2);
  }
  spread.deviation = std::sqrt(squares / static_cast<double>(hits.size()));
  return spread;
}

// The standard deviation halves where darts are four times as many. The table goes to `file`, too,
// if that is not empty. All ranks call it; rank 0 learns whether all is right.
inline bool study(std::uint64_t seed, const std::string& file, const Isa& isa, int rank, int size) {
  std::string csv = "darts,mean,standard_deviation\n";
  Estimate all{0, 0};
  if (rank == 0) std::printf("%12s %12s %20s\n", "darts", "mean", "standard deviation");
  for (int power = study_first_power; power <= study_last_power; ++power) {
    const Work work{seed, study_runs, std::uint64_t{1} << (2 * power)};
    const std::vector<std::uint64_t> hits = on_rank_0(throw_share(work, isa, rank, size));
    if (rank != 0) continue;
    const Spread spread = spread_of(hits, work.darts);
    std::array<char, 80> row;
    std::snprintf(row.data(), row.size(), "%llu,%.9f,%.9f\n",
                  static_cast<unsigned long long>(work.darts), spread.mean, spread.deviation);
    csv += row.data();
    std::printf("%12llu %12.9f %20.9f\n", static_cast<unsigned long long>(work.darts), spread.mean,
                spread.deviation);
    for (const std::uint64_t of_run : hits) all.hits += of_run;
    all.darts += work.runs * work.darts;
  }
  if (rank != 0) return true;

  bool ok = all.is_pi();
  if (!file.empty() && !(std::ofstream(file) << csv).flush()) {
    std::fprintf(stderr, "pi: %s cannot be written\n", file.c_str());
    ok = false;
  }
  print_result(all, size, 0, ok);
  return ok;
}

}  // namespace pi
