// print.hpp: the findings as lines, for people and for programs.
#pragma once

#include <cstddef>
#include <cstdio>
#include <string>

#include "findings.hpp"
#include "heat_map.hpp"

namespace links {

inline void print_way(const Findings& findings, const Direction& way) {
  const Figures& figures = findings.matrix[way.from][way.to];
  const Host& from = findings.hosts[way.from];
  const Host& to = findings.hosts[way.to];
  std::printf("links from=%s to=%s", from.name.c_str(), to.name.c_str());
  if (figures.measured()) {
    std::printf(" latency_us=%.1f MBps=%.1f checksum=%s status=%s\n", figures.latency_us,
                figures.mbps, figures.status == works ? "ok" : "wrong", word_for(figures.status));
  } else {
    std::printf(" status=failed cause=%s\n", word_for(figures.status));
  }
  if (figures.status == works || figures.status == skipped) return;
  std::fprintf(stderr, "links: %s to %s: %s\n", from.name.c_str(), to.name.c_str(),
               findings.cause_of(way).c_str());
}

inline std::string subject(const Findings& findings, const Suspect& suspect) {
  if (!suspect.host) {
    return "from=" + findings.hosts[suspect.way.from].name +
           " to=" + findings.hosts[suspect.way.to].name;
  }
  return "host=" + findings.hosts[*suspect.host].name + " direction=" + suspect.direction;
}

inline void print_suspect(const Findings& findings, const Suspect& suspect) {
  std::printf("links %s %s metric=%s slowdown=%.2f\n", word_for(suspect.judgement),
              subject(findings, suspect).c_str(), suspect.metric->name, suspect.slowdown);
}

inline void print(const Findings& findings) {
  for (std::size_t from = 0; from < findings.hosts.size(); ++from) {
    for (std::size_t to = 0; to < findings.hosts.size(); ++to) {
      if (from != to) print_way(findings, {from, to});
    }
  }
  if (findings.hosts.size() > 1) print_map(findings);
  for (const Suspect& suspect : findings.suspects) print_suspect(findings, suspect);
}

inline void print_result(const Findings& findings, bool all_ok) {
  std::printf("RESULT links hosts=%zu pairs=%zu failed=%zu suspects=%zu bad=%zu",
              findings.hosts.size(), findings.summary.pairs, findings.summary.failed,
              findings.count(confirmed), findings.summary.failed + findings.count(confirmed));
  if (findings.summary.slowest)
    std::printf(" slowest=%s", findings.name_of(*findings.summary.slowest, "->").c_str());
  std::printf(" latency_us=%.1f MBps=%.1f seconds=%.3f ok=%d\n", findings.summary.latency_us,
              findings.summary.mbps, findings.seconds, all_ok ? 1 : 0);
}

}  // namespace links
