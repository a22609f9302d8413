#include "hosts/placement_drawing.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <set>

#include "hosts/hostlist.hpp"

namespace clustermpi {
namespace {

constexpr std::size_t most_columns = 100;

std::size_t width_of(const DrawnCore& cell) {
  return std::max(cell.number.size(), cell.ranks.size());
}

std::vector<DrawnCore> empty_cells(const NodeSlots& node, CpuUnit unit) {
  const bool by_thread = unit == CpuUnit::thread && node.threads > 0;
  std::vector<DrawnCore> cells(by_thread ? node.threads : node.cores);
  for (std::size_t i = 0; i < cells.size(); ++i) cells[i].number = std::to_string(i);
  if (by_thread) return cells;  // where a package begins is known in cores
  for (const Span& package : node.packages)
    if (package.first > 0) cells[package.first].begins_package = true;
  return cells;
}

void fill_in(std::vector<DrawnCore>& cells, const Span& cpus, std::size_t rank) {
  for (unsigned i = cpus.first; i < cpus.first + cpus.count; ++i) {
    std::string& ranks = cells.at(i).ranks;
    ranks += fmt::format("{}{}", ranks.empty() ? "" : ",", rank);
  }
}

/// Two lines for cells from `begin` on, as many as fit; returns where the next ones begin.
std::size_t draw_lines(const std::vector<DrawnCore>& cells, std::size_t begin,
                       std::string_view margin, std::string_view unit, std::string& out) {
  std::string numbers = fmt::format("{}  {}", margin, unit);
  std::string ranks =
      fmt::format("{}  {:<{}}", std::string(margin.size(), ' '), "rank", unit.size());
  std::size_t at = begin;
  for (; at < cells.size(); ++at) {
    const DrawnCore& cell = cells[at];
    const std::string_view gap = cell.begins_package && at > begin ? " | " : " ";
    if (at > begin && numbers.size() + gap.size() + width_of(cell) > most_columns) break;
    numbers += fmt::format("{}{:>{}}", gap, cell.number, width_of(cell));
    ranks += fmt::format("{}{:>{}}", gap, cell.ranks.empty() ? "." : cell.ranks, width_of(cell));
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
  return text;
}

}  // namespace

PlacementDrawing drawing_of(const Placement& placement) {
  std::vector<std::vector<std::size_t>> ranks_of(placement.nodes.size());
  for (std::size_t rank = 0; rank < placement.ranks.size(); ++rank)
    ranks_of[placement.ranks[rank].node].push_back(rank);

  PlacementDrawing drawing;
  drawing.summary = summary(placement);
  drawing.unit = placement.unit == CpuUnit::thread ? "thread" : "core";
  for (std::size_t i = 0; i < placement.nodes.size(); ++i) {
    const NodeSlots& node = placement.nodes[i];
    if (ranks_of[i].empty()) {
      drawing.idle.push_back(node.host);
      continue;
    }
    std::vector<DrawnCore> cells = empty_cells(node, placement.unit);
    for (const std::size_t rank : ranks_of[i]) fill_in(cells, placement.ranks[rank].cpus, rank);
    drawing.hosts.push_back({node.host, std::move(cells)});
  }
  return drawing;
}

std::string draw(const Placement& placement) {
  const PlacementDrawing drawing = drawing_of(placement);
  std::size_t longest = 0;
  for (const NodeSlots& node : placement.nodes) longest = std::max(longest, node.host.size());

  std::string out = drawing.summary + '\n';
  for (const DrawnHost& host : drawing.hosts) {
    std::string margin = fmt::format("{:<{}}", host.host, longest);
    for (std::size_t begin = 0; begin < host.cores.size();) {
      begin = draw_lines(host.cores, begin, margin, drawing.unit, out);
      margin.assign(margin.size(), ' ');
    }
  }
  if (!drawing.idle.empty()) out += fmt::format("no rank on {}\n", fold_hostlist(drawing.idle));
  return out;
}

}  // namespace clustermpi
