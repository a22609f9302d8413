#include "provision/lab/control_group.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <filesystem>
#include <thread>

#include "hosts/error.hpp"

namespace fs = std::filesystem;

namespace clustermpi::lab {

namespace {

/// Where systemd keeps track of processes: version 1's named hierarchy, version 2 beside it or
/// alone.
std::vector<fs::path> hierarchies() {
  std::vector<fs::path> found;
  for (const fs::path folder :
       {"/sys/fs/cgroup/systemd", "/sys/fs/cgroup/unified", "/sys/fs/cgroup"}) {
    const bool version2 = fs::exists(folder / "cgroup.controllers");
    if (version2 || (folder.filename() == "systemd" && fs::exists(folder / "cgroup.procs"))) {
      found.push_back(folder);
    }
  }
  return found;
}

fs::path group_of(const fs::path& hierarchy, const std::string& node) {
  return hierarchy / ("clustermpi-" + node);
}

/// Children first; the files in a group's folder go with it. True when nothing is left.
bool remove_group(const fs::path& group) {
  std::error_code ignored;
  std::vector<fs::path> folders{group};
  for (fs::recursive_directory_iterator at(group, ignored), end; !ignored && at != end;
       at.increment(ignored)) {
    if (at->is_directory(ignored)) folders.push_back(at->path());
  }
  std::ranges::sort(folders, std::ranges::greater());
  for (const fs::path& folder : folders) fs::remove(folder, ignored);
  return !fs::exists(group);
}

}  // namespace

std::vector<std::string> in_own_control_group(const std::string& node,
                                              std::vector<std::string> argv) {
  std::vector<std::string> words{
      "sh", "-c",
      "while [ \"$1\" != -- ]; do echo $$ >\"$1\" || exit; shift; done; shift; exec \"$@\"", "sh"};
  for (const fs::path& hierarchy : hierarchies()) {
    const fs::path group = group_of(hierarchy, node);
    fs::create_directory(group);
    words.push_back(group / "cgroup.procs");
  }
  words.emplace_back("--");
  std::ranges::move(argv, std::back_inserter(words));
  return words;
}

void remove_control_groups(const std::string& node) {
  const auto deadline = std::chrono::steady_clock::now() + std::chrono::seconds(10);
  for (const fs::path& hierarchy : hierarchies()) {
    const fs::path group = group_of(hierarchy, node);
    while (!remove_group(group)) {
      if (std::chrono::steady_clock::now() > deadline) {
        throw Error(ExitCode::local_failure,
                    fmt::format("the control group {} is still in use", group.string()),
                    "its file cgroup.procs names the processes; run `clustermpi lab down` again");
      }
      std::this_thread::sleep_for(std::chrono::milliseconds(50));
    }
  }
}

}  // namespace clustermpi::lab
