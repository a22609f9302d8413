// What the playbooks get to know of a cluster.
#pragma once

#include <nlohmann/json_fwd.hpp>
#include <string>
#include <vector>

#include "provision/cluster.hpp"

namespace clustermpi {

/// Ansible's dynamic-inventory format: what hosts/ makes of inventory and facts, the variables of
/// the roles, and where the keys are that the roles bring to the nodes.
[[nodiscard]] nlohmann::json playbook_inventory(const Cluster& cluster);

/// Variables of one host in it.
[[nodiscard]] nlohmann::json variables_of(const nlohmann::json& inventory, const std::string& host);

/// Roles beyond MPI's that the inventory asks for, in the order in which they are applied.
[[nodiscard]] std::vector<std::string> roles_asked_for(const Inventory& inventory);

/// The key with which the run user gets from node to node; made once a cluster.
[[nodiscard]] std::filesystem::path cluster_key(const Workspace& workspace);
/// The key by which Slurm's daemons know each other; made once a cluster.
[[nodiscard]] std::filesystem::path munge_key(const Workspace& workspace);

/// Makes the keys that are not there yet. Throws Error{local_failure}.
void make_keys(const Cluster& cluster);

}  // namespace clustermpi
