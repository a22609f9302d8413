#include "provision/lab/processes.hpp"

#include <fmt/format.h>
#include <signal.h>
#include <sys/stat.h>
#include <unistd.h>

#include <charconv>
#include <chrono>
#include <fstream>
#include <sstream>
#include <system_error>
#include <thread>

#include "hosts/error.hpp"

namespace clustermpi::lab {
namespace {

namespace fs = std::filesystem;

std::vector<pid_t> select_processes(const std::function<bool(const fs::path& proc)>& wanted) {
  std::vector<pid_t> found;
  for (const auto& entry : fs::directory_iterator("/proc")) {
    const std::string name = entry.path().filename().string();
    pid_t pid = 0;
    const auto [end, failed] = std::from_chars(name.data(), name.data() + name.size(), pid);
    const bool numeric = failed == std::errc() && end == name.data() + name.size();
    if (numeric && pid > 1 && pid != ::getpid() && wanted(entry.path())) found.push_back(pid);
  }
  return found;
}

/// Processes come and go while we look: a file that is gone is empty.
std::string read_or_empty(const fs::path& path) {
  std::ifstream file(path, std::ios::binary);
  std::ostringstream content;
  content << file.rdbuf();
  return content.str();
}

bool same_file(const struct stat& a, const struct stat& b) {
  return a.st_ino == b.st_ino && a.st_dev == b.st_dev;
}

}  // namespace

std::vector<pid_t> processes_with_argument(const std::function<bool(std::string_view)>& matches) {
  return select_processes([&](const fs::path& proc) {
    const std::string arguments = read_or_empty(proc / "cmdline");
    for (std::size_t begin = 0; begin < arguments.size();) {
      const std::size_t end = std::min(arguments.find('\0', begin), arguments.size());
      if (matches(std::string_view(arguments).substr(begin, end - begin))) return true;
      begin = end + 1;
    }
    return false;
  });
}

std::vector<pid_t> processes_in_netns(const std::string& name) {
  struct stat wanted {};
  struct stat ours {};
  // Before the namespace is mounted there, the name is a plain file in the namespace of nobody.
  if (::stat(("/run/netns/" + name).c_str(), &wanted) != 0) return {};
  if (::stat("/proc/self/ns/net", &ours) != 0 || same_file(wanted, ours)) return {};
  return select_processes([&](const fs::path& proc) {
    struct stat its {};
    return ::stat((proc / "ns/net").c_str(), &its) == 0 && same_file(wanted, its);
  });
}

std::vector<pid_t> processes_rooted_in(const fs::path& folder) {
  return select_processes([&](const fs::path& proc) {
    std::error_code gone;
    const std::string root = fs::read_symlink(proc / "root", gone).string();
    return !gone && (root == folder.string() || root.starts_with(folder.string() + "/"));
  });
}

void kill_all(const std::function<std::vector<pid_t>()>& find, std::string_view what) {
  using namespace std::chrono_literals;
  const auto deadline = std::chrono::steady_clock::now() + 10s;
  for (auto left = find(); !left.empty(); left = find()) {
    if (std::chrono::steady_clock::now() > deadline) {
      throw Error(ExitCode::local_failure,
                  fmt::format("process {} of {} does not end", left.front(), what),
                  "it waits for the kernel: look at it with `ps`, and try again");
    }
    for (const pid_t pid : left) ::kill(pid, SIGKILL);
    std::this_thread::sleep_for(20ms);
  }
}

}  // namespace clustermpi::lab
