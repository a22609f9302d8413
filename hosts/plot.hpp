// A picture of curves, as a script for gnuplot, which draws it.
#pragma once

#include <string>
#include <vector>

namespace clustermpi {

struct PlotPoint {
  double x = 0;
  double y = 0;

  bool operator==(const PlotPoint&) const = default;
};

struct Curve {
  std::string name;
  std::vector<PlotPoint> points;  ///< by ascending x

  bool operator==(const Curve&) const = default;
};

struct Plot {
  std::string title;
  std::string x_label;
  std::string y_label;
  unsigned log_x = 0;      ///< the base of its scale, where all x are above 0; 0: it is linear
  bool log_y = false;      ///< to the base 10, likewise
  bool from_zero = false;  ///< y begins at 0
  std::vector<Curve> curves;
  std::string diagonal;  ///< a dotted line y = x of that name; empty: none

  bool operator==(const Plot&) const = default;
};

/// Prints the picture as SVG when gnuplot runs it. No text of the plot is taken for a command.
[[nodiscard]] std::string gnuplot_script(const Plot& plot);

}  // namespace clustermpi
