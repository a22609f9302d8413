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
  std::vector<std::string>
      environment;                   ///< "NAME=VALUE", or "NAME" with the value that it has here
  std::vector<std::string> command;  ///< program and arguments
};

/// -n, --policy and the like, --via and --env. `options` outlives the app.
void add_job_options(CLI::App& command, JobOptions& options);

/// The same without -n, for a command that has its own.
void add_launch_options(CLI::App& command, JobOptions& options);

/// What the options say; nothing is started. Throws Error{usage}.
[[nodiscard]] MpiJob mpi_job(const Cluster& cluster, const JobOptions& options);

/// Starts `options.command` on the cluster, passes its output on while it runs and its exit status
/// at the end. With --json there is one document, to which `add` may add what the command knows of
/// the output.
ExitCode run_job(Session& session, const std::string& name, const JobOptions& options,
                 const std::function<void(nlohmann::json&, const Result&)>& add = {});

}  // namespace clustermpi::cli
