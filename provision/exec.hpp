// One command line on many hosts at once, and what became of it on each.
#pragma once

#include <chrono>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "provision/cluster.hpp"
#include "provision/output_store.hpp"

namespace clustermpi {

struct ExecRequest {
  std::vector<std::string> hosts;
  std::string line;                    ///< for the user's login shell, as ssh sends it
  bool as_root = false;                ///< all of the line, its pipes and redirections too
  std::shared_ptr<InputStream> input;  ///< to the stdin of all; null: end of file at once
  /// Where output is gathered; null: it is not. Outlives the outcomes.
  OutputStore* store = nullptr;
  /// Sees output as it comes, in pieces that need not be lines; and each end.
  std::function<void(const std::string& host, Stream, std::string_view)> on_output;
  std::function<void(const std::string& host)> on_end;
};

struct HostOutcome {
  std::optional<int> exit_status;  ///< none where the host failed, and not the command
  std::optional<HostError> error;
  /// What was gathered, though the host may have failed half-way. Hosts that printed the same share
  /// one.
  std::shared_ptr<const HostOutput> output;
  std::chrono::milliseconds elapsed{0};

  [[nodiscard]] bool ok() const { return exit_status == 0; }
};
using ExecOutcomes = std::map<std::string, HostOutcome>;  ///< by host

/// Runs the line on all hosts. Those that cannot be reached are failed in the cluster and the
/// others go on. Interrupted, the hosts that had not ended have the error "cancelled".
[[nodiscard]] ExecOutcomes execute(Cluster& cluster, const ExecRequest& request);

/// Hosts with the same output and exit status. The outcome is that of the first.
struct OutcomeGroup {
  std::vector<std::string> hosts;
  const HostOutcome* outcome = nullptr;
};
/// Groups, and the hosts of each, in the order of `hosts`.
[[nodiscard]] std::vector<OutcomeGroup> fold_outcomes(const ExecOutcomes& outcomes,
                                                      const std::vector<std::string>& hosts);

/// The highest of all exit statuses, where a host that failed counts as ExitCode::hosts_failed;
/// ExitCode::interrupted where any was interrupted.
[[nodiscard]] int worst_status(const ExecOutcomes& outcomes);

[[nodiscard]] bool was_interrupted(const HostOutcome& outcome);

}  // namespace clustermpi
