// Hosts that get the names that the inventory gives them.
#pragma once

#include "provision/step.hpp"

namespace clustermpi {

/// `--set-hostnames`: never without being asked for. Names each host as the inventory does, now and
/// for good; nothing has to be started anew. Needs discover before it, and check after it.
class HostnamesStep : public Step {
 public:
  [[nodiscard]] std::string name() const override { return "hostnames"; }
  [[nodiscard]] std::string title() const override {
    return "host names as the inventory has them";
  }
  [[nodiscard]] std::vector<Change> plan(Cluster& cluster) override;
  std::string apply(Cluster& cluster, const std::vector<Change>& changes) override;
};

}  // namespace clustermpi
