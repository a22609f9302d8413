// The files beside the inventory that ssh, Ansible and mpirun take.
#pragma once

#include "provision/step.hpp"

namespace clustermpi {

/// Text of `.clustermpi/ssh_config` for this inventory.
[[nodiscard]] std::string render_ssh_config(const Cluster& cluster);

/// Writes ssh_config, machinefile and rankfile where they are not up to date.
class GenerateStep : public Step {
 public:
  [[nodiscard]] std::string name() const override { return "generate"; }
  [[nodiscard]] std::string title() const override { return "ssh_config, machinefile, rankfile"; }
  [[nodiscard]] std::vector<Change> plan(Cluster& cluster) override;
  std::string apply(Cluster& cluster, const std::vector<Change>& changes) override;
};

}  // namespace clustermpi
