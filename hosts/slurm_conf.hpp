// Slurm's configuration, from what the user wrote and what the nodes say of themselves. Computed in
// one place from stored facts, so that a host that is away now stops nobody.
#pragma once

#include <map>
#include <string>
#include <vector>

#include "hosts/facts.hpp"
#include "hosts/inventory.hpp"
#include "hosts/placement.hpp"

namespace clustermpi {

/// The files of Slurm's configuration folder, the same on all nodes. Equal input gives equal bytes.
struct SlurmFiles {
  std::string slurm_conf;
  std::string cgroup_conf;  ///< empty: there is to be none
  std::string gres_conf;    ///< empty: there is to be none

  bool operator==(const SlurmFiles&) const = default;
};

/// Only keys that every node's Slurm knows. Hosts without facts are no nodes: see
/// slurm_left_out(). Throws Error{local_failure} where no host is left to be a node. The inventory
/// must have a [slurm] table.
[[nodiscard]] SlurmFiles slurm_files(const Inventory& inventory, const FleetFacts& facts);

/// Names of the nodes as Slurm knows them (short), in the order of the inventory: the hosts with
/// facts, without a manager that does not compute.
[[nodiscard]] std::vector<std::string> slurm_nodes(const Inventory& inventory,
                                                   const FleetFacts& facts);

/// What slurm.conf says of each of them alone, by host name: "CPUs=4 ... State=UNKNOWN".
[[nodiscard]] std::map<std::string, std::string> slurm_properties(const Inventory& inventory,
                                                                  const FleetFacts& facts);

/// Whether Slurm on these nodes keeps processes to the cores that they were given, and so heeds
/// --cpu-bind.
[[nodiscard]] bool slurm_binds(const Inventory& inventory, const FleetFacts& facts);

/// The hosts that would be nodes if anything were known of them.
[[nodiscard]] std::vector<std::string> slurm_left_out(const Inventory& inventory,
                                                      const FleetFacts& facts);

/// The Slurm that a host has or will get: installed, else apt's candidate, else by its OS release;
/// zero where none of them says.
[[nodiscard]] Version slurm_version(const Facts& facts);

/// As Slurm writes it: "22.05".
[[nodiscard]] std::string slurm_release(const Version& version);

/// Where the host's Slurm reads its configuration.
[[nodiscard]] std::string slurm_config_dir(const Facts& facts);

/// What slurm.conf promises of a node with that much memory, in MiB: 95 % of it, rounded down to
/// 64 MiB, at least 1. A kernel update or another GPU split takes some MiB, and Slurm drains a node
/// that has less than was promised.
[[nodiscard]] std::uint64_t promised_memory(std::uint64_t memory_mib);

}  // namespace clustermpi
