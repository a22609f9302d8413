// The words that jobs are started with: argument vectors, computed.
#pragma once

#include <chrono>
#include <string>
#include <string_view>
#include <vector>

#include "hosts/writers.hpp"
#include "provision/launcher.hpp"

namespace clustermpi {

/// For the ssh by which a launcher starts its daemons on the other nodes: it must fail rather than
/// ask or wait for ever.
constexpr std::string_view ssh_arguments = "-o BatchMode=yes -o ConnectTimeout=10";

/// The arguments of Open MPI's mpirun behind those that name its files (remote/launch.sh). Where
/// the job's way is salloc they are all of them: Slurm says which hosts there are, and starts what
/// mpirun starts there.
[[nodiscard]] std::vector<std::string> mpirun_arguments(const MpiJob& job, unsigned np,
                                                        MpiFormat format,
                                                        const std::string& network);

/// The same of Hydra, which starts MPICH's jobs. `manager` is where it runs, as all nodes call it.
[[nodiscard]] std::vector<std::string> hydra_arguments(const MpiJob& job, unsigned np,
                                                       const std::string& manager);

/// What is asked of Slurm.
struct SlurmRequest {
  unsigned ranks = 1;
  std::vector<std::string> nodes;  ///< all of these; empty: those that Slurm chooses
  std::vector<std::string> not_on;
  unsigned ranks_per_node = 0;  ///< 0: as Slurm fills them
  std::string name;             ///< of the job
  std::string partition;        ///< empty: Slurm's default
  bool whole_nodes = false;     ///< no other job runs there meanwhile
  std::string directory;        ///< where it starts, on every node
  std::chrono::seconds patience{0};
};

/// The options that srun, salloc and sbatch have in common.
[[nodiscard]] std::vector<std::string> slurm_options(const SlurmRequest& request);

/// The job's command as srun's: in all ranks, ended when one of them fails, as mpirun does.
[[nodiscard]] std::vector<std::string> srun_step(const MpiJob& job, MpiFormat format);

/// The same inside an allocation of whole nodes, rank by rank on the hosts that SLURM_HOSTFILE
/// lists, and on the cores that `cpu_bind` does: those can be named to a step that has all of its
/// nodes, which srun alone does not give.
[[nodiscard]] std::vector<std::string> placed_step(const MpiJob& job, MpiFormat format,
                                                   unsigned ranks, const std::string& cpu_bind);

/// A batch script that starts the job's command in all ranks.
[[nodiscard]] std::string batch_script(const MpiJob& job, MpiFormat format);

/// What a job is called: its program without the folders.
[[nodiscard]] std::string job_name(const std::vector<std::string>& command);

}  // namespace clustermpi
