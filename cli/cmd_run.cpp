#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <cstdlib>
#include <nlohmann/json.hpp>
#include <ostream>

#include "cli/app.hpp"
#include "provision/launcher.hpp"
#include "provision/steps/discover.hpp"
#include "provision/up.hpp"

namespace clustermpi::cli {

namespace {

struct JobOptions {
  Via via = Via::mpirun;
  unsigned np = 0;
  std::vector<std::string> environment;
  std::vector<std::string> command;
};

/// "NAME=VALUE", or "NAME" with the value that it has here.
std::vector<std::pair<std::string, std::string>> environment_of(
    const std::vector<std::string>& words) {
  std::vector<std::pair<std::string, std::string>> variables;
  for (const std::string& word : words) {
    const std::size_t equals = word.find('=');
    const std::string name = word.substr(0, equals);
    if (word.find('\n') != std::string::npos) {
      throw Error(ExitCode::usage,
                  fmt::format("--env {}: a value cannot have several lines", name));
    }
    if (equals != std::string::npos) {
      variables.emplace_back(name, word.substr(equals + 1));
    } else if (const char* value = std::getenv(name.c_str())) {
      variables.emplace_back(name, value);
    } else {
      throw Error(ExitCode::usage, fmt::format("--env {}: there is no such variable here", name),
                  fmt::format("give it a value: --env {}=VALUE", name));
    }
  }
  return variables;
}

void add_via(CLI::App& command, Via& via) {
  std::vector<std::string> names;
  for (const Via each : all_ways) names.emplace_back(name_of(each));
  command
      .add_option_function<std::string>(
          "--via", [&via](const std::string& name) { via = via_of(name).value(); },
          "How the job is started (default: mpirun)")
      ->type_name("WAY")
      ->check(CLI::IsMember(names));
}

ExitCode run_job(Session& session, const JobOptions& options) {
  session.refuse_dry_run("run");
  Cluster& cluster = session.open_cluster();
  if (cluster.facts.empty()) {
    DiscoverStep discover;
    StepRecord record;
    run_step(discover, cluster, record);
  }
  MpiJob job;
  job.command = options.command;
  job.via = options.via;
  job.np = options.np;
  job.environment = environment_of(options.environment);
  job.timeout = cluster.options().timeout;
  if (!session.common.json) {
    job.on_output = [&session](Stream stream, std::string_view text) {
      // A program's own output goes through untouched, as mpirun's would; only a terminal is
      // protected.
      std::ostream& to = stream == Stream::out ? session.out() : session.err();
      to << (session.shields_terminal() ? printable(text) : std::string(text)) << std::flush;
    };
  }
  const Result result = launch(cluster, job);
  if (session.cancel().cancelled()) {
    throw Error(ExitCode::interrupted, "interrupted: the job is being ended on all hosts");
  }
  if (session.common.json) {
    nlohmann::json document = {{"command", "run"},
                               {"ok", result.ok()},
                               {"hosts", nlohmann::json::object()},
                               {"exit_status", result.exit_status},
                               {"stdout", printable(result.out)},
                               {"stderr", printable(result.err)}};
    if (result.error) document["error"] = to_json(*result.error);
    session.out() << document.dump(2) << '\n';
  }
  if (result.error && session.common.json) {
    session.err() << error_text(result.error->message, result.error->hint);
    return ExitCode::hosts_failed;
  }
  if (result.error) throw Error(ExitCode::hosts_failed, result.error->message, result.error->hint);
  return static_cast<ExitCode>(result.exit_status);
}

}  // namespace

void add_run(CLI::App& app, Session& session) {
  auto options = std::make_shared<JobOptions>();
  auto* command = app.add_subcommand(
      "run", "Start a program on the cluster by mpirun or Slurm, and pass its exit status on");
  command->add_option("-n,--np", options->np, "Ranks (default: all slots)")
      ->check(CLI::Range(1, 1'000'000));
  add_via(*command, options->via);
  command
      ->add_option("--env", options->environment,
                   "Set on every rank; without a value, as it is here")
      ->type_name("NAME[=VALUE]")
      ->allow_extra_args(false);
  command
      ->add_option("command", options->command,
                   "Program, with its path on the hosts, and arguments")
      ->type_name("PROGRAM [ARG]")
      ->required();
  command->footer(
      "  clustermpi run -n 8 -- hostname\n"
      "  clustermpi distribute ./a.out --to bin && clustermpi run -- bin/a.out --size 100\n"
      "  clustermpi run --via srun -- bin/a.out    as a job of Slurm's\n"
      "By mpirun ranks start at once, over SSH. By srun, salloc (mpirun inside an allocation) and "
      "sbatch (a\n"
      "batch job; its output comes when it has ended) they wait for their turn in Slurm's queue.\n"
      "Ctrl-C ends the job on all hosts, and so does a lost connection.");
  command->callback([&session, options] {
    session.action = [&session, options] { return run_job(session, *options); };
  });
}

}  // namespace clustermpi::cli
