// Pictures, drawn by gnuplot on this machine.
#pragma once

#include <filesystem>

#include "hosts/plot.hpp"

namespace clustermpi {

/// Writes the plot as SVG. Throws Error{local_failure} where gnuplot is not installed, with its
/// package as hint, or where it fails.
void draw(const Plot& plot, const std::filesystem::path& file);

}  // namespace clustermpi
