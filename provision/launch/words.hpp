// The words that jobs are started with: argument vectors, computed.
#pragma once

#include <chrono>
#include <string>
#include <vector>

#include "hosts/writers.hpp"
#include "provision/launcher.hpp"

namespace clustermpi {

/// mpirun's arguments behind `--hostfile FILE`, for that Open MPI. Where the job's way is salloc
/// they are all of them: Slurm says which hosts there are, and starts what mpirun starts there.
[[nodiscard]] std::vector<std::string> mpirun_arguments(const MpiJob& job, unsigned np,
                                                        MpiFormat format,
                                                        const std::string& network);

/// What is asked of Slurm.
struct SlurmRequest {
  unsigned ranks = 1;
  std::vector<std::string> nodes;  ///< all of these; empty: those that Slurm chooses
  std::vector<std::string> not_on;
  unsigned ranks_per_node = 0;  ///< 0: as Slurm fills them
  std::string name;             ///< of the job
  std::string partition;        ///< empty: Slurm's default
  std::string directory;        ///< where it starts, on every node
  std::chrono::seconds patience{0};
};

/// The options that srun, salloc and sbatch have in common.
[[nodiscard]] std::vector<std::string> slurm_options(const SlurmRequest& request);

/// `command` as srun's: in all of an MPI job's ranks, ended when one of them fails, as mpirun does.
[[nodiscard]] std::vector<std::string> srun_step(const std::vector<std::string>& command);

/// A batch script that starts `command` in all ranks.
[[nodiscard]] std::string batch_script(const std::vector<std::string>& command);

/// What a job is called: its program without the folders.
[[nodiscard]] std::string job_name(const std::vector<std::string>& command);

}  // namespace clustermpi
