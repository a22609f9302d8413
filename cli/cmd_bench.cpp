#include <fmt/format.h>
#include <fmt/ranges.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <filesystem>
#include <ostream>

#include "cli/benchmark.hpp"
#include "cli/job.hpp"
#include "hosts/hostlist.hpp"
#include "hosts/names.hpp"
#include "hosts/sweep_table.hpp"
#include "provision/files.hpp"
#include "provision/plot.hpp"
#include "provision/steps/discover.hpp"

namespace clustermpi::cli {

namespace {

namespace fs = std::filesystem;

struct BenchOptions {
  std::string name;
  std::string counts;
  std::vector<std::string> with;
  unsigned repeat = 1;
  JobOptions job;
  std::string directory;
  bool fresh = false;
  bool csv = false;
  std::optional<double> memory;
  bool quick = false;
};

// ---- What is asked for, as far as it can be understood without an inventory

struct Request {
  std::string name;
  std::unique_ptr<Benchmark> benchmark;
  std::vector<SweepParameter> parameters;
  std::vector<unsigned> counts;  ///< empty: the benchmark's own
};

bool is_reserved(std::string_view name) {
  return name == hpl_name || name == pi_study_name;
}

/// "bin/a.out" -> "a-out": a name for the sweep where none is given.
std::string name_after(const std::string& program) {
  std::string name;
  for (const char c : program.substr(program.rfind('/') + 1))
    name += word_fault(fmt::format("a{}", c)).empty() ? c : '-';
  if (!word_fault(name).empty() || is_reserved(name)) name = "sweep-" + name;
  return name.substr(0, 40);
}

/// Of its own name and program, with nothing left to say of either.
std::unique_ptr<Benchmark> reserved_benchmark(const BenchOptions& options, const Session& session) {
  if (session.operands)
    throw Error(ExitCode::usage,
                fmt::format("{} is a NAME with a program of its own", options.name),
                "give the sweep of another program another NAME");
  if (!options.with.empty())
    throw Error(ExitCode::usage, fmt::format("{} has no parameters", options.name),
                "-n says with how many ranks it runs");
  if (options.name == pi_study_name) return pi_study_benchmark();
  if (options.quick && options.memory)
    throw Error(ExitCode::usage, "--quick goes without --memory: its problem is always small");
  return hpl_benchmark({options.memory.value_or(hpl_memory_fraction), options.quick});
}

Request request_of(const BenchOptions& options, const Session& session) {
  if (options.csv && session.common.json)
    throw Error(ExitCode::usage, "--csv and --json exclude each other");
  if (options.name != hpl_name && (options.quick || options.memory))
    throw Error(ExitCode::usage, "--quick and --memory are for hpl alone",
                "as in `clustermpi bench hpl --quick`");
  Request request;
  request.name = options.name;
  if (is_reserved(options.name)) {
    request.benchmark = reserved_benchmark(options, session);
  } else {
    if (!session.operands || session.operands->empty())
      throw Error(ExitCode::usage, "bench needs a program behind --, or the name hpl or pi-study",
                  "as in `clustermpi bench -- mandelbrot` or `clustermpi bench hpl --quick`");
    request.benchmark = program_benchmark(*session.operands);
    if (request.name.empty()) request.name = name_after(session.operands->front());
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

// ---- On the hosts

void run_all(const std::vector<std::unique_ptr<Step>>& steps, Cluster& cluster) {
  std::vector<StepRecord> records;
  run_steps(steps, cluster, records);
  if (cluster.failures().empty()) return;
  // What was measured on fewer hosts would be taken for the whole cluster's.
  std::vector<std::string> failed;
  for (const auto& [host, error] : cluster.failures()) failed.push_back(host);
  const std::string hosts = fold_hostlist(failed);
  throw Error(ExitCode::hosts_failed,
              fmt::format("{} failed, and without it something else would be measured", hosts),
              fmt::format("put it right, or leave it out: --limit '@all!{}'", hosts));
}

/// Who takes part is asked anew, so that a host that is down is found before the first point.
void look_at_hosts(Cluster& cluster) {
  std::vector<std::unique_ptr<Step>> steps;
  steps.push_back(std::make_unique<DiscoverStep>());
  run_all(steps, cluster);
}

/// `np`, or for 0 as many as there is room for; throws Error{usage} where there is none for so
/// many.
unsigned room_for(const Cluster& cluster, const MpiJob& job, unsigned np) {
  PlacementRequest places = job.places.value_or(PlacementRequest{});
  places.np = np;
  return static_cast<unsigned>(place_on(cluster, require_job_nodes(cluster), places).ranks.size());
}

SweepDefinition definition_of(const Cluster& cluster, const Request& request, const MpiJob& job) {
  SweepDefinition definition;
  definition.command = request.benchmark->command();
  for (const SweepParameter& parameter : request.parameters)
    definition.parameters.push_back(parameter.name);
  std::ranges::sort(definition.parameters);
  for (const auto& [name, value] : job.environment)
    definition.environment.push_back(fmt::format("{}={}", name, value));
  definition.via = name_of(job.via);
  if (job.places) definition.placement = words_of(*job.places);
  for (const NodeSlots& node : require_job_nodes(cluster))
    definition.hosts.push_back(fmt::format("{}:{}", node.host, node.slots));
  return definition;
}

Sweep sweep_of(const Cluster& cluster, const Request& request, const BenchOptions& options,
               const MpiJob& job) {
  const bool counts_given = !request.counts.empty();
  const unsigned room = room_for(cluster, job, counts_given ? request.counts.back() : 0);
  Sweep sweep;
  sweep.name = request.name;
  sweep.definition = definition_of(cluster, request, job);
  sweep.points =
      sweep_points(counts_given ? request.counts : request.benchmark->default_counts(room),
                   request.parameters, options.repeat);
  sweep.program = request.benchmark->program(cluster, job);
  sweep.fresh = options.fresh;
  sweep.name_is_fixed = is_reserved(request.name);
  return sweep;
}

// ---- What comes out

bool all_right(const std::vector<SweepRun>& runs) {
  return std::ranges::all_of(runs, &SweepRun::ok);
}

std::string dumped(const nlohmann::json& json) {
  return json.dump(2, ' ', false, nlohmann::json::error_handler_t::replace) + "\n";
}

nlohmann::json document(const std::string& name, const SweepDefinition& definition,
                        const std::vector<SweepRun>& runs, const BenchReport& report) {
  nlohmann::json json = {{"command", "bench"},  {"ok", all_right(runs)},
                         {"name", name},        {"hosts", nlohmann::json::object()},
                         {"sweep", definition}, {"runs", runs}};
  json.update(report.json);
  return json;
}

/// Pictures are worth having, and nothing fails for the want of them.
void draw_all(Cluster& cluster, const fs::path& folder, const BenchReport& report,
              std::vector<std::string>& files) {
  try {
    for (const auto& [file, plot] : report.plots) {
      draw(plot, folder / file);
      files.push_back(file);
    }
  } catch (const Error& error) {
    cluster.warn(fmt::format("no pictures: {}{}{}", error.what(), error.hint().empty() ? "" : "; ",
                             error.hint()));
  }
}

void write_files(Session& session, Cluster& cluster, const fs::path& folder,
                 const std::vector<SweepRun>& runs, const BenchReport& report,
                 const nlohmann::json& json) {
  std::error_code error;
  fs::create_directories(folder, error);
  if (error)
    throw Error(ExitCode::local_failure,
                fmt::format("cannot make {}: {}", folder.string(), error.message()),
                "name another folder with -o");
  write_file(folder / "table.csv", report.csv);
  write_file(folder / "runs.csv", sweep_runs_csv(runs));
  write_file(folder / "sweep.json", dumped(json));
  std::vector<std::string> files{"table.csv", "runs.csv", "sweep.json"};
  draw_all(cluster, folder, report, files);
  if (!session.common.quiet)
    session.err() << fmt::format("in {}: {}\n", folder.string(), fmt::join(files, ", "));
}

/// All that failed by name, the first of them where they are many.
std::string failed_points(const std::vector<SweepRun>& runs) {
  constexpr std::size_t most_names = 8;
  std::vector<std::string> names;
  for (const SweepRun& run : runs)
    if (!run.ok()) names.push_back(name_of(run.point));
  const std::size_t failed = names.size();
  if (failed > most_names) names.resize(most_names);
  return fmt::format("{} of {} points failed: {}{}", failed, runs.size(), fmt::join(names, "; "),
                     failed > most_names ? "; ..." : "");
}

ExitCode tell_plan(Session& session, const StepRecord& record) {
  if (!session.common.json) return ExitCode::ok;
  nlohmann::json changes = nlohmann::json::array();
  for (const Change& change : record.changes) changes.push_back(change.what);
  session.out() << dumped({{"command", "bench"},
                           {"ok", true},
                           {"dry_run", true},
                           {"hosts", nlohmann::json::object()},
                           {"changes", changes}});
  return ExitCode::ok;
}

ExitCode bench(Session& session, const BenchOptions& options) {
  const Request request = request_of(options, session);
  Cluster& cluster = session.open_cluster();
  std::optional<WorkspaceLock> lock;
  if (!session.common.dry_run) lock.emplace(cluster.workspace());
  look_at_hosts(cluster);
  const MpiJob job = mpi_job(cluster, options.job);
  Sweep sweep = sweep_of(cluster, request, options, job);
  const SweepDefinition definition = sweep.definition;
  run_all(request.benchmark->preparation(cluster.inventory()), cluster);

  SweepStore store(cluster.workspace().path("bench") / request.name);
  SweepStep step(std::move(sweep), store);
  StepRecord record;
  run_step(step, cluster, record);
  if (session.common.dry_run) return tell_plan(session, record);

  const auto runs = step.runs();
  const BenchReport report = request.benchmark->report(request.name, cluster, job, runs);
  const nlohmann::json json = document(request.name, definition, runs, report);
  write_files(session, cluster,
              options.directory.empty() ? store.folder() : fs::path(options.directory), runs,
              report, json);
  if (session.common.json) {
    session.out() << dumped(json);
  } else {
    session.out() << (options.csv ? report.csv : report.table);
  }
  if (all_right(runs)) return ExitCode::ok;
  session.err() << error_text(failed_points(runs), "the same command tries them again");
  return ExitCode::verification_failed;
}

// ---- The command

void add_hpl_options(CLI::App& command, BenchOptions& options) {
  const char* const group = "High Performance Linpack (the NAME hpl)";
  command.add_option("--memory", options.memory, "Part of the memory that it fills (default: 0.8)")
      ->type_name("FRACTION")
      ->check(CLI::Range(0.001, 0.95))
      ->group(group);
  command
      .add_flag("--quick", options.quick,
                "A problem of 256 equations: shows that it works, not how fast")
      ->group(group);
}

const char* const footer =
    "A PROGRAM without a slash that `examples list` has is compiled and brought to all hosts; all\n"
    "others are there already, as for `run`.\n"
    "  clustermpi bench -- mandelbrot\n"
    "  clustermpi bench -n 1,2,4 --repeat 3 -- pi_integration --intervals 1000000000\n"
    "  clustermpi bench sizes -n 2,4 --with m=1,2 -- julia --multiplier {m}\n"
    "  clustermpi bench weak -- bin/a.out --cells {np}000    the work grows with the ranks\n"
    "  clustermpi bench hybrid -n 1,2 --with OMP_NUM_THREADS=1,2,4 -- bin/a.out\n"
    "Two names have a program of their own:\n"
    "  clustermpi bench hpl --quick    High Performance Linpack, which is installed for it; "
    "without\n"
    "                                  --quick it fills the memory, and takes hours\n"
    "  clustermpi bench pi-study       how the error of pi shrinks as the darts get more\n"
    "Each point is kept as it ends: after a crash or Ctrl-C the same command goes on, and a point\n"
    "that failed is tried again. Exit status 5: some failed.\n"
    "Speed-up is S = T(1)/T(p), efficiency S/p. The time is `seconds=` of the line RESULT where "
    "the\n"
    "program prints one, else that of the whole job. Pictures need gnuplot on this machine.";

}  // namespace

void add_bench(CLI::App& app, Session& session) {
  auto options = std::make_shared<BenchOptions>();
  auto* command = app.add_subcommand(
      "bench", "Run a program with more and more ranks, and show how much faster it gets");
  command
      ->add_option("name", options->name, "What the sweep is kept as (default: the program's name)")
      ->type_name("NAME");
  command
      ->add_option("-n,--np", options->counts,
                   "Numbers of ranks: 1,2,4-8 or 2-16/2 (default: 1,2,4... up to all slots)")
      ->type_name("LIST");
  command
      ->add_option("--with", options->with,
                   "A parameter and its values: {NAME} in an argument, and the variable NAME of "
                   "the ranks' environment")
      ->type_name("NAME=V1,V2...")
      ->allow_extra_args(false);
  command->add_option("--repeat", options->repeat, "Run each point K times; the median counts")
      ->type_name("K")
      ->check(CLI::Range(1u, 10'000u));
  command
      ->add_option("-o,--output", options->directory,
                   "Where tables and pictures go (default: .clustermpi/bench/NAME)")
      ->type_name("DIR");
  command->add_flag("--fresh", options->fresh, "Forget what was kept, and start over");
  command->add_flag("--csv", options->csv, "The table as comma separated values");
  add_launch_options(*command, options->job);
  add_hpl_options(*command, *options);
  command->footer(footer);
  command->callback([&session, options] {
    session.action = [&session, options] { return bench(session, *options); };
  });
}

}  // namespace clustermpi::cli
