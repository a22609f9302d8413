// Packages and settings, by a bundled playbook.
#pragma once

#include "provision/ansible.hpp"
#include "provision/step.hpp"

namespace clustermpi {

struct Playbook {
  std::string name;                ///< without folder and ending: "mpi"
  std::string title;               ///< what it brings, for people
  std::vector<std::string> roles;  ///< in the order in which it applies them
  /// Whose packages it brings as well: one transaction of apt's is much faster than several.
  std::vector<std::string> package_roles;
  bool brings_packages = true;  ///< else another playbook has brought those of its roles
  std::string key;      ///< in the workspace; another one means another installation; empty: none
  std::string product;  ///< what a host is said to have afterwards: "Open MPI",
  std::string product_package;   ///< in the version of this package; empty: none tells
  std::string step = "install";  ///< what the step is called
};

/// A host whose inputs, package versions and managed files are as the playbook's last run left them
/// is recognised from what discover read, and skipped. Needs discover before it.
class InstallStep : public Step {
 public:
  explicit InstallStep(Playbook playbook) : playbook_(std::move(playbook)) {}

  [[nodiscard]] std::string name() const override { return playbook_.step; }
  [[nodiscard]] std::string title() const override { return playbook_.title; }
  [[nodiscard]] std::vector<Change> plan(Cluster& cluster) override;
  std::string apply(Cluster& cluster, const std::vector<Change>& changes) override;

 private:
  void record(Cluster& cluster, const std::vector<std::string>& hosts);

  Playbook playbook_;
};

/// What is in a `venv`, and from where: "colour from the package index; mpi4py from Debian". Empty
/// where nothing of ours is.
[[nodiscard]] std::string packages_of_venv(const ItemState& item);

/// `install mpi`: Open MPI, names, time and trust; and the packages of all else that the inventory
/// asks for.
[[nodiscard]] std::unique_ptr<Step> install_mpi(const Inventory& inventory);

}  // namespace clustermpi
