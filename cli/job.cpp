#include "cli/job.hpp"

#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <cstdlib>
#include <nlohmann/json.hpp>
#include <ostream>

#include "provision/steps/discover.hpp"
#include "provision/up.hpp"

namespace clustermpi::cli {

namespace {

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

/// [placement] is for the ways that can be told; asking the others for it is a mistake, which the
/// launcher refuses.
std::optional<PlacementRequest> places_of(const Inventory& inventory, const JobOptions& options) {
  const bool asked = asks_for_places(options.placement);
  const bool takes_places = options.via == Via::mpirun || options.via == Via::srun;
  if (!asked && !(inventory.placement && takes_places)) return {};
  return placement_request(inventory, options.placement);
}

}  // namespace

void add_job_options(CLI::App& command, JobOptions& options) {
  add_np_option(command, options.placement);
  add_launch_options(command, options);
}

void add_launch_options(CLI::App& command, JobOptions& options) {
  add_policy_options(command, options.placement);
  add_via(command, options.via);
  command
      .add_option("--env", options.environment, "Set on every rank; without a value, as it is here")
      ->type_name("NAME[=VALUE]")
      ->allow_extra_args(false);
}

MpiJob mpi_job(const Cluster& cluster, const JobOptions& options) {
  MpiJob job;
  job.command = options.command;
  job.via = options.via;
  job.np = options.placement.np;
  job.places = places_of(cluster.inventory(), options);
  job.environment = environment_of(options.environment);
  job.timeout = cluster.options().timeout;
  return job;
}

ExitCode run_job(Session& session, const std::string& name, const JobOptions& options,
                 const std::function<void(nlohmann::json&, const Result&)>& add) {
  session.refuse_dry_run(name);
  Cluster& cluster = session.open_cluster();
  if (cluster.facts.empty()) {
    DiscoverStep discover;
    StepRecord record;
    run_step(discover, cluster, record);
  }
  MpiJob job = mpi_job(cluster, options);
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
    nlohmann::json document = {{"command", name},
                               {"ok", result.ok()},
                               {"hosts", nlohmann::json::object()},
                               {"exit_status", result.exit_status},
                               {"stdout", printable(result.out)},
                               {"stderr", printable(result.err)}};
    if (result.error) document["error"] = to_json(*result.error);
    if (add) add(document, result);
    session.out() << document.dump(2) << '\n';
  }
  if (result.error && session.common.json) {
    session.err() << error_text(result.error->message, result.error->hint);
    return ExitCode::hosts_failed;
  }
  if (result.error) throw Error(ExitCode::hosts_failed, result.error->message, result.error->hint);
  return static_cast<ExitCode>(result.exit_status);
}

}  // namespace clustermpi::cli
