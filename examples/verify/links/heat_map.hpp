// heat_map.hpp: the bandwidth of all directions as a map of letters.
#pragma once

#include <cstddef>
#include <cstdio>
#include <string>
#include <vector>

#include "findings.hpp"

namespace links {

// "red[01-03,07],blue": names that differ in a number only, in the order they come.
inline std::string fold(const std::vector<std::string>& names) {
  std::string text;
  for (std::size_t i = 0; i < names.size();) {
    const auto stem_of = [&](std::size_t at) {
      return names[at].substr(0, names[at].find_last_not_of("0123456789") + 1);
    };
    const std::string stem = stem_of(i);
    const auto number_of = [&](std::size_t at) { return names[at].substr(stem.size()); };
    std::size_t end = i + 1;
    while (end < names.size() && stem_of(end) == stem && !number_of(end).empty() &&
           number_of(end).size() == number_of(i).size()) {
      ++end;
    }
    text += (text.empty() ? "" : ",") + stem;
    if (end == i + 1) {
      text += number_of(i);
    } else {
      text += "[";
      for (std::size_t first = i; first < end;) {
        std::size_t last = first;
        while (last + 1 < end &&
               std::stoull(number_of(last + 1)) == std::stoull(number_of(last)) + 1) {
          ++last;
        }
        text += (first == i ? "" : ",") + number_of(first);
        if (last > first) text += "-" + number_of(last);
        first = last + 1;
      }
      text += "]";
    }
    i = end;
  }
  return text;
}

// 0 for what is as good as the median, to 3 for what is far slower.
inline int shade(const Findings& findings, const Figures& figures) {
  const double share = figures.mbps / findings.summary.mbps;
  return share >= 0.8 ? 0 : share >= 0.5 ? 1 : share >= 0.2 ? 2 : 3;
}

inline char symbol(const Findings& findings, const Direction& way) {
  const Figures& figures = findings.matrix[way.from][way.to];
  if (way.from == way.to) return '\\';
  if (figures.status == skipped || figures.status == unknown) return '?';
  return figures.status == works ? ".-+#"[shade(findings, figures)] : 'X';
}

// Whether the rows are alike but for the places of the hosts themselves, which one then fills in
// for the other.
inline bool take_in(std::string& row, const std::string& other) {
  std::string both = row;
  for (std::size_t i = 0; i < row.size(); ++i) {
    if (row[i] == '\\') both[i] = other[i];
    if (row[i] != other[i] && row[i] != '\\' && other[i] != '\\') return false;
  }
  row = both;
  return true;
}

// A line for all hosts that see the others alike; a column a host.
inline void print_map(const Findings& findings) {
  std::vector<std::string> rows;
  std::vector<std::vector<std::string>> names;
  std::vector<std::string> all;
  for (std::size_t from = 0; from < findings.hosts.size(); ++from) {
    all.push_back(findings.hosts[from].name);
    std::string row;
    for (std::size_t to = 0; to < findings.hosts.size(); ++to) row += symbol(findings, {from, to});
    std::size_t like = 0;
    while (like < rows.size() && !take_in(rows[like], row)) ++like;
    if (like == rows.size()) {
      rows.push_back(row);
      names.emplace_back();
    }
    names[like].push_back(findings.hosts[from].name);
  }
  std::printf(
      "links map of bandwidth, senders beside rows; columns are %s\n"
      "links map . within a fifth of the median, - half, + a fifth of it, # less, X failed, "
      "? not measured, \\ itself\n",
      fold(all).c_str());
  for (std::size_t i = 0; i < rows.size(); ++i) {
    std::printf("links map %s %s\n", rows[i].c_str(), fold(names[i]).c_str());
  }
}

}  // namespace links
