// estimate.hpp: pi out of the hits, and whether it can be right.
#pragma once

#include <cmath>
#include <cstdint>
#include <cstdio>

#include "share.hpp"

namespace pi {

inline constexpr double true_pi = 3.14159265358979323846;
inline constexpr double most_sigmas =
    5;  // a right program is further off in one run of two million

// The square has 2^16 x 2^16 points, from -2^15 on. This many of them lie in the circle, so what is
// estimated is 9e-7 less than pi: of no account below 2^40 darts, and what --darts ends with.
inline constexpr double points_in_circle = 3'373'258'461;
inline constexpr double pi_of_grid = 4 * points_in_circle / 4'294'967'296;
inline constexpr std::uint64_t default_darts = 67'108'864;
inline constexpr std::uint64_t default_seed = 1;
inline constexpr std::uint64_t default_hits = 52'702'803;

// The sum of all hits, as the last line tells it.
struct Estimate {
  std::uint64_t hits;
  std::uint64_t darts;

  double pi() const { return 4 * static_cast<double>(hits) / static_cast<double>(darts); }
  // Of 4 x hits / darts, where a dart hits with probability pi/4.
  double sigma() const { return std::sqrt(true_pi * (4 - true_pi) / static_cast<double>(darts)); }
  bool is_pi() const {
    const double sigmas = std::abs(pi() - pi_of_grid) / sigma();
    if (sigmas <= most_sigmas) return true;
    std::fprintf(stderr, "pi: the estimate %.9f is %.1f sigma off: the sum or a rank is wrong\n",
                 pi(), sigmas);
    return false;
  }
};

// Far sharper than any sigma, where the answer is known.
inline bool is_known(const Work& work, std::uint64_t hits) {
  const bool known = work.first_run == 0 && work.runs == 1 && work.darts == default_darts &&
                     work.seed == default_seed;
  if (!known || hits == default_hits) return true;
  std::fprintf(
      stderr, "pi: these darts hit %llu times, not %llu as counted: the sum or a rank is wrong\n",
      static_cast<unsigned long long>(default_hits), static_cast<unsigned long long>(hits));
  return false;
}

inline void print_result(const Estimate& estimate, int size, std::size_t suspects, bool ok) {
  std::printf(
      "RESULT pi hits=%llu darts=%llu size=%d pi=%.9f error=%.3e sigma=%.3e suspects=%zu ok=%d\n",
      static_cast<unsigned long long>(estimate.hits),
      static_cast<unsigned long long>(estimate.darts), size, estimate.pi(), estimate.pi() - true_pi,
      estimate.sigma(), suspects, ok ? 1 : 0);
}

}  // namespace pi
