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

/// Programs that clustermpi ships and `verify` runs.
[[nodiscard]] const std::vector<std::string>& bundled_programs();

/// Where they are on every node, below the login user's home.
inline constexpr std::string_view program_folder = ".clustermpi/bin";

/// Where a bundled program is on the nodes of this cluster.
[[nodiscard]] std::string program_path(const Cluster& cluster, const std::string& program);

/// The bundled programs of each build group to the group's members.
[[nodiscard]] std::vector<Placed> placed_programs(const Cluster& cluster);

class DistributeStep : public Step {
 public:
  /// The bundled programs, as they are known when the step is planned.
  DistributeStep() = default;
  /// Files of the user's, by `distribute FILE... --to DIR`.
  explicit DistributeStep(std::vector<Placed> files) : files_(std::move(files)), own_(true) {}

  [[nodiscard]] std::string name() const override { return "distribute"; }
  [[nodiscard]] std::string title() const override {
    return own_ ? "files to every host" : "the programs to every host";
  }
  /// Asks every host, in one round trip, which of the files it has.
  [[nodiscard]] std::vector<Change> plan(Cluster& cluster) override;
  std::string apply(Cluster& cluster, const std::vector<Change>& changes) override;

 private:
  struct Missing {
    std::string host;
    std::size_t file;
  };
  std::vector<Placed> files_;
  bool own_ = false;
  std::vector<Missing> missing_;
};

}  // namespace clustermpi
