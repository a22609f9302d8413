// The options that say where ranks run, the same for all commands that place some.
#pragma once

#include <map>
#include <optional>
#include <string>
#include <vector>

#include "hosts/inventory.hpp"

namespace CLI {
class App;
}

namespace clustermpi::cli {

/// What was given on the command line; the rest is [placement]'s.
struct PlacementOptions {
  unsigned np = 0;
  std::optional<Policy> policy;
  std::optional<unsigned> threads;
  std::optional<unsigned> per_node;
  bool exclude_manager = false;
  std::vector<std::string> only_labels;
  std::map<std::string, double, std::less<>> weights;  ///< of a host, or of each with a label
};

/// -n, --policy and those that go with it. `options` outlives the app.
void add_placement_options(CLI::App& command, PlacementOptions& options);
// Each of the two alone.
void add_np_option(CLI::App& command, PlacementOptions& options);
void add_policy_options(CLI::App& command, PlacementOptions& options);

/// Whether anything but the number of ranks was said.
[[nodiscard]] bool asks_for_places(const PlacementOptions& options);

[[nodiscard]] PlacementRequest placement_request(const Inventory& inventory,
                                                 const PlacementOptions& options);

}  // namespace clustermpi::cli
