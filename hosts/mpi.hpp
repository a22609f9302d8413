// The MPI implementations as the distributions package them. Both may be on a host at once:
// whatever is called here belongs to one of them alone, and is not what `update-alternatives`
// points to.
#pragma once

#include <string_view>

#include "hosts/facts.hpp"
#include "hosts/inventory.hpp"

namespace clustermpi {

struct MpiNames {
  std::string_view title;  ///< "Open MPI"
  std::string_view key;    ///< in the inventory, of its role and in a build group's key: "openmpi"
  std::string_view runtime;   ///< the package that starts jobs
  std::string_view headers;   ///< the package that programs are compiled with
  std::string_view launcher;  ///< the program that starts jobs
  std::string_view compiler;  ///< the program that compiles C++
};

[[nodiscard]] const MpiNames& mpi_names(MpiImplementation mpi);

/// The version of it that a host has or will get: installed, else apt's candidate, else by its OS
/// release; zero where nobody knows.
[[nodiscard]] Version mpi_version(const Facts& facts, MpiImplementation mpi);

}  // namespace clustermpi
