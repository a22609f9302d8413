#include "provision/lab/mounts.hpp"

#include <fmt/format.h>
#include <sys/mount.h>

#include <algorithm>
#include <cerrno>
#include <sstream>
#include <system_error>

#include "hosts/error.hpp"
#include "provision/files.hpp"

namespace clustermpi::lab {
namespace {

namespace fs = std::filesystem;

bool is_at_or_below(const std::string& path, const std::string& folder) {
  return path.starts_with(folder) && (path.size() == folder.size() || path[folder.size()] == '/');
}

int try_mount(const Overlay& overlay, std::string_view extra) {
  const std::string options =
      fmt::format("lowerdir={},upperdir={},workdir={}{}", overlay.lower.string(),
                  overlay.upper.string(), overlay.work.string(), extra);
  return ::mount("overlay", overlay.root.c_str(), "overlay", 0, options.c_str()) == 0 ? 0 : errno;
}

}  // namespace

std::vector<fs::path> mounts_below(const fs::path& folder) {
  std::vector<fs::path> found;
  std::istringstream lines(read_file("/proc/self/mountinfo"));
  for (std::string line; std::getline(lines, line);) {
    std::istringstream fields(line);
    std::string ignored;
    std::string mount_point;
    fields >> ignored >> ignored >> ignored >> ignored >> mount_point;
    if (is_at_or_below(mount_point, folder.string())) found.emplace_back(mount_point);
  }
  std::reverse(found.begin(), found.end());
  return found;
}

bool is_mount_point(const fs::path& path) {
  const auto found = mounts_below(path);
  return std::find(found.begin(), found.end(), path) != found.end();
}

void mount_overlay(const Overlay& overlay) {
  // A lab is thrown away: its nodes need not wait for the disk. Kernels before 5.10 do not know the
  // option.
  int error = try_mount(overlay, ",volatile");
  if (error == EINVAL) error = try_mount(overlay, "");
  if (error == 0) return;
  throw Error(
      ExitCode::local_failure,
      fmt::format("cannot mount the disk of a node at {}: {}", overlay.root.string(),
                  std::generic_category().message(error)),
      "the lab needs overlayfs in the kernel, and /var/lib on a disk that is no overlay itself");
}

void remove_folder(const fs::path& folder) {
  for (const fs::path& mount_point : mounts_below(folder)) {
    ::umount2(mount_point.c_str(), MNT_DETACH | UMOUNT_NOFOLLOW);
  }
  if (const auto left = mounts_below(folder); !left.empty()) {
    throw Error(ExitCode::local_failure,
                fmt::format("{} is still mounted, so that {} cannot be removed",
                            left.front().string(), folder.string()),
                fmt::format("unmount it: umount -l {}", left.front().string()));
  }
  std::error_code failed;
  fs::remove_all(folder, failed);
  if (failed) {
    throw Error(ExitCode::local_failure,
                fmt::format("cannot remove {}: {}", folder.string(), failed.message()));
  }
}

}  // namespace clustermpi::lab
