#include "hosts/placement_drawing.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <set>

#include "hosts/hostlist.hpp"

namespace clustermpi {
namespace {

constexpr std::size_t most_columns = 100;

/// One core of a host and what is written below it.
struct Cell {
  std::string number;
  std::string ranks;
  bool begins_package = false;

  [[nodiscard]] std::size_t width() const { return std::max(number.size(), ranks.size()); }
};

std::vector<Cell> empty_cells(const NodeSlots& node, CpuUnit unit) {
  const bool by_thread = unit == CpuUnit::thread && node.threads > 0;
  std::vector<Cell> cells(by_thread ? node.threads : node.cores);
  for (std::size_t i = 0; i < cells.size(); ++i) cells[i].number = std::to_string(i);
  if (by_thread) return cells;  // where a package begins is known in cores
  for (const Span& package : node.packages)
    if (package.first > 0) cells[package.first].begins_package = true;
  return cells;
}

void fill_in(std::vector<Cell>& cells, const Span& cpus, std::size_t rank) {
  for (unsigned i = cpus.first; i < cpus.first + cpus.count; ++i) {
    std::string& ranks = cells.at(i).ranks;
    ranks += fmt::format("{}{}", ranks.empty() ? "" : ",", rank);
  }
}

/// Two lines for cells from `begin` on, as many as fit; returns where the next ones begin.
std::size_t draw_lines(const std::vector<Cell>& cells, std::size_t begin, std::string_view margin,
                       std::string_view unit, std::string& out) {
  std::string numbers = fmt::format("{}  {}", margin, unit);
  std::string ranks =
      fmt::format("{}  {:<{}}", std::string(margin.size(), ' '), "rank", unit.size());
  std::size_t at = begin;
  for (; at < cells.size(); ++at) {
    const Cell& cell = cells[at];
    const std::string_view gap = cell.begins_package && at > begin ? " | " : " ";
    if (at > begin && numbers.size() + gap.size() + cell.width() > most_columns) break;
    numbers += fmt::format("{}{:>{}}", gap, cell.number, cell.width());
    ranks += fmt::format("{}{:>{}}", gap, cell.ranks.empty() ? "." : cell.ranks, cell.width());
  }
  out += numbers + '\n' + ranks + '\n';
  return at;
}

std::string summary(const Placement& placement) {
  std::vector<std::string> names;
  std::set<unsigned> counts;
  for (const NodeSlots& node : nodes_used(placement)) {
    names.push_back(node.host);
    counts.insert(node.slots);
  }
  std::string text = fmt::format("{} rank{} {} on {}", placement.ranks.size(),
                                 placement.ranks.size() == 1 ? "" : "s", name_of(placement.policy),
                                 fold_hostlist(names));
  if (names.size() > 1)
    text += counts.size() == 1 ? fmt::format(", {} each", *counts.begin())
                               : fmt::format(", {} to {} each", *counts.begin(), *counts.rbegin());
  return text + '\n';
}

}  // namespace

std::string draw(const Placement& placement) {
  std::vector<std::vector<std::size_t>> ranks_of(placement.nodes.size());
  for (std::size_t rank = 0; rank < placement.ranks.size(); ++rank)
    ranks_of[placement.ranks[rank].node].push_back(rank);
  std::size_t longest = 0;
  for (const NodeSlots& node : placement.nodes) longest = std::max(longest, node.host.size());

  std::string out = summary(placement);
  std::vector<std::string> idle;
  for (std::size_t i = 0; i < placement.nodes.size(); ++i) {
    const NodeSlots& node = placement.nodes[i];
    if (ranks_of[i].empty()) {
      idle.push_back(node.host);
      continue;
    }
    std::vector<Cell> cells = empty_cells(node, placement.unit);
    for (const std::size_t rank : ranks_of[i]) fill_in(cells, placement.ranks[rank].cpus, rank);
    const std::string_view unit = placement.unit == CpuUnit::thread ? "thread" : "core";
    std::string margin = fmt::format("{:<{}}", node.host, longest);
    for (std::size_t begin = 0; begin < cells.size();) {
      begin = draw_lines(cells, begin, margin, unit, out);
      margin.assign(margin.size(), ' ');
    }
  }
  if (!idle.empty()) out += fmt::format("no rank on {}\n", fold_hostlist(idle));
  return out;
}

}  // namespace clustermpi
