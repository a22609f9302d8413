// Slurm as the manager sees it, and jobs through it.
#pragma once

#include "hosts/slurm_state.hpp"
#include "provision/cluster.hpp"
#include "provision/launch/words.hpp"
#include "provision/launcher.hpp"

namespace clustermpi {

/// Asks the manager, in one round trip, and keeps the answer in Cluster::slurm. Throws
/// Error{hosts_failed} where it does not answer.
[[nodiscard]] SlurmState ask_slurm(Cluster& cluster);

/// What is asked of Slurm for `job` on `nodes`, which are slots_in_slurm(): all of them where the
/// job wants all slots. Throws Error{usage} where it wants more ranks than Slurm has CPUs on them.
[[nodiscard]] SlurmRequest slurm_request(const MpiJob& job, const std::vector<NodeSlots>& nodes,
                                         const SlurmState& state);

/// Whether each of `nodes` gets exactly its slots when a job wants them all; where not, Slurm fills
/// them in its own order.
[[nodiscard]] bool places_exactly(const std::vector<NodeSlots>& nodes, const SlurmState& state);

/// The partition that all nodes are in, where there are others beside it; else empty.
[[nodiscard]] std::string common_partition(const Inventory& inventory);

}  // namespace clustermpi
