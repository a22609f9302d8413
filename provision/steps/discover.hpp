// What every host says of itself: one probe script, one round trip a node.
#pragma once

#include "provision/step.hpp"

namespace clustermpi {

/// Fills Cluster::facts and Cluster::states, and stores the facts (not in a dry run). Reads only.
class DiscoverStep : public Step {
 public:
  [[nodiscard]] std::string name() const override { return "discover"; }
  [[nodiscard]] std::string title() const override;
  [[nodiscard]] std::vector<Change> plan(Cluster& cluster) override;
  std::string apply(Cluster&, const std::vector<Change>&) override { return {}; }
  [[nodiscard]] std::string nothing_to_do(const Cluster& cluster) const override;
};

/// Asks `hosts` anew who they are, and stores it. Cluster::states stay as they are.
void renew_facts(Cluster& cluster, const std::vector<std::string>& hosts);

/// All that can be known to go wrong, before anything is changed: hosts that cannot work are set
/// aside, a cluster that cannot work ends the run.
class CheckStep : public Step {
 public:
  [[nodiscard]] std::string name() const override { return "check"; }
  [[nodiscard]] std::string title() const override;
  [[nodiscard]] std::vector<Change> plan(Cluster& cluster) override;
  std::string apply(Cluster&, const std::vector<Change>&) override { return {}; }
  [[nodiscard]] std::string nothing_to_do(const Cluster& cluster) const override;
};

}  // namespace clustermpi
