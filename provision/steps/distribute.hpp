// Files to the same path on every node, only where they are missing.
#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include "provision/step.hpp"

namespace clustermpi {

/// One local file and where it belongs.
struct Placed {
  std::filesystem::path local;
  std::string remote;  ///< absolute, or relative to the login user's home
  std::vector<std::string> hosts;
};

/// Programs of the catalogue that `verify` runs, in this order: what says most about a fault goes
/// first.
[[nodiscard]] const std::vector<std::string>& bundled_programs();

/// Where they are on every node, below the login user's home.
inline constexpr std::string_view program_folder = ".clustermpi/bin";

/// Where a bundled program is on the nodes of this cluster.
[[nodiscard]] std::string program_path(const Cluster& cluster, const std::string& program);

class DistributeStep : public Step {
 public:
  /// Programs of the catalogue, as they are compiled when the step is planned: those of each build
  /// group to its members.
  explicit DistributeStep(std::vector<std::string> programs) : programs_(std::move(programs)) {}
  /// Files of the user's, by `distribute FILE... --to DIR`.
  explicit DistributeStep(std::vector<Placed> files) : files_(std::move(files)) {}

  [[nodiscard]] std::string name() const override { return "distribute"; }
  [[nodiscard]] std::string title() const override {
    return programs_.empty() ? "files to every host" : "the programs to every host";
  }
  /// Asks every host, in one round trip, which of the files it has.
  [[nodiscard]] std::vector<Change> plan(Cluster& cluster) override;
  std::string apply(Cluster& cluster, const std::vector<Change>& changes) override;

 private:
  struct Missing {
    std::string host;
    std::size_t file;
  };
  std::vector<std::string> programs_;
  std::vector<Placed> files_;
  std::vector<Missing> missing_;
};

}  // namespace clustermpi
