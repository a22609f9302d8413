// High Performance Linpack as a program that a sweep runs.
#pragma once

#include <map>
#include <memory>
#include <vector>

#include "hosts/hpl.hpp"
#include "provision/steps/sweep.hpp"

namespace clustermpi {

/// hpcc on every host. Needs discover before it.
[[nodiscard]] std::unique_ptr<Step> install_hpcc();

struct HplSize {
  double memory_fraction = hpl_memory_fraction;
  bool quick = false;  ///< hpl_quick_n instead
};

/// The command, hpcc with the problem that fits the hosts on which these ranks run, on top of
/// `job`, which says all else. `cluster` outlives the program. A residual above HPL's threshold is
/// a fault.
[[nodiscard]] SweepProgram hpl_program(const Cluster& cluster, const MpiJob& job, HplSize size);

/// How many hosts the ranks of these runs of `job` were on, by np.
[[nodiscard]] std::map<unsigned, unsigned> hosts_by_np(const Cluster& cluster, const MpiJob& job,
                                                       const std::vector<SweepRun>& runs);

}  // namespace clustermpi
