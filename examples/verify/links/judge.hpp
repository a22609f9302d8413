// judge.hpp: which links and hosts are slower than the others.
//
// What a direction takes is the product of the usual, what is the sending host's, what is the
// receiving host's and what is left to the link. In logarithms that is a sum, and medians find its
// parts: a few bad ones do not move them.
#pragma once

#include <algorithm>
#include <array>
#include <cmath>
#include <cstddef>
#include <cstdio>
#include <functional>
#include <map>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "figures.hpp"

namespace links {

// What is worth a second look: further from its like than five times the usual, and a fifth slower.
inline constexpr double most_deviations = 5;
inline constexpr double most_slowdown = 1.2;
inline constexpr std::size_t fewest_hosts_to_judge =
    4;  // of three, nobody can tell who is the odd one
inline constexpr std::size_t most_retests = 24;
inline constexpr std::size_t controls_a_metric = 3;

struct Metric {
  const char* name;
  double (*cost)(const Figures&);  // more is worse
};

inline const std::array<Metric, 2> metrics{{
    {"bandwidth", [](const Figures& figures) { return 1 / figures.mbps; }},
    {"latency", [](const Figures& figures) { return figures.latency_us; }},
}};

struct Effects {
  double usual = 0;
  std::vector<double> egress;   // of the sender
  std::vector<double> ingress;  // of the receiver
  std::vector<std::vector<double>> link;

  double expected(const Direction& way) const { return usual + egress[way.from] + ingress[way.to]; }
};

// Tukey's median polish.
inline Effects fit(const Matrix& matrix, const Metric& metric) {
  const std::size_t hosts = matrix.size();
  const std::vector<Direction> ways = measured_ways(matrix);
  Effects effects;
  effects.egress.resize(hosts);
  effects.ingress.resize(hosts);
  effects.link.assign(hosts, std::vector<double>(hosts));
  for (const auto& [from, to] : ways) {
    effects.link[from][to] = std::log(metric.cost(matrix[from][to]));
  }
  const auto polish = [&](std::vector<double>& of_hosts, bool by_sender) {
    std::vector<std::vector<double>> left(hosts);
    for (const auto& [from, to] : ways) {
      left[by_sender ? from : to].push_back(effects.link[from][to]);
    }
    for (const auto& [from, to] : ways) {
      effects.link[from][to] -= median(left[by_sender ? from : to]);
    }
    for (std::size_t host = 0; host < hosts; ++host) of_hosts[host] += median(left[host]);
    const double common = median(of_hosts);
    for (double& of_host : of_hosts) of_host -= common;
    effects.usual += common;
  };
  for (int turn = 0; turn < 10; ++turn) {
    polish(effects.egress, true);
    polish(effects.ingress, false);
  }
  return effects;
}

// Above which an effect is out of line with the others.
inline double limit_among(const std::vector<double>& values) {
  const double middle = median(values);
  std::vector<double> distances;
  for (const double value : values) distances.push_back(std::abs(value - middle));
  return middle + std::max(most_deviations * median(distances), std::log(most_slowdown));
}

// What came of measuring it again, with nothing else under way.
enum Judgement : char { confirmed, congested, not_retested };

inline const char* word_for(Judgement judgement) {
  switch (judgement) {
    case confirmed:
      return "suspect";
    case congested:
      return "congested";
    default:
      return "not_retested";
  }
}

struct Suspect {
  const Metric* metric = nullptr;
  std::optional<std::size_t> host;  // or else it is the link
  const char* direction = "";       // of the host
  Direction way;                    // what to measure again
  double expected = 0;              // its cost, were it like the others
  double slowdown = 0;
  Judgement judgement = not_retested;
  bool control = false;  // nothing is wrong with it: it shows how much figures vary by themselves
};

inline std::vector<Suspect> suspicious_links(const Matrix& matrix, const Metric& metric,
                                             const Effects& effects) {
  const std::vector<Direction> ways = measured_ways(matrix);
  std::vector<double> left;
  for (const auto& [from, to] : ways) left.push_back(effects.link[from][to]);
  const double limit = limit_among(left);
  std::vector<Suspect> suspects;
  for (const Direction& way : ways) {
    const double more = effects.link[way.from][way.to];
    if (more <= limit) continue;
    suspects.push_back({&metric, {}, "", way, std::exp(effects.expected(way)), std::exp(more)});
  }
  return suspects;
}

// A host's effect is measured again on its way to or from the host that is most like the usual.
inline std::vector<Suspect> suspicious_hosts(const Matrix& matrix, const Metric& metric,
                                             const Effects& effects, bool sends) {
  const std::vector<double>& mine = sends ? effects.egress : effects.ingress;
  const std::vector<double>& others = sends ? effects.ingress : effects.egress;
  const double limit = limit_among(mine);
  std::vector<Suspect> suspects;
  for (std::size_t host = 0; host < mine.size(); ++host) {
    if (mine[host] <= limit) continue;
    std::optional<Direction> best;
    double least = 0;
    for (const Direction& way : measured_ways(matrix)) {
      if ((sends ? way.from : way.to) != host) continue;
      const double odd = std::abs(others[sends ? way.to : way.from]);
      if (best && odd >= least) continue;
      best = way;
      least = odd;
    }
    if (!best) continue;
    suspects.push_back({&metric, host, sends ? "egress" : "ingress", *best,
                        std::exp(effects.expected(*best) - mine[host]), std::exp(mine[host])});
  }
  return suspects;
}

// The ways that are most like the usual.
inline std::vector<Suspect> find_controls(const Matrix& matrix, const Metric& metric,
                                          const Effects& effects) {
  std::vector<std::pair<double, Direction>> ways;
  for (const Direction& way : measured_ways(matrix)) {
    const double odd = std::abs(effects.link[way.from][way.to]) +
                       std::abs(effects.egress[way.from]) + std::abs(effects.ingress[way.to]);
    ways.emplace_back(odd, way);
  }
  std::sort(ways.begin(), ways.end(),
            [](const auto& a, const auto& b) { return a.first < b.first; });
  if (ways.size() > controls_a_metric) ways.resize(controls_a_metric);
  std::vector<Suspect> controls;
  for (const auto& [odd, way] : ways) {
    controls.push_back(
        {&metric, {}, "", way, std::exp(effects.expected(way)), 1, not_retested, true});
  }
  return controls;
}

// The worst first, and behind them what they are to be held against.
inline std::vector<Suspect> find_suspects(const Matrix& matrix) {
  std::vector<Suspect> suspects;
  std::vector<Suspect> controls;
  if (matrix.size() < fewest_hosts_to_judge) return suspects;
  const auto append = [](std::vector<Suspect>& to, const std::vector<Suspect>& more) {
    to.insert(to.end(), more.begin(), more.end());
  };
  for (const Metric& metric : metrics) {
    const Effects effects = fit(matrix, metric);
    append(suspects, suspicious_links(matrix, metric, effects));
    append(suspects, suspicious_hosts(matrix, metric, effects, true));
    append(suspects, suspicious_hosts(matrix, metric, effects, false));
    append(controls, find_controls(matrix, metric, effects));
  }
  std::sort(suspects.begin(), suspects.end(),
            [](const Suspect& a, const Suspect& b) { return a.slowdown > b.slowdown; });
  if (suspects.size() > most_retests) suspects.resize(most_retests);
  if (!suspects.empty()) append(suspects, controls);
  return suspects;
}

inline std::vector<Direction> parse_directions(const std::string& text) {
  std::vector<Direction> directions;
  for (const std::string& entry : split(text, ';')) {
    Direction way;
    if (std::sscanf(entry.c_str(), "%zu>%zu", &way.from, &way.to) == 2) directions.push_back(way);
  }
  return directions;
}

inline std::string text_of(const std::vector<Suspect>& suspects) {
  std::string text;
  for (const Suspect& suspect : suspects) {
    text += std::to_string(suspect.way.from) + ">" + std::to_string(suspect.way.to) + ";";
  }
  return text;
}

// How much longer than expected each turn took.
inline std::vector<double> slowdowns(const Suspect& suspect, const Row& turns) {
  std::vector<double> times;
  for (const Figures& figures : turns) {
    if (figures.measured()) times.push_back(suspect.metric->cost(figures) / suspect.expected);
  }
  return times;
}

// How much longer than expected it takes at most where nothing is wrong.
inline double unrest_of(const Metric& metric, const std::vector<Suspect>& suspects,
                        const std::vector<Row>& turns) {
  double most = 1;
  for (std::size_t i = 0; i < suspects.size(); ++i) {
    if (!suspects[i].control || suspects[i].metric != &metric) continue;
    for (const double time : slowdowns(suspects[i], turns[i])) most = std::max(most, time);
  }
  return most;
}

// Slow when alone, too, each time, and slower than a way that nothing is wrong with ever was: a
// fault. Slow only beside others: they share something.
inline void judge_again(Suspect& suspect, const Row& turns, double unrest) {
  const std::vector<double> times = slowdowns(suspect, turns);
  if (!times.empty()) {
    suspect.slowdown = *std::min_element(times.begin(), times.end());
    suspect.judgement = suspect.slowdown > most_slowdown * unrest ? confirmed : congested;
  } else if (std::any_of(turns.begin(), turns.end(), std::mem_fn(&Figures::late))) {
    suspect.judgement = confirmed;  // slower than the deadline
  }
}

// What measuring them again makes of the suspects. Leaves no controls.
inline void judge_again(std::vector<Suspect>& suspects, const std::vector<Row>& turns) {
  std::map<const Metric*, double> unrest;
  for (const Metric& metric : metrics) unrest[&metric] = unrest_of(metric, suspects, turns);
  for (std::size_t i = 0; i < suspects.size(); ++i) {
    judge_again(suspects[i], turns[i], unrest[suspects[i].metric]);
  }
  suspects.erase(std::remove_if(suspects.begin(), suspects.end(),
                                [](const Suspect& suspect) { return suspect.control; }),
                 suspects.end());
}

}  // namespace links
