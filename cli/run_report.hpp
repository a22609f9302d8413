// How a run of steps is told at its end: the JSON document, or a table of the steps.
#pragma once

#include "cli/app.hpp"
#include "provision/up.hpp"

namespace clustermpi::cli {

/// Runs the steps on the session's cluster and prints the outcome; the command's exit code.
ExitCode run_and_tell(Session& session, const std::string& command,
                      const std::vector<std::unique_ptr<Step>>& steps,
                      ExitCode when_hosts_fail = ExitCode::hosts_failed);

}  // namespace clustermpi::cli
