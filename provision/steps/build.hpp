// The bundled programs, compiled once for each architecture and Open MPI version.
#pragma once

#include "hosts/writers.hpp"
#include "provision/step.hpp"

namespace clustermpi {

/// Compiles on each group's builder and fetches the result; skipped where sources, compiler flags
/// and Open MPI are as they were.
class BuildStep : public Step {
 public:
  [[nodiscard]] std::string name() const override { return "build"; }
  [[nodiscard]] std::string title() const override {
    return "hello, ring and pi for each architecture and Open MPI";
  }
  [[nodiscard]] std::vector<Change> plan(Cluster& cluster) override;
  std::string apply(Cluster& cluster, const std::vector<Change>& changes) override;
};

}  // namespace clustermpi
