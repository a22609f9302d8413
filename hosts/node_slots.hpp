// What each host offers to a job.
#pragma once

#include <map>
#include <string>
#include <unordered_map>
#include <vector>

#include "hosts/facts.hpp"
#include "hosts/inventory.hpp"
#include "hosts/placement_request.hpp"

namespace clustermpi {

using FleetFacts = std::map<std::string, Facts>;  ///< by host name; a host may be missing

/// What a host offers to a job.
struct NodeSlots {
  std::string host;
  unsigned slots = 1;        ///< ranks the host takes at most
  unsigned cores = 1;        ///< for binding
  bool slots_given = false;  ///< by the inventory; else they are as many as cores
  unsigned threads = 0;      ///< hardware threads; 0: one a core
  unsigned gpus = 0;
  std::vector<Span> packages = {};  ///< the cores of each; empty: all in one
  std::vector<Span> numas = {};     ///< likewise

  bool operator==(const NodeSlots&) const = default;
};

/// The hosts of `names` with their slots: the inventory's, else the cores found, else 1.
/// The manager comes first where it is among them: mpirun starts there.
[[nodiscard]] std::vector<NodeSlots> node_slots(const Inventory& inventory, const FleetFacts& facts,
                                                const std::vector<std::string>& names);

[[nodiscard]] unsigned total_slots(const std::vector<NodeSlots>& nodes);

/// The inventory's hosts by name, while it lives.
using HostIndex = std::unordered_map<std::string_view, const Host*>;
[[nodiscard]] HostIndex index_of(const Inventory& inventory);

}  // namespace clustermpi
