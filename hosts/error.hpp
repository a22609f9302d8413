// The two ways in which something can go wrong.
//
// A host that fails is data: a HostError beside that host's name, while the others go on. A run
// that cannot go on throws Error. Both say what happened and what to do next; a broken invariant
// asserts.
#pragma once

#include <stdexcept>
#include <string>
#include <string_view>
#include <utility>

namespace clustermpi {

/// What the program exits with; users' scripts rely on the numbers.
enum class ExitCode : int {
  ok = 0,
  local_failure = 1,
  usage = 2,
  inventory_invalid = 3,
  hosts_failed = 4,
  verification_failed = 5,
  interrupted = 130,
};

/// "hosts_failed": the error code of JSON documents.
[[nodiscard]] constexpr std::string_view name_of(ExitCode code) {
  switch (code) {
    case ExitCode::ok:
      return "ok";
    case ExitCode::local_failure:
      return "local_failure";
    case ExitCode::usage:
      return "usage";
    case ExitCode::inventory_invalid:
      return "inventory_invalid";
    case ExitCode::hosts_failed:
      return "hosts_failed";
    case ExitCode::verification_failed:
      return "verification_failed";
    case ExitCode::interrupted:
      return "interrupted";
  }
  return "";
}

/// Why one host failed. `code` is a stable identifier for scripts ("unreachable", "auth_failed",
/// ...), `message` one sentence for people, `hint` the next action (may be empty).
struct HostError {
  std::string code;
  std::string message;
  std::string hint;

  bool operator==(const HostError&) const = default;
};

/// Ends the run. `what()` is the message without the hint.
class Error : public std::runtime_error {
 public:
  Error(ExitCode code, const std::string& message, std::string hint = {})
      : std::runtime_error(message), code_(code), hint_(std::move(hint)) {}

  [[nodiscard]] ExitCode code() const { return code_; }
  [[nodiscard]] const std::string& hint() const { return hint_; }

 private:
  ExitCode code_;
  std::string hint_;
};

}  // namespace clustermpi
