#include <fmt/format.h>
#include <fmt/ranges.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <nlohmann/json.hpp>
#include <ostream>

#include "cli/job.hpp"
#include "hosts/verdict.hpp"
#include "provision/catalogue.hpp"
#include "provision/steps/build.hpp"
#include "provision/steps/discover.hpp"
#include "provision/steps/distribute.hpp"

namespace clustermpi::cli {

namespace {

nlohmann::json to_json(const Example& example) {
  nlohmann::json tries = nlohmann::json::array();
  for (const ExampleRun& each : example.tries)
    tries.push_back({{"words", each.words}, {"what", each.what}});
  return {{"topic", example.topic}, {"name", example.name},           {"summary", example.summary},
          {"np", example.np},       {"arguments", example.arguments}, {"try", tries}};
}

nlohmann::json document(const std::string& command) {
  return {{"command", command}, {"ok", true}, {"hosts", nlohmann::json::object()}};
}

ExitCode list(Session& session) {
  const std::vector<Example> all = catalogue();
  if (session.common.json) {
    nlohmann::json json = document("examples list");
    json["examples"] = nlohmann::json::array();
    for (const Example& example : all) json["examples"].push_back(to_json(example));
    session.print(json);
    return ExitCode::ok;
  }
  std::size_t width = 0;
  for (const Example& example : all) width = std::max(width, example.name.size());
  for (const Topic& topic : topics()) {
    session.out() << fmt::format("{}{}\n", &topic == &topics().front() ? "" : "\n", topic.title);
    for (const Example& example : all) {
      if (example.topic != topic.folder) continue;
      session.out() << fmt::format("  {:{}}  {}\n", example.name, width, example.summary);
    }
  }
  return ExitCode::ok;
}

struct ShowOptions {
  std::string name;
  bool whole = false;  ///< one file that needs no other of ours
};

std::string to_try(const Example& example, const ExampleRun& run) {
  if (run.changes_source()) return fmt::format("in the source: {}", run.words);
  return fmt::format("clustermpi examples run {} {}", example.name, run.words);
}

/// For a copy of the source that is called as the example is.
std::string compile_line(const Example& example, bool whole) {
  const std::string headers =
      whole ? "" : fmt::format(" -I {}", shell_quote(example_folder(example).string()));
  return fmt::format("mpicxx -std=c++17 -O2 -pthread{0} {1}.cpp -o {1}", headers, example.name);
}

/// Behind the source: what to do with it next.
std::string what_to_try(const Example& example, bool whole) {
  std::size_t width = 0;
  for (const ExampleRun& each : example.tries)
    width = std::max(width, to_try(example, each).size());
  std::string text = fmt::format("\n  clustermpi examples run {}\n", example.name);
  for (const ExampleRun& each : example.tries)
    text += fmt::format("  {:{}}  # {}\n", to_try(example, each), width, each.what);
  return text + fmt::format("\n  {}\n", compile_line(example, whole));
}

ExitCode show(Session& session, const ShowOptions& options) {
  const Example example = find_example(options.name);
  const std::string source = options.whole ? whole_source(example) : example_source(example);
  if (session.common.json) {
    nlohmann::json json = document("examples show");
    json["example"] = to_json(example);
    json["source"] = source;
    session.print(json);
    return ExitCode::ok;
  }
  session.out() << source;
  session.err() << what_to_try(example, options.whole);  // so that stdout is the source alone
  return ExitCode::ok;
}

/// Compiled and brought to every host, where that is not done yet.
void prepare(Session& session, const std::string& name) {
  Cluster& cluster = session.open_cluster();
  const WorkspaceLock lock(cluster.workspace());
  std::vector<std::unique_ptr<Step>> steps;
  if (cluster.facts.empty()) steps.push_back(std::make_unique<DiscoverStep>());
  steps.push_back(std::make_unique<BuildStep>(std::vector{name}));
  steps.push_back(std::make_unique<DistributeStep>(std::vector{name}));
  std::vector<StepRecord> records;
  run_steps(steps, cluster, records);
}

ExitCode run(Session& session, const std::string& name, JobOptions options) {
  session.refuse_dry_run("examples run");
  const Example example = find_example(name);
  prepare(session, example.name);
  if (options.placement.np == 0) options.placement.np = example.np;
  options.command = {program_path(session.open_cluster(), example.name)};
  const bool told = session.operands && !session.operands->empty();
  std::ranges::copy(told ? *session.operands : example.arguments,
                    std::back_inserter(options.command));
  return run_job(session, "examples run", options, [&](nlohmann::json& json, const Result& result) {
    json["figures"] = result_line(result.out, example.name);
  });
}

}  // namespace

void add_examples(CLI::App& app, Session& session) {
  auto* command = app.add_subcommand(
      "examples", "MPI programs to learn from: list them, read them, run them on the cluster");
  command->require_subcommand(1);
  command->footer(
      "  clustermpi examples list\n"
      "  clustermpi examples show scatter       the source, and what to try next\n"
      "  clustermpi examples run scatter        compiled, brought to all hosts and started\n"
      "  clustermpi examples run scatter -n 8 -- --length 16");

  auto* listing = command->add_subcommand("list", "One line an example, by topic");
  listing->callback([&session] { session.action = [&session] { return list(session); }; });

  auto shown = std::make_shared<ShowOptions>();
  auto* showing = command->add_subcommand("show", "Print the source, and what to try next");
  showing->add_option("name", shown->name, "As `examples list` shows it")
      ->type_name("NAME")
      ->required();
  showing->add_flag("--whole", shown->whole,
                    "As one file, with our headers in it, which compiles on any machine");
  showing->footer(
      "The source goes to stdout and the rest to stderr, the line that compiles it at the end:\n"
      "  clustermpi examples show ring >ring.cpp\n"
      "  clustermpi examples show --whole ring >ring.cpp   to take it elsewhere");
  showing->callback(
      [&session, shown] { session.action = [&session, shown] { return show(session, *shown); }; });

  auto name = std::make_shared<std::string>();
  auto options = std::make_shared<JobOptions>();
  auto* running = command->add_subcommand(
      "run", "Compile one on the nodes, bring it to all of them, and start it");
  add_job_options(*running, *options);
  running->add_option("name", *name, "As `examples list` shows it; its arguments behind --")
      ->type_name("NAME")
      ->required();
  running->footer(
      "Without -n and arguments it is run as its source says (`// Run:`).\n"
      "  clustermpi examples run julia\n"
      "  clustermpi examples run ring -n 8 -- --count 100\n"
      "Its exit status is passed on: 0 where the result that it checked is right.");
  running->callback([&session, name, options] {
    session.action = [&session, name, options] { return run(session, *name, *options); };
  });
}

}  // namespace clustermpi::cli
