// What is known of the labs on this machine, kept where it survives the program's death. A lab's
// record is its journal: whatever `lab up` is about to make is written down first.
#pragma once

#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include "provision/descriptor.hpp"

namespace clustermpi::lab {

struct NodeRecord {
  std::string name;
  std::string address;
  std::string suite;
  std::string arch;
  std::uint64_t rate_bits = 0;

  bool operator==(const NodeRecord&) const = default;
};

struct LabRecord {
  std::string name;
  std::string network;  ///< "10.213.4": the first three bytes of its /24
  std::filesystem::path inventory;
  bool complete = false;
  std::vector<NodeRecord> nodes;
  bool slurm = true;  ///< whether the inventory asks for it

  bool operator==(const LabRecord&) const = default;

  [[nodiscard]] std::string subnet() const { return network + ".0/24"; }
  [[nodiscard]] std::string gateway() const { return network + ".1"; }
};

/// Held while a folder's labs or one lab are worked on. It is the folder itself that is locked:
/// nothing is left behind, and the kernel unlocks when the process ends, however it ends.
class FolderLock {
 public:
  /// Makes the folder when needed and waits for its lock. Throws Error{local_failure}.
  static FolderLock wait(const std::filesystem::path& folder);
  /// Nothing where somebody else holds it. The folder exists.
  static std::optional<FolderLock> try_now(const std::filesystem::path& folder);

 private:
  explicit FolderLock(Descriptor fd) : fd_(std::move(fd)) {}
  Descriptor fd_;
};

class Store {
 public:
  /// `home` is /var/lib/clustermpi but in tests: a disk, not /run, since what nodes install would
  /// fill the memory.
  explicit Store(std::filesystem::path home = "/var/lib/clustermpi");

  [[nodiscard]] const std::filesystem::path& home() const { return home_; }
  [[nodiscard]] std::filesystem::path labs_folder() const { return home_ / "labs"; }
  [[nodiscard]] std::filesystem::path lab_folder(const std::string& lab) const;
  /// The node's disk and console: `upper`, `work`, `root` (where it is mounted) and `console`.
  [[nodiscard]] std::filesystem::path node_folder(const std::string& lab,
                                                  const std::string& node) const;

  [[nodiscard]] std::vector<std::string> names() const;  ///< sorted
  /// A lab killed before its record was written has a name and nothing else; no such lab: empty.
  [[nodiscard]] std::optional<LabRecord> load(const std::string& lab) const;
  void save(const LabRecord& record) const;  ///< the lab's folder exists

 private:
  std::filesystem::path home_;
};

}  // namespace clustermpi::lab
