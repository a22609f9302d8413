#include "cli/bench_request.hpp"

#include <fmt/format.h>

#include "hosts/names.hpp"

namespace clustermpi::cli {

bool is_reserved(std::string_view name) {
  return name == hpl_name || name == pi_study_name;
}

namespace {

/// "bin/a.out" -> "a-out": a name for the sweep where none is given.
std::string name_after(const std::string& program) {
  std::string name;
  for (const char c : program.substr(program.rfind('/') + 1))
    name += word_fault(fmt::format("a{}", c)).empty() ? c : '-';
  if (!word_fault(name).empty() || is_reserved(name)) name = "sweep-" + name;
  return name.substr(0, 40);
}

/// Of its own name and program, with nothing left to say of either.
std::unique_ptr<Benchmark> reserved_benchmark(const BenchOptions& options, bool has_operands) {
  if (has_operands)
    throw Error(ExitCode::usage,
                fmt::format("{} is a NAME with a program of its own", options.name),
                "give the sweep of another program another NAME");
  if (!options.with.empty())
    throw Error(ExitCode::usage, fmt::format("{} has no parameters", options.name),
                "-n says with how many ranks it runs");
  if (options.name == pi_study_name) return pi_study_benchmark();
  if (options.quick && options.memory)
    throw Error(ExitCode::usage, "--quick goes without --memory: its problem is always small");
  if (options.job.via == Via::salloc || options.job.via == Via::sbatch)
    throw Error(ExitCode::usage,
                fmt::format("hpl's problem follows from where its ranks run, which cannot be said "
                            "to {}",
                            name_of(options.job.via)),
                "it can to mpirun and srun: see --via");
  return hpl_benchmark({options.memory.value_or(hpl_memory_fraction), options.quick});
}

}  // namespace

BenchRequest bench_request(const BenchOptions& options,
                           const std::optional<std::vector<std::string>>& operands) {
  if (options.name != hpl_name && (options.quick || options.memory))
    throw Error(ExitCode::usage, "--quick and --memory are for hpl alone",
                "as in `clustermpi bench hpl --quick`");
  BenchRequest request;
  request.name = options.name;
  if (is_reserved(options.name)) {
    request.benchmark = reserved_benchmark(options, operands.has_value());
  } else {
    if (!operands || operands->empty())
      throw Error(ExitCode::usage, "bench needs a program behind --, or the name hpl or pi-study",
                  "as in `clustermpi bench -- mandelbrot` or `clustermpi bench hpl --quick`");
    request.benchmark = program_benchmark(*operands);
    if (request.name.empty()) request.name = name_after(operands->front());
  }
  if (const std::string fault = word_fault(request.name); !fault.empty())
    throw Error(ExitCode::usage, fmt::format("the sweep's NAME '{}' {}", request.name, fault));
  request.parameters = request.benchmark->parameters();
  for (const std::string& text : options.with)
    request.parameters.push_back(parse_sweep_parameter(text));
  if (!options.counts.empty()) request.counts = parse_rank_counts(options.counts);
  // Refuses parameters that nobody gives, and grids that are too large.
  const auto points = sweep_points({1}, request.parameters, options.repeat);
  static_cast<void>(fill_in(request.benchmark->command(), points.front()));
  return request;
}

}  // namespace clustermpi::cli
