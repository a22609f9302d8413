// What is kept of one sweep, on disk: a file of JSON lines (hosts/sweep.hpp) that only grows.
#pragma once

#include <filesystem>

#include "hosts/sweep.hpp"

namespace clustermpi {

class SweepStore {
 public:
  explicit SweepStore(std::filesystem::path folder) : folder_(std::move(folder)) {}

  [[nodiscard]] const std::filesystem::path& folder() const { return folder_; }
  [[nodiscard]] std::filesystem::path file() const { return folder_ / "runs.jsonl"; }

  /// Nothing where no sweep was begun. Throws Error{local_failure} where the file is damaged by
  /// more than a last line that was cut off.
  [[nodiscard]] SweepRecord load() const;

  // Each is on the disk when it returns. They throw Error{local_failure}.
  /// Makes folder and file; what was kept before is gone.
  void begin(const SweepDefinition& definition);
  /// Behind the last whole line. begin() or load() came before.
  void append(const SweepRun& run);

 private:
  std::filesystem::path folder_;
  mutable std::size_t size_ = 0;  ///< of what is whole
};

}  // namespace clustermpi
