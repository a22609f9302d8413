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

// The estimates of a row are independent and nearly normal, so the deviation of n of them is itself
// off by 1 / sqrt(2 (n - 1)) of its value (Ahn and Fessler, "Standard Errors of Mean, Variance, and
// Standard Deviation Estimators", 2003): 9 % for 64. Runs that have darts in common, or a sum with
// the hits of another run, show here and not in the mean.
inline bool is_spread_right(double deviation, std::size_t runs, std::uint64_t darts) {
  const double ratio = deviation / Estimate{0, darts}.sigma();
  const double margin = most_sigmas / std::sqrt(2 * (static_cast<double>(runs) - 1));
  if (std::abs(ratio - 1) <= margin) return true;
  std::fprintf(stderr,
               "pi: the standard deviation for %llu darts is %.2f of what it should be, not %.2f "
               "to %.2f: the runs are not independent, or a sum is wrong\n",
               static_cast<unsigned long long>(darts), ratio, 1 - margin, 1 + margin);
  return false;
}

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

// Each row throws darts of its own, so that all rows together are one large estimate.
inline Work row_of(std::uint64_t seed, int power) {
  const auto rows_before = static_cast<std::uint64_t>(power - study_first_power);
  return {seed, rows_before * study_runs, study_runs, std::uint64_t{1} << (2 * power)};
}

// The standard deviation halves where darts are four times as many. The table goes to `file`, too,
// if that is not empty. All ranks call it; rank 0 learns whether all is right.
inline bool study(std::uint64_t seed, const std::string& file, const Isa& isa, int rank, int size) {
  std::string csv = "darts,mean,standard_deviation\n";
  Estimate all{0, 0};
  bool ok = true;
  if (rank == 0) std::printf("%12s %12s %20s\n", "darts", "mean", "standard deviation");
  for (int power = study_first_power; power <= study_last_power; ++power) {
    const Work work = row_of(seed, power);
    const std::vector<std::uint64_t> hits = on_rank_0(throw_share(work, isa, rank, size));
    if (rank != 0) continue;
    const Spread spread = spread_of(hits, work.darts);
    ok = is_spread_right(spread.deviation, hits.size(), work.darts) && ok;
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

  ok = all.is_pi() && ok;
  if (!file.empty() && !(std::ofstream(file) << csv).flush()) {
    std::fprintf(stderr, "pi: %s cannot be written\n", file.c_str());
    ok = false;
  }
  print_result(all, size, 0, ok);
  return ok;
}

}  // namespace pi
