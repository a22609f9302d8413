// Jobs on the cluster: mpirun on the manager, with the flags that its Open MPI knows.
#pragma once

#include <chrono>
#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "hosts/writers.hpp"
#include "provision/cluster.hpp"

namespace clustermpi {

/// Hosts that an MPI job of this run can span, with their slots; the manager first.
[[nodiscard]] std::vector<NodeSlots> job_nodes(const Cluster& cluster);

/// By the manager's Open MPI. Throws Error{hosts_failed} where nothing is known of the manager.
[[nodiscard]] MpiFormat mpi_format(const Cluster& cluster);

struct MpiJob {
  std::vector<std::string> command;  ///< program and arguments, paths as on the nodes
  unsigned np = 0;                   ///< 0: all slots
  std::vector<std::pair<std::string, std::string>>
      environment;                       ///< set for every rank; one line each
  std::chrono::milliseconds timeout{0};  ///< 0: none
  std::function<void(Stream, std::string_view)> on_output;
};

/// mpirun's argument vector behind `--hostfile FILE`, for that Open MPI.
[[nodiscard]] std::vector<std::string> mpirun_arguments(const MpiJob& job, unsigned np,
                                                        MpiFormat format,
                                                        const std::string& network);

/// Starts the job on the manager and waits for its end; the result's exit status is mpirun's. The
/// job ends when we do: by Ctrl-C, a timeout or a lost connection. Throws Error{usage} where np is
/// larger than the slots.
Result launch(Cluster& cluster, const MpiJob& job);

}  // namespace clustermpi
