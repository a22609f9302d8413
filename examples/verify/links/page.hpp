// page.hpp: the findings as a page for a browser, with the heat map drawn.
#pragma once

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <cstdio>
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
.legend span { white-space: nowrap; margin-right: .5em }
svg { width: 100%; height: auto }
text { font: 11px system-ui, sans-serif; fill: var(--ink) }
.s0 { fill: var(--s0); background: var(--s0) } .s1 { fill: var(--s1); background: var(--s1) }
.s2 { fill: var(--s2); background: var(--s2) } .s3 { fill: var(--s3); background: var(--s3) }
.bad { fill: var(--bad); background: var(--bad) }
.none { fill: var(--none); background: var(--none) }
i { display: inline-block; width: 1em; height: 1em; vertical-align: -.1em }
rect + path { stroke: var(--paper); stroke-width: 2 }
h1 { margin-bottom: .3rem } h1.failed { color: var(--bad) }
td, th { text-align: left; padding: .25rem 1.2rem .25rem 0; border-bottom: 1px solid var(--none) }
td.number { text-align: right; font-variant-numeric: tabular-nums }
table { border-collapse: collapse; margin: 1rem 0 }
</style>
)html";

inline const char* const page_legend = R"html(
<p class="legend">Bandwidth from each row's host to each column's, beside the median:
<span><i class="s0"></i> 80 % and more</span> <span><i class="s1"></i> 50 %</span>
<span><i class="s2"></i> 20 %</span> <span><i class="s3"></i> less</span>
<span><i class="bad"></i> failed</span> <span><i class="none"></i> not measured</span></p>
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

// Room for the longest name, at what a letter of this size takes.
inline std::size_t width_of_names(const Findings& findings) {
  std::size_t longest = 4;
  for (const Host& host : findings.hosts) longest = std::max(longest, host.name.size());
  return 7 * longest + 8;
}

// What does not work is crossed out: colour alone would not tell everybody.
inline void draw_cell(const Findings& findings, const Direction& way, std::size_t x, std::size_t y,
                      std::size_t side, std::ostream& out) {
  const std::string kind = class_of(findings, way);
  out << "<rect x=\"" << x << "\" y=\"" << y << "\" width=\"" << side << "\" height=\"" << side
      << "\" rx=\"2\" class=\"" << kind << "\"><title>" << title_of(findings, way)
      << "</title></rect>\n";
  if (kind != "bad") return;
  const std::size_t inset = 7;
  const std::size_t arm = side - 2 * inset;
  out << "<path d=\"M" << x + inset << ' ' << y + inset << "l" << arm << ' ' << arm << "m0 -" << arm
      << "l-" << arm << ' ' << arm << "\"/>\n";
}

inline void draw_map(const Findings& findings, std::ostream& out) {
  const std::size_t cell = 24;
  const std::size_t margin = width_of_names(findings);
  const std::size_t side = margin + cell * findings.hosts.size();
  out << "<div class=\"map\"><svg role=\"img\" aria-label=\"bandwidth between all hosts\" "
      << "style=\"max-width:" << side * 3 / 2 << "px\" viewBox=\"0 0 " << side << ' ' << side
      << "\">\n";
  for (std::size_t from = 0; from < findings.hosts.size(); ++from) {
    const std::size_t line = margin + cell * from + cell / 2 + 3;
    out << "<text text-anchor=\"end\" x=\"" << margin - 6 << "\" y=\"" << line << "\">"
        << findings.hosts[from].name << "</text><text transform=\"translate(" << line << ','
        << margin - 6 << ") rotate(-90)\">" << findings.hosts[from].name << "</text>\n";
    for (std::size_t to = 0; to < findings.hosts.size(); ++to) {
      if (from != to)
        draw_cell(findings, {from, to}, margin + cell * to, margin + cell * from, cell - 2, out);
    }
  }
  out << "</svg></div>\n";
}

inline std::string counted(std::size_t number, const char* thing) {
  return std::to_string(number) + " " + thing + (number == 1 ? "" : "s");
}

inline std::string headline(const Findings& findings) {
  const std::size_t failed = findings.summary.failed;
  if (failed > 0)
    return std::to_string(failed) + " of " + counted(findings.summary.pairs, "way") +
           (failed == 1 ? " does not work" : " do not work");
  return findings.count(confirmed) > 0 ? "All hosts reach each other, some slowly"
                                       : "All hosts reach each other";
}

inline void list_failures(const Findings& findings, std::ostream& out) {
  if (findings.summary.failed == 0) return;
  out << "<table><tr><th>from<th>to<th>what happened</tr>\n";
  for (std::size_t from = 0; from < findings.hosts.size(); ++from) {
    for (std::size_t to = 0; to < findings.hosts.size(); ++to) {
      const Status status = findings.matrix[from][to].status;
      if (from == to || status == works) continue;
      out << "<tr><td>" << findings.hosts[from].name << "<td>" << findings.hosts[to].name << "<td>"
          << (status == skipped ? "not tried, since the way back does not work"
                                : findings.cause_of({from, to}))
          << "</tr>\n";
    }
  }
  out << "</table>\n";
}

// Of the suspects those that were slow by themselves, too; how many were not is a number.
inline void list_suspects(const Findings& findings, std::ostream& out) {
  if (findings.count(confirmed) > 0) {
    out << "<table><tr><th>slow<th>by<th>times its like</tr>\n";
    for (const Suspect& suspect : findings.suspects) {
      if (suspect.judgement != confirmed) continue;
      char times[32];
      std::snprintf(times, sizeof times, "%.1f", suspect.slowdown);
      out << "<tr><td>"
          << (suspect.host ? findings.hosts[*suspect.host].name + ", " + suspect.direction
                           : findings.name_of(suspect.way, " to "))
          << "<td>" << suspect.metric->name << "<td class=\"number\">" << times << "</tr>\n";
    }
    out << "</table>\n";
  }
  if (const std::size_t number = findings.count(congested))
    out << "<p>" << counted(number, "more measurement")
        << " stood out while all hosts talked, and did not when made alone: congestion.</p>\n";
  if (const std::size_t number = findings.count(not_retested))
    out << "<p>" << counted(number, "measurement")
        << " stood out while all hosts talked, and could not be made again.</p>\n";
}

// A page by itself that follows its reader's light or dark and width.
inline std::string html(const Findings& findings) {
  std::ostringstream out;
  out << page_head << "<h1" << (findings.ok() ? "" : " class=\"failed\"") << ">"
      << headline(findings) << "</h1>\n<p>" << counted(findings.hosts.size(), "host") << ", "
      << counted(findings.summary.pairs, "way")
      << "; medians: " << std::llround(findings.summary.latency_us) << " µs, "
      << std::llround(findings.summary.mbps) << " MB/s.</p>\n";
  list_failures(findings, out);
  list_suspects(findings, out);
  out << page_legend;
  draw_map(findings, out);
  out << "</html>\n";
  return out.str();
}

}  // namespace links
