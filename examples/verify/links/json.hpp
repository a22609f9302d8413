// json.hpp: the findings as JSON.
#pragma once

#include <cstddef>
#include <sstream>
#include <string>

#include "findings.hpp"

namespace links {

inline std::string json(const Findings& findings) {
  std::ostringstream out;
  out << "{\"hosts\": [";
  for (std::size_t i = 0; i < findings.hosts.size(); ++i) {
    out << (i == 0 ? "" : ", ") << '"' << findings.hosts[i].name << '"';
  }
  out << "],\n \"pairs\": " << findings.summary.pairs << ", \"failed\": " << findings.summary.failed
      << ", \"latency_us\": " << findings.summary.latency_us
      << ", \"MBps\": " << findings.summary.mbps << ",\n \"links\": [";
  const char* comma = "\n";
  for (std::size_t from = 0; from < findings.hosts.size(); ++from) {
    for (std::size_t to = 0; to < findings.hosts.size(); ++to) {
      if (from == to) continue;
      const Figures& figures = findings.matrix[from][to];
      out << comma << "  {\"from\": \"" << findings.hosts[from].name << "\", \"to\": \""
          << findings.hosts[to].name << "\", \"status\": \"" << word_for(figures.status) << '"';
      if (figures.measured()) {
        out << ", \"latency_us\": " << figures.latency_us << ", \"MBps\": " << figures.mbps;
      }
      out << "}";
      comma = ",\n";
    }
  }
  out << "],\n \"suspects\": [";
  comma = "\n";
  for (const Suspect& suspect : findings.suspects) {
    if (suspect.judgement != confirmed) continue;
    out << comma << "  {";
    if (suspect.host) {
      out << "\"host\": \"" << findings.hosts[*suspect.host].name << "\", \"direction\": \""
          << suspect.direction << '"';
    } else {
      out << "\"from\": \"" << findings.hosts[suspect.way.from].name << "\", \"to\": \""
          << findings.hosts[suspect.way.to].name << '"';
    }
    out << ", \"metric\": \"" << suspect.metric->name << "\", \"slowdown\": " << suspect.slowdown
        << "}";
    comma = ",\n";
  }
  out << "]}\n";
  return out.str();
}

}  // namespace links
