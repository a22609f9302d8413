// Slurm: its configuration and its key on every host, and daemons that run with them.
#pragma once

#include "hosts/slurm_state.hpp"
#include "provision/steps/install.hpp"

namespace clustermpi {

/// `install slurm`. Needs install_mpi() before it, which brings the packages. Hosts that left the
/// inventory are drained before Slurm forgets them, and nodes are put back to work whose fault an
/// installation cures; a node that somebody took out of service on purpose stays out.
class InstallSlurmStep : public Step {
 public:
  explicit InstallSlurmStep(bool new_munge_key);

  [[nodiscard]] std::string name() const override { return "slurm"; }
  [[nodiscard]] std::string title() const override { return install_.title(); }
  [[nodiscard]] std::vector<Change> plan(Cluster& cluster) override;
  /// Throws Error{hosts_failed} where a job still runs on a host that left the inventory.
  std::string apply(Cluster& cluster, const std::vector<Change>& changes) override;

 private:
  void plan_for_nodes(const Cluster& cluster, const SlurmState& state);
  void drain_leaving(Cluster& cluster) const;
  void settle(Cluster& cluster) const;

  InstallStep install_;
  bool new_munge_key_;
  std::vector<Change> configuration_;   ///< of the last plan, what the playbook is for
  std::vector<Change> of_nodes_;        ///< of the last plan, for the nodes as Slurm sees them
  std::vector<std::string> leaving_;    ///< nodes that Slurm knows and the inventory does not
  std::vector<std::string> resumable_;  ///< nodes out of service for a reason that is gone
};

[[nodiscard]] std::unique_ptr<Step> install_slurm(bool new_munge_key = false);

}  // namespace clustermpi
