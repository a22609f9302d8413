#include "hosts/plot.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <set>

namespace clustermpi {

namespace {

/// In single quotes, where gnuplot knows no escapes; a quote is doubled.
std::string quoted(const std::string& text) {
  std::string result = "'";
  for (const char c : text) {
    if (c == '\'') result += '\'';
    result += static_cast<unsigned char>(c) < ' ' ? ' ' : c;
  }
  return result + "'";
}

/// A mark at each x that was measured, as long as they can be told apart.
std::string x_marks(const Plot& plot) {
  constexpr std::size_t most_marks = 16;
  constexpr double largest_mark = 9999;
  std::set<double> marks;
  for (const Curve& curve : plot.curves)
    for (const PlotPoint& point : curve.points) marks.insert(point.x);
  if (marks.empty() || marks.size() > most_marks || *marks.rbegin() > largest_mark) return {};
  std::vector<std::string> texts;
  for (const double x : marks) texts.push_back(fmt::format("\"{0:g}\" {0:g}", x));
  return fmt::format("set xtics ({})\n", fmt::join(texts, ", "));
}

double largest_x(const Plot& plot) {
  double largest = 1;
  for (const Curve& curve : plot.curves)
    for (const PlotPoint& point : curve.points) largest = std::max(largest, point.x);
  return largest;
}

}  // namespace

std::string gnuplot_script(const Plot& plot) {
  std::string script =
      "set terminal svg size 800,500 background '#ffffff' noenhanced\n"
      "set grid\nset key below\nset offsets graph 0.02, graph 0.02, graph 0.05, 0\n";
  script += fmt::format("set title {}\nset xlabel {}\nset ylabel {}\n", quoted(plot.title),
                        quoted(plot.x_label), quoted(plot.y_label));
  if (plot.log_x > 0) script += fmt::format("set logscale x {}\n", plot.log_x);
  if (plot.log_y) script += "set logscale y 10\n";
  if (plot.from_zero) script += "set yrange [0:*]\n";
  script += x_marks(plot);
  std::vector<std::string> lines;
  for (std::size_t i = 0; i < plot.curves.size(); ++i) {
    script += fmt::format("$curve{} << END\n", i);
    for (const PlotPoint& point : plot.curves[i].points)
      script += fmt::format("{} {}\n", point.x, point.y);
    script += "END\n";
    lines.push_back(fmt::format("$curve{} with linespoints linewidth 2 pointtype 7 title {}", i,
                                quoted(plot.curves[i].name)));
  }
  if (!plot.diagonal.empty()) {
    lines.push_back(fmt::format("[1:{}] x with lines dashtype 3 linecolor 'gray40' title {}",
                                largest_x(plot), quoted(plot.diagonal)));
  }
  return script + fmt::format("plot {}\n", fmt::join(lines, ", \\\n     "));
}

}  // namespace clustermpi
