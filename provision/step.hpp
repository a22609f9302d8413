// A step: plan, then apply. An empty plan means that there is nothing to do.
#pragma once

#include <chrono>
#include <memory>
#include <string>
#include <vector>

#include "provision/cluster.hpp"

namespace clustermpi {

/// One thing that a step would change, in plain words: "install openmpi-bin". `host` is empty where
/// it is on this machine.
struct Change {
  std::string host;
  std::string what;

  bool operator==(const Change&) const = default;
};

class Step {
 public:
  virtual ~Step() = default;

  [[nodiscard]] virtual std::string name() const = 0;  ///< "install"
  [[nodiscard]] virtual std::string title()
      const = 0;  ///< "Open MPI from the distribution's packages"
  /// What apply() would change. May look at machines, never changes one; hosts that fail are set
  /// aside.
  [[nodiscard]] virtual std::vector<Change> plan(Cluster& cluster) = 0;
  /// Carries `changes` out (as plan() returned them, not empty). Returns the summary for the step's
  /// line.
  virtual std::string apply(Cluster& cluster, const std::vector<Change>& changes) = 0;
  /// Whether nothing can be done while the manager is down.
  [[nodiscard]] virtual bool needs_manager() const { return true; }
  /// The summary where the plan is empty.
  [[nodiscard]] virtual std::string nothing_to_do(const Cluster&) const { return "no change"; }
};

struct StepRecord {
  std::string name;
  std::string summary;
  std::vector<Change> changes;  ///< planned in a dry run, made otherwise
  std::chrono::milliseconds elapsed{0};
  bool ok = true;
};

/// Runs `step` (plans it only, in a dry run), and reports; `record` says how it went, also where
/// this throws. Stops by Error when the manager failed or the run was interrupted; other failed
/// hosts are in cluster.failures().
void run_step(Step& step, Cluster& cluster, StepRecord& record);

/// run_step() on each in turn, with a record of each in `records`, so that what was done is known
/// also where one throws.
void run_steps(const std::vector<std::unique_ptr<Step>>& steps, Cluster& cluster,
               std::vector<StepRecord>& records);

}  // namespace clustermpi
