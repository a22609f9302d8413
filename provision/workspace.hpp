// `.clustermpi/`: what a run leaves beside the inventory.
#pragma once

#include <filesystem>
#include <string>

#include "hosts/inventory.hpp"
#include "hosts/placement.hpp"

namespace clustermpi {

/// Paths and files of one inventory's workspace. The folder is made 0700 when something is first
/// written.
class Workspace {
 public:
  explicit Workspace(std::filesystem::path inventory_file);

  [[nodiscard]] const std::filesystem::path& inventory_file() const { return inventory_file_; }
  [[nodiscard]] const std::filesystem::path& directory() const { return directory_; }
  [[nodiscard]] std::filesystem::path path(std::string_view name) const {
    return directory_ / name;
  }

  [[nodiscard]] std::filesystem::path known_hosts() const { return path("known_hosts"); }
  [[nodiscard]] std::filesystem::path ssh_config() const { return path("ssh_config"); }
  [[nodiscard]] std::filesystem::path log() const { return path("clustermpi.log"); }
  [[nodiscard]] std::filesystem::path ansible_log() const { return path("ansible.log"); }
  [[nodiscard]] std::filesystem::path report() const { return path("report.json"); }
  [[nodiscard]] std::filesystem::path report_page() const { return path("report.html"); }
  [[nodiscard]] std::filesystem::path machinefile() const { return path("machinefile"); }
  [[nodiscard]] std::filesystem::path rankfile() const { return path("rankfile"); }
  /// Programs compiled for one build group ("amd64-openmpi4.1").
  [[nodiscard]] std::filesystem::path programs(std::string_view group) const;

  void create() const;

  /// Facts of the last discover; none stored: empty. A damaged file throws Error{local_failure}.
  [[nodiscard]] FleetFacts load_facts() const;
  void save_facts(const FleetFacts& facts) const;

  /// How fast the hosts' cores were when pi was last verified; empty where it never was.
  [[nodiscard]] Speeds load_speeds() const;
  void save_speeds(const Speeds& speeds) const;

 private:
  std::filesystem::path inventory_file_;
  std::filesystem::path directory_;
};

/// Held while a run may change the cluster, so that two runs on one inventory do not meet. The
/// kernel drops it when the process ends, however it ends.
class WorkspaceLock {
 public:
  /// Throws Error{local_failure} naming the other run's process where the lock is taken.
  explicit WorkspaceLock(const Workspace& workspace);
  ~WorkspaceLock();
  WorkspaceLock(const WorkspaceLock&) = delete;
  WorkspaceLock& operator=(const WorkspaceLock&) = delete;

 private:
  int fd_ = -1;
};

/// Reads and parses the inventory. Throws Error{inventory_invalid} whose message is all diagnostics
/// rendered, or that says where a starter file comes from when there is none.
[[nodiscard]] Inventory load_inventory(const std::filesystem::path& file);

}  // namespace clustermpi
