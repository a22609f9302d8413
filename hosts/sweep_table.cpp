#include "hosts/sweep_table.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <charconv>
#include <cmath>
#include <functional>
#include <map>
#include <set>

#include "hosts/table.hpp"

namespace clustermpi {

namespace {

/// What the program said of its time; nothing where that is no time.
std::optional<double> program_seconds(const SweepRun& run) {
  const auto found = run.figures.find("seconds");
  if (found == run.figures.end()) return {};
  const std::string& text = found->second;
  double seconds = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), seconds);
  const bool whole = error == std::errc{} && end == text.data() + text.size();
  return whole && std::isfinite(seconds) && seconds > 0 ? std::optional(seconds) : std::nullopt;
}

double median(std::vector<double> numbers) {
  std::ranges::sort(numbers);
  const std::size_t middle = numbers.size() / 2;
  return numbers.size() % 2 == 1 ? numbers[middle] : (numbers[middle - 1] + numbers[middle]) / 2;
}

}  // namespace

SweepClock clock_of(const std::vector<SweepRun>& runs) {
  const bool all_say = std::ranges::all_of(
      runs, [](const SweepRun& run) { return !run.ok() || program_seconds(run); });
  return all_say ? SweepClock::program : SweepClock::wall;
}

std::vector<SweepRow> sweep_rows(const std::vector<SweepRun>& runs, SweepClock clock) {
  std::vector<ParameterValues> combinations;
  std::map<ParameterValues, std::map<unsigned, std::vector<double>>> times;
  for (const SweepRun& run : runs) {
    if (!run.ok()) continue;
    const ParameterValues& values = run.point.values;
    if (!times.contains(values)) combinations.push_back(values);
    const auto own = clock == SweepClock::program ? program_seconds(run) : std::nullopt;
    times[values][run.point.np].push_back(own.value_or(run.wall_seconds));
  }
  std::vector<SweepRow> rows;
  for (const ParameterValues& values : combinations) {
    const std::size_t first = rows.size();
    for (const auto& [np, seconds] : times[values]) {
      SweepRow row{values, np, seconds.size(), median(seconds)};
      const SweepRow& base = rows.size() > first ? rows[first] : row;
      const double faster = row.seconds > 0 ? base.seconds / row.seconds : 1;
      row.speedup = base.np * faster;
      row.efficiency = row.speedup / np;
      rows.push_back(std::move(row));
    }
  }
  return rows;
}

namespace {

TableLine values_of(const ParameterValues& values) {
  TableLine texts;
  for (const auto& [name, value] : values) texts.push_back(value);
  return texts;
}

void append(TableLine& cells, std::initializer_list<std::string> more) {
  cells.insert(cells.end(), more.begin(), more.end());
}

std::string csv_line(const TableLine& cells) {
  TableLine fields;
  for (const std::string& cell : cells) {
    std::string field;
    for (const char c : cell) field += c == '"' ? "\"\"" : std::string(1, c);
    const bool plain = cell.find_first_of(",\"\r\n") == std::string::npos;
    fields.push_back(plain ? field : fmt::format("\"{}\"", field));
  }
  return fmt::format("{}\n", fmt::join(fields, ","));
}

}  // namespace

std::string sweep_table(const std::vector<SweepRow>& rows, SweepClock clock) {
  if (rows.empty()) return "nothing to show: no point was right\n";
  std::vector<TableLine> lines{names_of(rows.front().values)};
  append(lines.front(), {"cores", "time", "speed-up", "efficiency", "runs"});
  for (const SweepRow& row : rows) {
    lines.push_back(values_of(row.values));
    append(lines.back(), {std::to_string(row.np), fmt::format("{:.3f} s", row.seconds),
                          fmt::format("{:.2f}", row.speedup),
                          fmt::format("{:.0f} %", row.efficiency * 100), std::to_string(row.runs)});
  }
  return aligned(lines) +
         (clock == SweepClock::program
              ? "time: as the program says (seconds= of its RESULT line), the median of the runs\n"
              : "time: by the clock on the wall, the start of the ranks included, the median of "
                "the runs\n");
}

std::string sweep_rows_csv(const std::vector<SweepRow>& rows) {
  if (rows.empty()) return {};
  TableLine heading = names_of(rows.front().values);
  append(heading, {"cores", "seconds", "speedup", "efficiency", "runs"});
  std::string text = csv_line(heading);
  for (const SweepRow& row : rows) {
    TableLine cells = values_of(row.values);
    append(cells, {std::to_string(row.np), fmt::format("{:.6f}", row.seconds),
                   fmt::format("{:.4f}", row.speedup), fmt::format("{:.4f}", row.efficiency),
                   std::to_string(row.runs)});
    text += csv_line(cells);
  }
  return text;
}

std::string sweep_runs_csv(const std::vector<SweepRun>& runs) {
  if (runs.empty()) return {};
  std::set<std::string> figures;
  for (const SweepRun& run : runs)
    for (const auto& [name, value] : run.figures) figures.insert(name);
  TableLine heading = names_of(runs.front().point.values);
  append(heading, {"cores", "repetition", "wall_seconds", "exit_status", "fault"});
  // A parameter and a figure may have one name.
  for (const std::string& name : figures) heading.push_back("result_" + name);
  std::string text = csv_line(heading);
  for (const SweepRun& run : runs) {
    TableLine cells = values_of(run.point.values);
    append(cells,
           {std::to_string(run.point.np), std::to_string(run.point.repetition),
            fmt::format("{:.6f}", run.wall_seconds), std::to_string(run.exit_status), run.fault});
    for (const std::string& name : figures) {
      const auto found = run.figures.find(name);
      cells.push_back(found == run.figures.end() ? "" : found->second);
    }
    text += csv_line(cells);
  }
  return text;
}

namespace {

std::string curve_name(const ParameterValues& values) {
  TableLine parts;
  for (const auto& [name, value] : values) parts.push_back(fmt::format("{} {}", name, value));
  return parts.empty() ? "measured" : fmt::format("{}", fmt::join(parts, ", "));
}

std::vector<Curve> curves_of(const std::vector<SweepRow>& rows,
                             const std::function<double(const SweepRow&)>& y) {
  std::vector<Curve> curves;
  const ParameterValues* last = nullptr;
  for (const SweepRow& row : rows) {
    if (last == nullptr || *last != row.values) curves.push_back({curve_name(row.values), {}});
    curves.back().points.push_back({static_cast<double>(row.np), y(row)});
    last = &row.values;
  }
  return curves;
}

bool has_two_counts(const std::vector<SweepRow>& rows) {
  return std::ranges::any_of(rows, [&](const SweepRow& row) { return row.np != rows.front().np; });
}

}  // namespace

std::optional<Plot> time_plot(const std::string& name, const std::vector<SweepRow>& rows) {
  if (!has_two_counts(rows)) return {};
  Plot plot{name + ": time", "cores", "seconds", 2, true, false, {}, {}};
  plot.curves = curves_of(rows, [](const SweepRow& row) { return row.seconds; });
  return plot;
}

std::optional<Plot> speedup_plot(const std::string& name, const std::vector<SweepRow>& rows) {
  if (!has_two_counts(rows)) return {};
  Plot plot{name + ": speed-up", "cores", "speed-up", 0, false, true, {}, "as many times as cores"};
  plot.curves = curves_of(rows, [](const SweepRow& row) { return row.speedup; });
  return plot;
}

}  // namespace clustermpi
