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
  --s0: #e3edf6; --s1: #a9cbe8; --s2: #3a7ab8; --s3: #12375f; --on-dark: #fff;
}
@media (prefers-color-scheme: dark) {
  :root {
    --ink: #e6e6e6; --paper: #14171a; --bad: #ff6b6b; --none: #444;
    --s0: #1c2c3b; --s1: #274d70; --s2: #6aa7de; --s3: #d3e7fa; --on-dark: #0c1218;
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
.s2 + text, .s3 + text { fill: var(--on-dark) }
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
<p class="legend">MB/s from each row's host to each column's, beside the median:
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

// Of more hosts, a map shows colours alone: figures could not be read.
inline constexpr std::size_t most_hosts_with_figures = 16;

// What the map is drawn on.
struct Grid {
  bool has_figures;
  std::size_t names;   // what they take beside the rows and above the columns
  std::size_t width;   // of a cell
  std::size_t height;  // of a cell
};

inline Grid grid_for(const Findings& findings) {
  const bool has_figures = findings.hosts.size() <= most_hosts_with_figures;
  return {has_figures, width_of_names(findings), has_figures ? std::size_t{42} : 24, 24};
}

inline std::string figure_of(const Figures& figures) {
  if (!figures.measured()) return "?";
  char text[32];
  std::snprintf(text, sizeof text, figures.mbps < 9.95 ? "%.1f" : "%.0f", figures.mbps);
  return text;
}

// What does not work is crossed out: colour alone would not tell everybody.
inline void draw_cell(const Findings& findings, const Direction& way, const Grid& grid,
                      std::ostream& out) {
  const std::string kind = class_of(findings, way);
  const std::size_t x = grid.names + grid.width * way.to;
  const std::size_t y = grid.names + grid.height * way.from;
  const std::size_t gap = 2;
  out << "<rect x=\"" << x << "\" y=\"" << y << "\" width=\"" << grid.width - gap << "\" height=\""
      << grid.height - gap << "\" rx=\"2\" class=\"" << kind << "\"><title>"
      << title_of(findings, way) << "</title></rect>\n";
  const std::size_t middle = x + (grid.width - gap) / 2;
  if (kind == "bad") {
    const std::size_t inset = 7;
    const std::size_t arm = grid.height - gap - 2 * inset;
    out << "<path d=\"M" << middle - arm / 2 << ' ' << y + inset << "l" << arm << ' ' << arm
        << "m0 -" << arm << "l-" << arm << ' ' << arm << "\"/>\n";
  } else if (grid.has_figures) {
    out << "<text text-anchor=\"middle\" x=\"" << middle << "\" y=\"" << y + 15 << "\">"
        << figure_of(findings.matrix[way.from][way.to]) << "</text>\n";
  }
}

inline void draw_names(const Findings& findings, const Grid& grid, std::ostream& out) {
  for (std::size_t host = 0; host < findings.hosts.size(); ++host) {
    const std::string& name = findings.hosts[host].name;
    const std::size_t before = grid.names - 6;
    out << "<text text-anchor=\"end\" x=\"" << before << "\" y=\""
        << grid.names + grid.height * host + 15 << "\">" << name
        << "</text><text transform=\"translate("
        << grid.names + grid.width * host + grid.width / 2 + 3 << ',' << before
        << ") rotate(-90)\">" << name << "</text>\n";
  }
}

// A map with figures keeps its size, for they are to be read; one without fits any page.
inline void draw_map(const Findings& findings, std::ostream& out) {
  const Grid grid = grid_for(findings);
  const std::size_t width = grid.names + grid.width * findings.hosts.size();
  const std::size_t height = grid.names + grid.height * findings.hosts.size();
  out << "<div class=\"map\"><svg role=\"group\" aria-label=\"bandwidth between all hosts\" "
         "style=\"";
  if (grid.has_figures) out << "min-width:" << width << "px;";
  out << "max-width:" << width * 3 / 2 << "px\" viewBox=\"0 0 " << width << ' ' << height
      << "\">\n";
  draw_names(findings, grid, out);
  for (std::size_t from = 0; from < findings.hosts.size(); ++from) {
    for (std::size_t to = 0; to < findings.hosts.size(); ++to) {
      if (from != to) draw_cell(findings, {from, to}, grid, out);
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
