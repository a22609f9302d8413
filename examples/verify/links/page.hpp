// page.hpp: the findings as a page for a browser, with the heat map drawn.
#pragma once

#include <cmath>
#include <cstddef>
#include <ostream>
#include <sstream>
#include <string>

#include "findings.hpp"
#include "heat_map.hpp"

namespace links {

inline const char* const page_head = R"html(<!doctype html>
<html lang="en"><meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1"><title>links</title>
<style>
:root {
  color-scheme: light dark; --ink: #1b1f24; --paper: #fff; --bad: #c62828; --none: #d0d0d0;
  --s0: #cfe3f5; --s1: #7fb2e0; --s2: #2f7ac0; --s3: #0b3c70;
}
@media (prefers-color-scheme: dark) {
  :root {
    --ink: #e6e6e6; --paper: #14171a; --bad: #ff6b6b; --none: #444;
    --s0: #1d3a55; --s1: #3470a6; --s2: #66a9e3; --s3: #cfe6fb;
  }
}
body {
  margin: 1rem auto; max-width: 60rem; padding: 0 .8rem; font: 16px/1.4 system-ui, sans-serif;
  color: var(--ink); background: var(--paper);
}
.map { overflow-x: auto }
svg { width: 100%; height: auto }
text { font: 11px system-ui, sans-serif; fill: var(--ink) }
.s0 { fill: var(--s0); background: var(--s0) } .s1 { fill: var(--s1); background: var(--s1) }
.s2 { fill: var(--s2); background: var(--s2) } .s3 { fill: var(--s3); background: var(--s3) }
.bad { fill: var(--bad); background: var(--bad) }
.none { fill: var(--none); background: var(--none) }
i { display: inline-block; width: 1em; height: 1em; vertical-align: -.1em }
td, th { text-align: left; padding: .1rem .8rem .1rem 0 }
</style>
<h1>links</h1>
)html";

inline const char* const page_legend = R"html(
<p>Bandwidth from each row's host to each column's, beside the median:
<i class="s0"></i> 80 % and more <i class="s1"></i> 50 % <i class="s2"></i> 20 %
<i class="s3"></i> less <i class="bad"></i> failed <i class="none"></i> not measured</p>
)html";

inline std::string class_of(const Findings& findings, const Direction& way) {
  const char mark = symbol(findings, way);
  if (mark == '?') return "none";
  if (mark == 'X') return "bad";
  return "s" + std::to_string(shade(findings, findings.matrix[way.from][way.to]));
}

inline std::string title_of(const Findings& findings, const Direction& way) {
  const Figures& figures = findings.matrix[way.from][way.to];
  std::ostringstream title;
  title << findings.name_of(way, " to ") << ": ";
  if (figures.measured()) title << figures.latency_us << " µs, " << figures.mbps << " MB/s, ";
  title << word_for(figures.status);
  return title.str();
}

inline void draw_map(const Findings& findings, std::ostream& out) {
  const std::size_t cell = 24;
  const std::size_t margin = 130;  // for names
  const std::size_t side = margin + cell * findings.hosts.size();
  out << "<div class=\"map\"><svg role=\"img\" aria-label=\"bandwidth between all hosts\" "
      << "style=\"max-width:" << side * 2 << "px\" viewBox=\"0 0 " << side << ' ' << side
      << "\">\n";
  for (std::size_t from = 0; from < findings.hosts.size(); ++from) {
    const std::size_t line = margin + cell * from + cell / 2 + 3;
    out << "<text text-anchor=\"end\" x=\"" << margin - 6 << "\" y=\"" << line << "\">"
        << findings.hosts[from].name << "</text><text transform=\"translate(" << line << ','
        << margin - 6 << ") rotate(-90)\">" << findings.hosts[from].name << "</text>\n";
    for (std::size_t to = 0; to < findings.hosts.size(); ++to) {
      if (from == to) continue;
      out << "<rect x=\"" << margin + cell * to << "\" y=\"" << margin + cell * from
          << "\" width=\"" << cell - 2 << "\" height=\"" << cell - 2 << "\" class=\""
          << class_of(findings, {from, to}) << "\"><title>" << title_of(findings, {from, to})
          << "</title></rect>\n";
    }
  }
  out << "</svg></div>\n";
}

// A page by itself that follows its reader's light or dark and width.
inline std::string html(const Findings& findings) {
  std::ostringstream out;
  out << page_head << "<p>" << findings.hosts.size() << " hosts, " << findings.summary.pairs
      << " ways, " << findings.summary.failed << " failed, " << findings.confirmed()
      << " suspects; medians: " << std::llround(findings.summary.latency_us) << " µs, "
      << std::llround(findings.summary.mbps) << " MB/s.</p>" << page_legend;
  draw_map(findings, out);
  if (!findings.suspects.empty()) {
    out << "<table><tr><th>slow<th>by<th>times<th>measured alone</tr>\n";
    for (const Suspect& suspect : findings.suspects) {
      out << "<tr><td>"
          << (suspect.host ? findings.hosts[*suspect.host].name + " " + suspect.direction
                           : findings.name_of(suspect.way, " to "))
          << "<td>" << suspect.metric->name << "<td>" << suspect.slowdown << "<td>"
          << (suspect.confirmed ? "still slow" : "as the others: congestion") << "</tr>\n";
    }
    out << "</table>\n";
  }
  out << "</html>\n";
  return out.str();
}

}  // namespace links
