// Columns of text for people.
#pragma once

#include <string>
#include <vector>

namespace clustermpi {

using TableLine = std::vector<std::string>;

/// Lines of the same number of cells, each cell at the right of its column, as numbers stand; a
/// newline behind each line.
[[nodiscard]] std::string aligned(const std::vector<TableLine>& lines);

}  // namespace clustermpi
