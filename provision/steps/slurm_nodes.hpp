// Slurm's nodes taken out of service and put back, by the manager.
#pragma once

#include <string>
#include <vector>

#include "hosts/slurm_state.hpp"
#include "provision/cluster.hpp"

namespace clustermpi {

/// Why a node is drained that is to be started anew; put back to work after it, if need be by the
/// next run.
inline constexpr const char* reason_of_reboot = "clustermpi: reboot";

/// The line that tells Slurm so of those nodes.
[[nodiscard]] std::string update_command(const std::vector<std::string>& nodes,
                                         const std::string& words);

/// `scontrol update` of `nodes` with `words` ("state=resume"); warns of what Slurm says to it.
void update_nodes(Cluster& cluster, const std::vector<std::string>& nodes,
                  const std::string& words);

/// Jobs on any of `nodes`; the rest of the state is left out.
[[nodiscard]] SlurmState jobs_on(const SlurmState& state, const std::vector<std::string>& nodes);

}  // namespace clustermpi
