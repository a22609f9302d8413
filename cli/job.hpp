// A job as the command line asks for one: the same options and the same ending for every command
// that starts one.
#pragma once

#include <functional>
#include <nlohmann/json_fwd.hpp>
#include <string>
#include <vector>

#include "cli/app.hpp"
#include "cli/placement_options.hpp"
#include "provision/launcher.hpp"

namespace clustermpi::cli {

struct JobOptions {
  Via via = Via::mpirun;
  PlacementOptions placement;
  std::vector<std::pair<std::string, std::string>> environment;  ///< names and values
  std::vector<std::string> command;                              ///< program and arguments
  std::string directory;  ///< where ranks start; empty: the home
  bool no_stdin = false;  ///< rank 0 gets nothing of ours
  bool tag = false;       ///< each line with its rank
  std::string split;      ///< a folder for a file a rank; empty: none
  bool debug = false;     ///< each rank under gdb
  std::string profile;    ///< a folder for a profile a rank; empty: none
};

/// All of these, the command aside. `options` outlives the app.
void add_job_options(CLI::App& command, JobOptions& options);

/// Where ranks run, what starts them and their environment alone: for a command that starts many
/// jobs.
void add_launch_options(CLI::App& command, JobOptions& options);

/// What the options say; nothing is started. Throws Error{usage}.
[[nodiscard]] MpiJob mpi_job(const Cluster& cluster, const JobOptions& options);

/// Starts `options.command` on the cluster, passes its output on while it runs and its exit status
/// at the end; hosts_failed where what ranks printed may be incomplete, and interrupted, without a
/// word, where what it prints could not be passed on. With --json there is one document, to which
/// `add` may add what the command knows of the output.
ExitCode run_job(Session& session, const std::string& name, const JobOptions& options,
                 const std::function<void(nlohmann::json&, const Result&)>& add = {});

}  // namespace clustermpi::cli
