#include <fmt/format.h>
#include <fmt/ranges.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <filesystem>
#include <ostream>

#include "cli/bench_outcome.hpp"
#include "cli/bench_request.hpp"
#include "hosts/hostlist.hpp"
#include "hosts/mpi.hpp"
#include "provision/catalogue.hpp"
#include "provision/files.hpp"
#include "provision/steps/discover.hpp"

namespace clustermpi::cli {

namespace {

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

/// Enough to see that a value is another one, too little to tell a guess of it right.
std::string short_digest(const std::string& value) {
  return sha256(value).substr(0, 8);
}

/// Hosts that share a job have one.
std::string mpi_on(const Cluster& cluster, const std::string& host) {
  const MpiImplementation mpi = cluster.inventory().mpi;
  return fmt::format("{} {}", mpi_names(mpi).title,
                     to_string(mpi_version(cluster.facts.at(host), mpi)));
}

SweepDefinition definition_of(const Cluster& cluster, const BenchRequest& request,
                              const MpiJob& job) {
  SweepDefinition definition;
  definition.command = request.benchmark->command();
  for (const SweepParameter& parameter : request.parameters)
    definition.parameters.push_back(parameter.name);
  std::ranges::sort(definition.parameters);
  for (const auto& [name, value] : job.environment)
    definition.environment.insert_or_assign(name, short_digest(value));
  definition.via = name_of(job.via);
  if (job.places) definition.placement = words_of(*job.places);
  const auto nodes = require_job_nodes(cluster);
  for (const NodeSlots& node : nodes)
    definition.hosts.push_back(fmt::format("{}:{}", node.host, node.slots));
  definition.mpi = mpi_on(cluster, nodes.front().host);
  if (const std::string example = request.benchmark->example(); !example.empty())
    definition.source = sha256(whole_source(find_example(example)));
  return definition;
}

Sweep sweep_of(const Cluster& cluster, const BenchRequest& request, const BenchOptions& options,
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

ExitCode tell_plan(Session& session, const StepRecord& record) {
  if (!session.common.json) return ExitCode::ok;
  nlohmann::json changes = nlohmann::json::array();
  for (const Change& change : record.changes) changes.push_back(change.what);
  session.print({{"command", "bench"},
                 {"ok", true},
                 {"dry_run", true},
                 {"hosts", nlohmann::json::object()},
                 {"changes", changes}});
  return ExitCode::ok;
}

ExitCode tell(Session& session, const BenchOutcome& outcome, const std::filesystem::path& folder,
              bool csv) {
  const auto files = write_files(outcome, folder, session.open_cluster());
  if (!session.common.quiet)
    session.err() << fmt::format("in {}: {}\n", folder.string(), fmt::join(files, ", "));
  if (session.common.json) {
    session.print(to_json(outcome));
  } else {
    session.out() << (csv ? outcome.report.csv : outcome.report.table);
  }
  if (all_right(outcome)) return ExitCode::ok;
  session.err() << error_text(failed_points(outcome), "the same command tries them again");
  return ExitCode::verification_failed;
}

ExitCode bench(Session& session, const BenchOptions& options) {
  if (options.csv && session.common.json)
    throw Error(ExitCode::usage, "--csv and --json exclude each other");
  const BenchRequest request = bench_request(options, session.operands);
  Cluster& cluster = session.open_cluster();
  std::optional<WorkspaceLock> lock;
  if (!session.common.dry_run) lock.emplace(cluster.workspace());
  look_at_hosts(cluster);
  const MpiJob job = mpi_job(cluster, options.job);
  Sweep sweep = sweep_of(cluster, request, options, job);
  BenchOutcome outcome{request.name, sweep.definition, {}, {}};
  run_all(request.benchmark->preparation(cluster.inventory()), cluster);

  SweepStore store(cluster.workspace().path("bench") / request.name);
  SweepStep step(std::move(sweep), store);
  StepRecord record;
  run_step(step, cluster, record);
  if (session.common.dry_run) return tell_plan(session, record);

  outcome.runs = step.runs();
  outcome.report = request.benchmark->report(request.name, cluster, job, outcome.runs);
  return tell(session, outcome,
              options.directory.empty() ? store.folder().string() : options.directory, options.csv);
}

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
