#include "hosts/table.hpp"

#include <fmt/format.h>

#include <algorithm>

namespace clustermpi {

std::string aligned(const std::vector<TableLine>& lines) {
  std::vector<std::size_t> widths(lines.front().size());
  for (const TableLine& line : lines)
    for (std::size_t i = 0; i < line.size(); ++i) widths[i] = std::max(widths[i], line[i].size());
  std::string text;
  for (const TableLine& line : lines) {
    for (std::size_t i = 0; i < line.size(); ++i)
      text += fmt::format("{}{:>{}}", i == 0 ? "" : "  ", line[i], widths[i]);
    text += '\n';
  }
  return text;
}

}  // namespace clustermpi
