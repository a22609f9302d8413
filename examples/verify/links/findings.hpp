// findings.hpp: all figures, and what stands out of them.
#pragma once

#include <algorithm>
#include <cstddef>
#include <functional>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "figures.hpp"
#include "hosts.hpp"
#include "judge.hpp"

namespace links {

struct Summary {
  std::size_t pairs = 0;
  std::size_t failed = 0;
  double latency_us = 0;  // the usual
  double mbps = 0;
  std::optional<Direction> slowest;
};

// The median, and of two in the middle the better one: of four hosts, one that is slow is in half
// of all ways.
template <class Better>
double usual(std::vector<double> figures, Better better) {
  if (figures.empty()) return 0;
  const auto middle = figures.begin() + static_cast<std::ptrdiff_t>((figures.size() - 1) / 2);
  std::nth_element(figures.begin(), middle, figures.end(), better);
  return *middle;
}

inline Summary summarize(const Matrix& matrix) {
  Summary summary;
  std::vector<double> latencies;
  std::vector<double> bandwidths;
  for (const auto& [from, to] : measured_ways(matrix)) {
    const Figures& figures = matrix[from][to];
    latencies.push_back(figures.latency_us);
    bandwidths.push_back(figures.mbps);
    if (!summary.slowest ||
        figures.mbps < matrix[summary.slowest->from][summary.slowest->to].mbps) {
      summary.slowest = Direction{from, to};
    }
    if (figures.status == damaged) ++summary.failed;
  }
  summary.pairs = matrix.size() * (matrix.size() - 1);
  summary.failed += summary.pairs - bandwidths.size();
  summary.latency_us = usual(latencies, std::less<>());
  summary.mbps = usual(bandwidths, std::greater<>());
  return summary;
}

// What rank 0 makes of it all.
struct Findings {
  Findings(Options asked, std::vector<Host> all_hosts, Matrix measured, std::vector<Suspect> judged,
           double seconds_taken)
      : options(std::move(asked)),
        hosts(std::move(all_hosts)),
        matrix(std::move(measured)),
        suspects(std::move(judged)),
        seconds(seconds_taken),
        summary(summarize(matrix)) {}

  bool ok() const { return summary.failed == 0; }
  std::size_t count(Judgement judgement) const {
    return static_cast<std::size_t>(
        std::count_if(suspects.begin(), suspects.end(),
                      [&](const Suspect& suspect) { return suspect.judgement == judgement; }));
  }
  std::string name_of(const Direction& way, const char* between) const {
    return hosts[way.from].name + between + hosts[way.to].name;
  }
  // A sentence for a way that does not work.
  std::string cause_of(const Direction& way) const {
    const Host& to = hosts[way.to];
    const auto addresses = addresses_for(hosts[way.from], to);
    return likely_cause(matrix[way.from][way.to].status, to,
                        addresses.empty() ? "" : addresses.front().text(), options);
  }

  Options options;  // that it was measured with
  std::vector<Host> hosts;
  Matrix matrix;
  std::vector<Suspect> suspects;
  double seconds;  // that the matrix took
  Summary summary;
};

}  // namespace links
