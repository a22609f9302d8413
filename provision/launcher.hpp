// Jobs on the cluster, started on the manager: by the launcher of its MPI (Open MPI's mpirun,
// MPICH's Hydra) with the flags that it knows, or by Slurm.
#pragma once

#include <chrono>
#include <functional>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "hosts/via.hpp"
#include "hosts/writers.hpp"
#include "provision/cluster.hpp"

namespace clustermpi {

/// Hosts that an MPI job of this run can span, with their slots; the manager first.
[[nodiscard]] std::vector<NodeSlots> job_nodes(const Cluster& cluster);

/// The same; throws Error{usage} where there are none.
[[nodiscard]] std::vector<NodeSlots> require_job_nodes(const Cluster& cluster);

/// place() on these hosts, by the measured speeds where the request goes by them.
[[nodiscard]] Placement place_on(const Cluster& cluster, std::vector<NodeSlots> nodes,
                                 const PlacementRequest& request);

/// By the inventory's MPI and its version on the manager. Throws Error{hosts_failed} where nothing
/// is known of the manager.
[[nodiscard]] MpiFormat mpi_format(const Cluster& cluster);

/// Something that one rank of a job did. `kind`: "start"; "out" and "err", with what it printed, in
/// pieces that need not be lines, and without bytes once no more comes; "profile", what its
/// functions cost, as lines "COUNT FUNCTION".
struct RankPiece {
  unsigned rank = 0;
  std::string host;
  std::string_view kind;
  std::string_view bytes;
};

struct MpiJob {
  std::vector<std::string> command;  ///< program and arguments, paths as on the nodes
  std::string name;                  ///< in Slurm's queue; empty: as the program is called
  /// Where ranks start, and what a program's relative path begins at; itself relative to the home
  /// there. Empty: the home.
  std::string directory;
  Via via = Via::mpirun;
  unsigned np = 0;  ///< 0: all slots
  /// Where the ranks run, its `np` aside; left out: as mpirun or Slurm deals them out. By mpirun
  /// and srun only.
  std::optional<PlacementRequest> places;
  std::vector<std::pair<std::string, std::string>>
      environment;                       ///< set for every rank; one line each
  std::chrono::milliseconds timeout{0};  ///< 0: none
  /// How long it may stand in Slurm's queue before it is given up; 0: for ever. Not by sbatch.
  std::chrono::seconds patience{0};
  int input = -1;  ///< rank 0 reads it as its stdin, to its end; -1: nothing
  std::function<void(Stream, std::string_view)> on_output;
  /// Set: sees what ranks print, each for itself; `on_output` only what the launcher says.
  std::function<void(const RankPiece&)> on_rank;
  /// Each rank waits for a debugger, which a window of tmux has a pane for. Not with `on_rank`.
  bool debug = false;
  /// `on_rank` sees each rank's profile, and `on_output` what they print.
  bool profile = false;
};

/// A pane is of no use where it has a few lines.
constexpr unsigned most_ranks_to_debug = 16;

/// What became of a job: of its launcher, and of what its ranks printed.
struct JobResult : Result {
  /// With `on_rank` or `debug`: hosts where what ranks printed may be incomplete, and why.
  std::map<std::string, HostError> incomplete;
};

/// Starts the job on the manager and waits for its end; the result's exit status is the job's. The
/// job ends when we do: by Ctrl-C, a timeout or a lost connection. Throws Error{usage} where np is
/// larger than what the hosts take, or the places cannot be had, and
/// Error{hosts_failed} where what starts it is not there, a host lacks the directory or a debugger
/// or, with Slurm, its controller does not answer; nothing is started then. Throws
/// Error{local_failure} where no window opens for debuggers; the job is ended then.
JobResult launch(Cluster& cluster, const MpiJob& job);

}  // namespace clustermpi
