// Packages and settings, by the bundled playbooks.
#pragma once

#include <nlohmann/json_fwd.hpp>

#include "provision/ansible.hpp"
#include "provision/step.hpp"

namespace clustermpi {

/// `install mpi`. A host whose inputs, package versions and managed files are as the last run left
/// them is recognised from what discover read, and skipped. Needs discover before it.
class InstallStep : public Step {
 public:
  /// `playbook` without folder and ending ("mpi"); `roles` in the order in which it applies them.
  InstallStep(std::string playbook, std::vector<std::string> roles, std::string title);

  [[nodiscard]] std::string name() const override { return "install"; }
  [[nodiscard]] std::string title() const override { return title_; }
  [[nodiscard]] std::vector<Change> plan(Cluster& cluster) override;
  std::string apply(Cluster& cluster, const std::vector<Change>& changes) override;

 private:
  void record(Cluster& cluster, const std::vector<std::string>& hosts);

  std::string playbook_;
  std::vector<std::string> roles_;
  std::string title_;
};

[[nodiscard]] std::unique_ptr<Step> install_mpi();

/// What the playbooks get to know of this cluster, in Ansible's dynamic-inventory format.
[[nodiscard]] nlohmann::json playbook_inventory(const Cluster& cluster);

}  // namespace clustermpi
