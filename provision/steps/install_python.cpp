#include "provision/steps/install_python.hpp"

#include <fmt/format.h>

#include <algorithm>

namespace clustermpi {

std::unique_ptr<Step> install_python() {
  return std::make_unique<InstallStep>(
      Playbook{.name = "python",
               .title = "a Python environment with its packages on every host",
               .roles = {"venv"},
               .package_roles = {},
               .brings_packages = false,
               .key = "",
               .product = "Python",
               .product_package = "python3",
               .step = "python"});
}

void require_python(const Inventory& inventory) {
  if (inventory.python) return;
  throw Error(ExitCode::inventory_invalid, "the inventory does not ask for Python",
              "add a line [python] to it");
}

void require_mpi4py(const Inventory& inventory) {
  require_python(inventory);
  if (asks_for_mpi4py(inventory)) return;
  throw Error(ExitCode::inventory_invalid, "mpi4py is not among the packages of [python]",
              "add it there: packages = [\"mpi4py\"]");
}

bool asks_for_mpi4py(const Inventory& inventory) {
  return inventory.python && std::ranges::find(inventory.python->packages, "mpi4py") !=
                                 inventory.python->packages.end();
}

std::string venv_python(const Cluster& cluster) {
  const std::string& venv = cluster.inventory().python->venv;
  const auto manager = cluster.facts.find(cluster.inventory().manager);
  const std::string home = manager == cluster.facts.end() ? "" : manager->second.home + "/";
  return fmt::format("{}/bin/python3", venv.starts_with("~/") ? home + venv.substr(2) : venv);
}

}  // namespace clustermpi
