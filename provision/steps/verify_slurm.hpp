// Whether Slurm itself works: its daemons, munge, the controller, its nodes, and small jobs.
#pragma once

#include <chrono>

#include "provision/cluster.hpp"

namespace clustermpi {

/// How long a job of the proof may stand in the queue: none is started behind somebody else's, but
/// Slurm takes a node back only some time after its last job ended.
constexpr std::chrono::seconds turn_comes_within{30};

enum class SlurmProof {
  works,
  busy,    ///< as far as could be seen: jobs hold its nodes, and none was started behind them
  failed,  ///< Cluster::verdicts say what, and which hosts
};

/// Checks in order, each with a verdict in Cluster::verdicts, a line for people and a deadline of
/// its own. No job is started where daemons, munge, controller or nodes are not as they should be.
SlurmProof verify_slurm(Cluster& cluster);

/// Adds a verdict and tells people of it.
void take_verdict(Cluster& cluster, Verdict verdict);

/// What the nodes call themselves -> what the inventory calls them.
[[nodiscard]] std::map<std::string, std::string> names_by_hostname(const Cluster& cluster);

}  // namespace clustermpi
