// Python: an environment with mpi4py on every host, and how it is run.
#pragma once

#include "provision/steps/install.hpp"

namespace clustermpi {

/// `install python`. Needs install_mpi() before it, which brings the packages of roles. Packages
/// come from the index that pip knows on the host, where one answers and has them, else from
/// Debian: which it was, is said.
[[nodiscard]] std::unique_ptr<Step> install_python();

/// Throws Error{inventory_invalid} where the inventory asks for no Python.
void require_python(const Inventory& inventory);

/// The same, and where mpi4py is not among its packages.
void require_mpi4py(const Inventory& inventory);
[[nodiscard]] bool asks_for_mpi4py(const Inventory& inventory);

/// Of the environment, as a path on all hosts; [python] is in the inventory.
[[nodiscard]] std::string venv_python(const Cluster& cluster);

}  // namespace clustermpi
