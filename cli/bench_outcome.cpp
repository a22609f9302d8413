#include "cli/bench_outcome.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <nlohmann/json.hpp>

#include "cli/app.hpp"
#include "hosts/sweep_table.hpp"
#include "provision/files.hpp"
#include "provision/plot.hpp"

namespace clustermpi::cli {

namespace fs = std::filesystem;

bool all_right(const BenchOutcome& outcome) {
  return std::ranges::all_of(outcome.runs, &SweepRun::ok);
}

nlohmann::json to_json(const BenchOutcome& outcome) {
  nlohmann::json json = {{"command", "bench"},          {"ok", all_right(outcome)},
                         {"name", outcome.name},        {"hosts", nlohmann::json::object()},
                         {"sweep", outcome.definition}, {"runs", outcome.runs}};
  json["sweep"]["environment"] = names_of(outcome.definition.environment);
  json.update(outcome.report.json);
  return json;
}

namespace {

/// Pictures are worth having, and nothing fails for the want of them. Earlier ones show other runs.
void draw_all(const BenchReport& report, const fs::path& folder, Cluster& cluster,
              std::vector<std::string>& files) {
  std::error_code ignored;
  for (const auto& [file, plot] : report.plots) fs::remove(folder / file, ignored);
  try {
    for (const auto& [file, plot] : report.plots) {
      if (!plot) continue;
      draw(*plot, folder / file);
      files.push_back(file);
    }
  } catch (const Error& error) {
    cluster.warn(fmt::format("no pictures: {}{}{}", error.what(), error.hint().empty() ? "" : "; ",
                             error.hint()));
  }
}

}  // namespace

std::vector<std::string> write_files(const BenchOutcome& outcome, const fs::path& folder,
                                     Cluster& cluster) {
  std::error_code error;
  fs::create_directories(folder, error);
  if (error)
    throw Error(ExitCode::local_failure,
                fmt::format("cannot make {}: {}", folder.string(), error.message()),
                "name another folder with -o");
  write_file(folder / "table.csv", outcome.report.csv);
  write_file(folder / "runs.csv", sweep_runs_csv(outcome.runs));
  write_file(folder / "sweep.json", document_text(to_json(outcome)));
  std::vector<std::string> files{"table.csv", "runs.csv", "sweep.json"};
  draw_all(outcome.report, folder, cluster, files);
  return files;
}

std::string failed_points(const BenchOutcome& outcome) {
  constexpr std::size_t most_names = 8;
  std::vector<std::string> names;
  for (const SweepRun& run : outcome.runs)
    if (!run.ok()) names.push_back(name_of(run.point));
  const std::size_t failed = names.size();
  if (failed > most_names) names.resize(most_names);
  return fmt::format("{} of {} points failed: {}{}", failed, outcome.runs.size(),
                     fmt::join(names, "; "), failed > most_names ? "; ..." : "");
}

}  // namespace clustermpi::cli
