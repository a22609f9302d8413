#include "cli/placement_options.hpp"

#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <charconv>
#include <cmath>

#include "cli/choice.hpp"
#include "hosts/error.hpp"

namespace clustermpi::cli {

namespace {

constexpr unsigned most_ranks = 1'000'000;
constexpr unsigned most_on_a_host = 4096;
const char* const group = "Where ranks run (else as [placement] in the inventory says)";

std::string policy_help() {
  std::string help = "How ranks are dealt out:";
  for (const PolicyName& each : policy_names)
    help += fmt::format("\n  {:<10} {}", each.name, each.does);
  return help;
}

std::vector<std::string> names_of_policies() {
  std::vector<std::string> names;
  for (const PolicyName& each : policy_names) names.emplace_back(each.name);
  return names;
}

std::pair<std::string, double> read_weight(const std::string& word) {
  const std::size_t equals = word.find('=');
  const std::string number = equals == std::string::npos ? "" : word.substr(equals + 1);
  double weight = 0;
  const auto [end, error] = std::from_chars(number.data(), number.data() + number.size(), weight);
  const bool whole = error == std::errc{} && end == number.data() + number.size();
  if (equals == 0 || !whole || !std::isfinite(weight) || weight <= 0)
    throw Error(ExitCode::usage,
                fmt::format("--weight {}: it takes a host or a label, and a number above 0", word),
                "as in --weight pi4=2 --weight pi3=1");
  return {word.substr(0, equals), weight};
}

}  // namespace

void add_placement_options(CLI::App& command, PlacementOptions& options) {
  add_np_option(command, options);
  add_policy_options(command, options);
}

void add_np_option(CLI::App& command, PlacementOptions& options) {
  command.add_option("-n,--np", options.np, "Ranks (default: as many as there is room for)")
      ->check(CLI::Range(1u, most_ranks));
}

void add_policy_options(CLI::App& command, PlacementOptions& options) {
  command
      .add_option_function<std::string>(
          "--policy", [&options](const std::string& name) { options.policy = policy_of(name); },
          policy_help())
      ->type_name("POLICY")
      ->check(choice("policy", names_of_policies()).description(""))
      ->group(group);
  command
      .add_option("--threads", options.threads, "Cores a rank gets (hybrid programs; default: 1)")
      ->type_name("T")
      ->check(CLI::Range(1u, most_on_a_host))
      ->group(group);
  command.add_option("--per-node", options.per_node, "Ranks on one host, at most")
      ->type_name("K")
      ->check(CLI::Range(1u, most_on_a_host))
      ->group(group);
  command.add_flag("--exclude-manager", options.exclude_manager, "No ranks on the manager")
      ->group(group);
  command
      .add_option("--only-label", options.only_labels, "Only hosts with this label; several add up")
      ->type_name("LABEL")
      ->allow_extra_args(false)
      ->group(group);
  command
      .add_option_function<std::vector<std::string>>(
          "--weight",
          [&options](const std::vector<std::string>& words) {
            for (const std::string& word : words) options.weights.insert(read_weight(word));
          },
          "How fast a host, or each with a label, is against the others")
      ->type_name("NAME=NUMBER")
      ->allow_extra_args(false)
      ->group(group);
}

bool asks_for_places(const PlacementOptions& options) {
  return options.policy || options.threads || options.per_node || options.exclude_manager ||
         !options.only_labels.empty() || !options.weights.empty();
}

PlacementRequest placement_request(const Inventory& inventory, const PlacementOptions& options) {
  PlacementRequest request = inventory.placement.value_or(PlacementRequest{});
  request.np = options.np;
  if (options.threads) request.threads = *options.threads;
  if (options.per_node) request.per_node = *options.per_node;
  if (options.exclude_manager) request.exclude_manager = true;
  if (!options.only_labels.empty()) request.only_labels = options.only_labels;
  if (!options.weights.empty()) {
    request.weights = options.weights;
    request.policy = Policy::weighted;
  }
  if (options.policy) request.policy = *options.policy;
  return request;
}

}  // namespace clustermpi::cli
