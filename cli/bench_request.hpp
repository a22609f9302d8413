// What `bench` is asked for, as far as it can be understood without an inventory.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "cli/benchmark.hpp"
#include "cli/job.hpp"
#include "hosts/sweep.hpp"

namespace clustermpi::cli {

struct BenchOptions {
  std::string name;               ///< of the sweep; empty: the program's
  std::string counts;             ///< of ranks: "1,2,4-8"; empty: the benchmark's own
  std::vector<std::string> with;  ///< "NAME=V1,V2"
  unsigned repeat = 1;
  JobOptions job;
  std::string directory;  ///< for tables and pictures; empty: the sweep's own
  bool fresh = false;     ///< forget what is kept
  bool csv = false;
  std::optional<double> memory;  ///< hpl: the part of it that is filled
  bool quick = false;            ///< hpl: a small problem
};

struct BenchRequest {
  std::string name;
  std::unique_ptr<Benchmark> benchmark;
  std::vector<SweepParameter> parameters;
  std::vector<unsigned> counts;  ///< empty: the benchmark's own
};

/// Whether the sweep of that name has a program of its own.
[[nodiscard]] bool is_reserved(std::string_view name);

/// `operands` are the words behind "--", none where there was no "--". Throws Error{usage}.
[[nodiscard]] BenchRequest bench_request(const BenchOptions& options,
                                         const std::optional<std::vector<std::string>>& operands);

}  // namespace clustermpi::cli
