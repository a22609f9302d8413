// Programs on this machine. Commands are argument vectors; no shell is involved.
#pragma once

#include <sys/types.h>

#include <chrono>
#include <filesystem>
#include <functional>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "provision/cancel.hpp"
#include "provision/descriptor.hpp"
#include "provision/secret.hpp"

namespace clustermpi {

struct ProcessOptions {
  std::string input;                               ///< to stdin, then end of file
  const Secret* secret = nullptr;                  ///< the same, in place of `input`
  std::map<std::string, std::string> environment;  ///< added to ours
  std::filesystem::path directory;                 ///< empty: ours
  std::chrono::milliseconds timeout{0};            ///< 0: none; after it the process group is ended
  CancelToken* cancel = nullptr;  ///< when set: SIGTERM to the group, SIGKILL 3 s later
  std::function<void(std::string_view line)>
      on_stdout_line;  ///< live, without newline; else gathered
  std::function<void(std::string_view line)> on_stderr_line;
};

struct ProcessResult {
  int exit_status = -1;  ///< 128 + N where signal N ended it, as a shell has it
  std::string out;       ///< empty where a line callback took it
  std::string err;
  bool timed_out = false;
  bool cancelled = false;

  [[nodiscard]] bool ok() const { return exit_status == 0 && !timed_out && !cancelled; }
};

/// A process that was started and is not reaped yet.
struct Child {
  pid_t pid = -1;
  Descriptor pidfd;
};

/// Runs `argv` (argv[0] is looked up in PATH) to its end in a process group of its own; descriptors
/// other than 0-2 are not inherited. It gets SIGTERM should the calling thread die before it.
/// Throws Error{local_failure} where it cannot be started, with the package to install as hint
/// where we know it.
ProcessResult run_process(const std::vector<std::string>& argv, const ProcessOptions& options = {});

/// Starts `argv` in a session of its own, to outlive us; its stdin is /dev/null, what it prints is
/// appended to `log`. Throws Error{local_failure} where it cannot be started. It is init's child:
/// end it by its process id, which is returned.
pid_t start_detached(const std::vector<std::string>& argv, const std::filesystem::path& log);

/// A program that runs beside us, in a session of its own, and prints to nobody. Its stdin is a
/// pipe that nothing is written to: it is to end when that does, which is when this object or this
/// process ends, however it ends.
class Companion {
 public:
  /// Throws Error{local_failure} where it cannot be started.
  explicit Companion(const std::vector<std::string>& argv);
  ~Companion();  ///< waits for its end; kills it where that does not come
  Companion(const Companion&) = delete;
  Companion& operator=(const Companion&) = delete;

 private:
  Descriptor input_;
  Child child_;
};

/// Full path of a program in PATH (and /usr/sbin, /sbin, which a user's PATH may lack), or nothing.
[[nodiscard]] std::optional<std::filesystem::path> find_program(std::string_view name);

/// The Debian package that a program comes in, or empty where we do not know.
[[nodiscard]] std::string_view package_of(std::string_view program);

}  // namespace clustermpi
