// What comes out of a sweep: tables, documents and pictures, and who failed.
#pragma once

#include <filesystem>
#include <nlohmann/json_fwd.hpp>
#include <string>
#include <vector>

#include "cli/benchmark.hpp"
#include "hosts/sweep.hpp"

namespace clustermpi::cli {

struct BenchOutcome {
  std::string name;
  SweepDefinition definition;
  std::vector<SweepRun> runs;
  BenchReport report;
};

[[nodiscard]] bool all_right(const BenchOutcome& outcome);

[[nodiscard]] nlohmann::json to_json(const BenchOutcome& outcome);

/// Writes all of it to `folder`, which is made; returns the names of the files. Where there can be
/// no pictures, the cluster is warned. Throws Error{local_failure} where a file cannot be written.
std::vector<std::string> write_files(const BenchOutcome& outcome,
                                     const std::filesystem::path& folder, Cluster& cluster);

/// "2 of 9 points failed: np 2, size 1; np 4, size 1": by name, the first of them where they are
/// many.
[[nodiscard]] std::string failed_points(const BenchOutcome& outcome);

}  // namespace clustermpi::cli
