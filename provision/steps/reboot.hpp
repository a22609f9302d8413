// Kernels that can hold Slurm's jobs to their memory, and the reboots that this takes.
#pragma once

#include "provision/step.hpp"

namespace clustermpi {

/// Needs the packages of Slurm, and comes before its configuration, which goes by what the kernels
/// can do. A node is started anew for this one reason, once: not while jobs run on it, never the
/// machine that this program runs on, and in batches, the manager last. Such a node, and one whose
/// kernel cannot limit memory even so, is named in a warning; it stays a node, and the run goes on.
class RebootStep : public Step {
 public:
  /// Without `may_reboot` it says which nodes are left to be started anew.
  explicit RebootStep(bool may_reboot) : may_reboot_(may_reboot) {}

  [[nodiscard]] std::string name() const override { return "reboot"; }
  [[nodiscard]] std::string title() const override { return "kernels that can limit memory"; }
  [[nodiscard]] std::vector<Change> plan(Cluster& cluster) override;
  std::string apply(Cluster& cluster, const std::vector<Change>& changes) override;

 private:
  [[nodiscard]] std::vector<std::string> fit_for_reboot(Cluster& cluster,
                                                        const std::vector<std::string>& due) const;

  bool may_reboot_;
  std::vector<std::string> to_ask_;     ///< of the last plan: their line is to get the word
  std::vector<std::string> to_reboot_;  ///< of the last plan
};

}  // namespace clustermpi
