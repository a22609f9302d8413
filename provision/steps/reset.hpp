// Takes away what was installed, and brings back what was there before.
#pragma once

#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "provision/step.hpp"

namespace clustermpi {

struct ResetOptions {
  std::vector<std::string> parts;  ///< of reset_parts()
  bool force = false;              ///< with jobs running, which are cancelled
};

/// What can be reset: "mpi", "slurm", ... All of them together are more than their sum: what
/// clustermpi keeps on nodes goes, too.
[[nodiscard]] std::vector<std::string> reset_parts();

/// What a node says (remote/reset.sh) that would go.
struct Removal {
  std::vector<std::string> what;   ///< in plain words, a line each
  std::vector<std::string> stays;  ///< packages of ours that something else needs by now
  std::set<std::string> jobs;      ///< of Slurm's, waiting or running
};

/// Lines that it does not know are ignored.
[[nodiscard]] Removal parse_removal(std::string_view output);

/// The question to whoever is to agree: hosts with equal lists are told of once.
[[nodiscard]] std::string reset_question(const std::vector<Change>& changes);

/// Goes by the journal on each node, not by the inventory or by Ansible, so that it works where
/// Python is broken. Asks before it changes anything. Needs no step before it. Hosts that are down
/// are set aside; run again, it does what is left.
class ResetStep : public Step {
 public:
  explicit ResetStep(ResetOptions options) : options_(std::move(options)) {}

  [[nodiscard]] std::string name() const override { return "reset"; }
  [[nodiscard]] std::string title() const override;
  [[nodiscard]] bool needs_manager() const override { return false; }
  [[nodiscard]] std::vector<Change> plan(Cluster& cluster) override;
  std::string apply(Cluster& cluster, const std::vector<Change>& changes) override;
  [[nodiscard]] std::string nothing_to_do(const Cluster&) const override {
    return "nothing of ours is there";
  }

 private:
  [[nodiscard]] std::map<std::string, Result> run(Cluster& cluster,
                                                  const std::vector<std::string>& hosts,
                                                  std::string_view mode) const;

  ResetOptions options_;
  std::set<std::string> jobs_;
};

}  // namespace clustermpi
