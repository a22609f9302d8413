// One program at every point of a grid. What was right once is not run again.
#pragma once

#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "hosts/sweep.hpp"
#include "provision/launcher.hpp"
#include "provision/step.hpp"
#include "provision/sweep_store.hpp"

namespace clustermpi {

/// What a sweep runs.
struct SweepProgram {
  std::function<MpiJob(const SweepPoint&)> job;
  /// What the program printed, as figures; where it says that it failed, sets `fault` as well.
  std::function<void(const Result&, SweepRun&)> read;
  /// What it is at, of what it printed so far; may be empty, and then nothing is told of it.
  std::function<std::string(std::string_view out)> doing = {};
};

struct Sweep {
  std::string name;
  SweepDefinition definition;
  std::vector<SweepPoint> points;
  SweepProgram program;
  bool fresh = false;          ///< forget what was kept of it
  bool name_is_fixed = false;  ///< whoever asks for it cannot call it otherwise
};

/// Plans the points that are left, and runs them one after the other; each is kept as it ends. A
/// point that fails is kept with its fault and is left for the next time; the others go on. Throws
/// Error{usage} where another definition was kept under that name, Error{interrupted} and
/// Error{hosts_failed} (the manager was lost) saying how much is kept.
class SweepStep : public Step {
 public:
  SweepStep(Sweep sweep, SweepStore& store) : sweep_(std::move(sweep)), store_(store) {}

  [[nodiscard]] std::string name() const override { return "bench"; }
  [[nodiscard]] std::string title() const override;
  [[nodiscard]] std::vector<Change> plan(Cluster& cluster) override;
  std::string apply(Cluster& cluster, const std::vector<Change>& changes) override;
  [[nodiscard]] std::string nothing_to_do(const Cluster& cluster) const override;

  /// Of the points, those that were run, by this run or an earlier one.
  [[nodiscard]] std::vector<SweepRun> runs() const { return runs_of(sweep_.points, runs_); }

 private:
  [[nodiscard]] SweepRun run_point(Cluster& cluster, const SweepPoint& point,
                                   const std::string& progress);
  [[nodiscard]] std::string kept() const;

  Sweep sweep_;
  SweepStore& store_;
  std::vector<SweepRun> runs_;     ///< all that is kept
  std::vector<SweepPoint> to_do_;  ///< as planned
};

}  // namespace clustermpi
