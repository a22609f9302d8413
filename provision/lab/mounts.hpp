// The mounts of this process's namespace.
#pragma once

#include <filesystem>
#include <vector>

namespace clustermpi::lab {

/// Mount points at or below `folder`, innermost first: the order in which they can be unmounted.
[[nodiscard]] std::vector<std::filesystem::path> mounts_below(const std::filesystem::path& folder);
[[nodiscard]] bool is_mount_point(const std::filesystem::path& path);

/// A writable root over a shared read-only one. Throws Error{local_failure}.
struct Overlay {
  std::filesystem::path lower;
  std::filesystem::path upper;
  std::filesystem::path work;
  std::filesystem::path root;  ///< where it is mounted
};
void mount_overlay(const Overlay& overlay);

/// Unmounts all at or below `folder`, then removes it. Throws Error{local_failure} where a mount
/// stays: removing through it would delete what is mounted there.
void remove_folder(const std::filesystem::path& folder);

}  // namespace clustermpi::lab
