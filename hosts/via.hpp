// The ways in which a job gets onto the nodes.
#pragma once

#include <array>
#include <optional>
#include <string_view>

namespace clustermpi {

enum class Via {
  mpirun,  ///< the MPI's own launcher, on the manager: it starts the ranks over SSH
  srun,    ///< Slurm starts the ranks
  salloc,  ///< mpirun inside an allocation of Slurm's
  sbatch,  ///< srun inside a batch job, which is waited for
};

constexpr std::array all_ways{Via::mpirun, Via::srun, Via::salloc, Via::sbatch};

/// The program that starts the job, which is what the way is called.
[[nodiscard]] constexpr std::string_view name_of(Via via) {
  switch (via) {
    case Via::mpirun:
      return "mpirun";
    case Via::srun:
      return "srun";
    case Via::salloc:
      return "salloc";
    case Via::sbatch:
      return "sbatch";
  }
  return "";
}

[[nodiscard]] constexpr std::optional<Via> via_of(std::string_view name) {
  for (const Via via : all_ways) {
    if (name_of(via) == name) return via;
  }
  return {};
}

}  // namespace clustermpi
