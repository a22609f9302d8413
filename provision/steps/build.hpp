// Example programs, compiled once for each architecture and MPI version.
#pragma once

#include <string>
#include <vector>

#include "hosts/writers.hpp"
#include "provision/step.hpp"

namespace clustermpi {

/// Compiles on each group's builder and fetches the result; skipped where sources, compiler flags
/// and Open MPI are as they were.
class BuildStep : public Step {
 public:
  /// Of the catalogue, by name.
  explicit BuildStep(std::vector<std::string> programs) : programs_(std::move(programs)) {}

  [[nodiscard]] std::string name() const override { return "build"; }
  [[nodiscard]] std::string title() const override;
  [[nodiscard]] std::vector<Change> plan(Cluster& cluster) override;
  std::string apply(Cluster& cluster, const std::vector<Change>& changes) override;

 private:
  std::vector<std::string> programs_;
};

}  // namespace clustermpi
