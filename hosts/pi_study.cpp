#include "hosts/pi_study.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <optional>
#include <sstream>

#include "hosts/table.hpp"

namespace clustermpi {

namespace {

constexpr std::string_view mean_key = "mean_";
constexpr std::string_view deviation_key = "deviation_";

std::optional<double> number(std::string_view text) {
  double value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  return error == std::errc{} && end == text.data() + text.size() ? std::optional(value)
                                                                  : std::nullopt;
}

template <typename Value>
Curve curve_of(const std::string& name, const std::vector<StudyRow>& rows, Value value) {
  Curve curve{name, {}};
  for (const StudyRow& row : rows) curve.points.push_back({row.darts, value(row)});
  return curve;
}

}  // namespace

std::map<std::string, std::string> study_figures(std::string_view out) {
  std::map<std::string, std::string> figures;
  std::istringstream lines{std::string(out)};
  for (std::string line; std::getline(lines, line);) {
    std::istringstream words(line);
    std::string darts;
    std::string mean;
    std::string deviation;
    std::string more;
    if (!(words >> darts >> mean >> deviation) || words >> more) continue;
    if (!number(darts) || !number(mean) || !number(deviation)) continue;
    figures[fmt::format("{}{}", mean_key, darts)] = mean;
    figures[fmt::format("{}{}", deviation_key, darts)] = deviation;
  }
  return figures;
}

std::vector<StudyRow> study_rows(const std::map<std::string, std::string>& figures) {
  std::vector<StudyRow> rows;
  for (const auto& [name, mean] : figures) {
    if (!name.starts_with(mean_key)) continue;
    const std::string darts = name.substr(mean_key.size());
    const auto deviation = figures.find(fmt::format("{}{}", deviation_key, darts));
    if (deviation == figures.end()) continue;
    rows.push_back({number(darts).value_or(0), number(mean).value_or(0),
                    number(deviation->second).value_or(0)});
  }
  std::ranges::sort(rows, {}, &StudyRow::darts);
  return rows;
}

std::string study_table(const std::vector<StudyRow>& rows) {
  std::vector<TableLine> lines{{"darts", "mean", "standard deviation"}};
  for (const StudyRow& row : rows)
    lines.push_back({fmt::format("{:.0f}", row.darts), fmt::format("{:.9f}", row.mean),
                     fmt::format("{:.9f}", row.deviation)});
  return aligned(lines);
}

std::string study_csv(const std::vector<StudyRow>& rows) {
  std::string text = "darts,mean,standard_deviation\n";
  for (const StudyRow& row : rows)
    text += fmt::format("{:.0f},{:.9f},{:.9f}\n", row.darts, row.mean, row.deviation);
  return text;
}

Plot study_mean_plot(const std::vector<StudyRow>& rows) {
  Plot plot{"pi by darts: the mean of all runs", "darts", "mean", 10, false, false, {}, {}};
  plot.curves = {curve_of("mean", rows, [](const StudyRow& row) { return row.mean; }),
                 curve_of("pi", rows, [](const StudyRow&) { return 3.14159265358979; })};
  return plot;
}

/// A deviation of 0 has no place on such a scale.
Plot study_deviation_plot(const std::vector<StudyRow>& rows) {
  std::vector<StudyRow> above;
  std::ranges::copy_if(rows, std::back_inserter(above),
                       [](const StudyRow& row) { return row.deviation > 0; });
  Plot plot{
      "pi by darts: how the runs differ", "darts", "standard deviation", 10, true, false, {}, {}};
  plot.curves = {
      curve_of("standard deviation", above, [](const StudyRow& row) { return row.deviation; })};
  return plot;
}

}  // namespace clustermpi
