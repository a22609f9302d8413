#include "cli/job.hpp"

#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <cctype>
#include <cstdlib>
#include <nlohmann/json.hpp>
#include <ostream>

#include "cli/choice.hpp"
#include "cli/node_output.hpp"
#include "cli/rank_output.hpp"
#include "cli/rank_profile.hpp"
#include "provision/steps/discover.hpp"
#include "provision/up.hpp"

namespace clustermpi::cli {

namespace {

bool is_variable_name(std::string_view name) {
  const auto fits = [](char c) {
    return c == '_' || std::isalnum(static_cast<unsigned char>(c)) != 0;
  };
  return !name.empty() && std::ranges::all_of(name, fits) &&
         std::isdigit(static_cast<unsigned char>(name.front())) == 0;
}

/// "NAME=VALUE", or "NAME" with the value that it has here.
std::vector<std::pair<std::string, std::string>> environment_of(
    const std::vector<std::string>& words) {
  std::vector<std::pair<std::string, std::string>> variables;
  for (const std::string& word : words) {
    const std::size_t equals = word.find('=');
    const std::string name = word.substr(0, equals);
    if (!is_variable_name(name)) {
      throw Error(ExitCode::usage,
                  fmt::format("--env {}: a variable's name has letters, digits and _, and begins "
                              "with no digit",
                              printable(word)));
    }
    if (equals != std::string::npos) {
      variables.emplace_back(name, word.substr(equals + 1));
    } else if (const char* value = std::getenv(name.c_str())) {
      variables.emplace_back(name, value);
    } else {
      throw Error(ExitCode::usage, fmt::format("--env {}: there is no such variable here", name),
                  fmt::format("give it a value: --env {}=VALUE", name));
    }
    if (variables.back().second.find('\n') != std::string::npos) {
      throw Error(ExitCode::usage,
                  fmt::format("--env {}: a value cannot have several lines", name));
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
      ->check(choice("way", names));
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

void add_launch_options(CLI::App& command, JobOptions& options) {
  add_policy_options(command, options.placement);
  add_via(command, options.via);
  command
      .add_option_function<std::vector<std::string>>(
          "--env",
          [&options](const std::vector<std::string>& words) {
            options.environment = environment_of(words);
          },
          "Set on every rank; without a value, as it is here")
      ->type_name("NAME[=VALUE]")
      ->allow_extra_args(false);
}

void add_job_options(CLI::App& command, JobOptions& options) {
  add_np_option(command, options.placement);
  add_launch_options(command, options);
  command
      .add_option("--workdir", options.directory,
                  "Where ranks start, relative to the home there (default: the home)")
      ->type_name("DIR");
  command.add_flag("--no-stdin", options.no_stdin, "Give rank 0 an empty stdin; else it gets ours");
  auto* tag =
      command.add_flag("--tag", options.tag, "Print whole lines, each behind its rank: [3] ...");
  auto* split =
      command
          .add_option("--split", options.split,
                      "Keep what each rank prints in files of its own, here: DIR/rank.3.out, .err")
          ->type_name("DIR");
  auto* profile =
      command
          .add_option("--profile", options.profile,
                      "Count what each function costs, by perf or valgrind; DIR/rank.3.profile")
          ->type_name("DIR")
          ->excludes(tag)
          ->excludes(split);
  command
      .add_flag("--debug", options.debug,
                "Each rank in gdb, stopped at main: a window of tmux, a pane a rank")
      ->excludes(tag)
      ->excludes(split)
      ->excludes(profile);
}

MpiJob mpi_job(const Cluster& cluster, const JobOptions& options) {
  MpiJob job;
  job.command = options.command;
  job.via = options.via;
  job.np = options.placement.np;
  job.places = places_of(cluster.inventory(), options);
  job.environment = options.environment;
  job.directory = options.directory;
  job.timeout = cluster.options().timeout;
  return job;
}

namespace {

/// Whoever is named by a job has to be known first.
void look_at_hosts_once(Cluster& cluster) {
  if (!cluster.facts.empty()) return;
  DiscoverStep discover;
  StepRecord record;
  run_step(discover, cluster, record);
}

nlohmann::json document_of(const std::string& command, const JobResult& result) {
  nlohmann::json hosts = nlohmann::json::object();
  for (const auto& [host, why] : result.incomplete)
    hosts[host] = {{"ok", false}, {"error", to_json(why)}};
  nlohmann::json document = {{"command", command},
                             {"ok", result.ok() && result.incomplete.empty()},
                             {"hosts", hosts},
                             {"exit_status", result.exit_status},
                             {"stdout", printable(result.out)},
                             {"stderr", printable(result.err)},
                             {"truncated", result.truncated}};
  if (result.error) document["error"] = to_json(*result.error);
  return document;
}

/// The job's own status, unless the manager failed or nothing else did but the gathering.
ExitCode conclude(Session& session, const JobResult& result) {
  if (result.error) {
    session.err() << printable(error_text(result.error->message, result.error->hint));
    return ExitCode::hosts_failed;
  }
  if (result.ok() && !result.incomplete.empty()) return ExitCode::hosts_failed;
  return static_cast<ExitCode>(result.exit_status);
}

}  // namespace

ExitCode run_job(Session& session, const std::string& name, const JobOptions& options,
                 const std::function<void(nlohmann::json&, const Result&)>& add) {
  session.refuse_dry_run(name);
  const bool json = session.common.json;
  if (options.tag && json) {
    throw Error(ExitCode::usage, fmt::format("{}: --tag and --json exclude each other", name),
                "--tag prints each line as it comes, --json one document at the end");
  }
  std::optional<RankOutput> ranks;
  if (options.tag || !options.split.empty()) ranks.emplace(session, options.tag, options.split);
  std::optional<RankProfiles> profiles;
  if (!options.profile.empty()) profiles.emplace(session, options.profile);

  Cluster& cluster = session.open_cluster();
  look_at_hosts_once(cluster);
  MpiJob job = mpi_job(cluster, options);
  if (!options.no_stdin && !options.debug) job.input = session.input_for_job();
  job.debug = options.debug;
  job.profile = profiles.has_value();
  if (ranks) job.on_rank = [&ranks](const RankPiece& piece) { ranks->take(piece); };
  if (profiles) job.on_rank = [&profiles](const RankPiece& piece) { profiles->take(piece); };
  NodeOutput out(session, Stream::out);
  NodeOutput err(session, Stream::err);
  if (!json) {
    job.on_output = [&](Stream stream, std::string_view text) {
      (stream == Stream::out ? out : err).print(text);
    };
  }

  const JobResult result = launch(cluster, job);
  out.end();
  err.end();
  if (ranks) ranks->end();
  if (session.cancel().cancelled()) {
    // It was ended because nobody takes what it prints: main() says why, where that is a failure.
    if (!session.out() || !session.err()) return ExitCode::interrupted;
    throw Error(ExitCode::interrupted, "interrupted: the job is being ended on all hosts");
  }
  if (profiles) profiles->end();
  if (json) {
    nlohmann::json document = document_of(name, result);
    if (ranks) document["ranks"] = ranks->to_json();
    if (profiles) document["profile"] = profiles->to_json();
    if (add) add(document, result);
    session.print(document);
  }
  return conclude(session, result);
}

}  // namespace clustermpi::cli
