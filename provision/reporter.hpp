// What happens, told as values: one event struct, one interface. cli/ has the reporters of the
// console and of the log, which gets everything.
#pragma once

#include <chrono>
#include <optional>
#include <string>

#include "hosts/error.hpp"

namespace clustermpi {

struct Event {
  enum class Kind {
    step_begin,  ///< `step` begins; `text` says what it does in plain words
    step_end,    ///< `ok`, `elapsed`; `text` sums up ("4 hosts, no change")
    progress,    ///< `host` is at `text` ("installing packages"); no host: the run as a whole is
    host_done,   ///< `host` ended this step: `ok`, `changed`, `error`
    note,        ///< something worth knowing; `host` may be empty
    warning,
    detail,  ///< for the log and -v only
  };
  Kind kind = Kind::note;
  std::string step;
  std::string host;
  std::string text;
  bool ok = true;
  bool changed = false;
  std::optional<HostError> error;
  std::chrono::milliseconds elapsed{0};
};

class Reporter {
 public:
  virtual ~Reporter() = default;
  virtual void on(const Event& event) = 0;  ///< called from one thread
};

}  // namespace clustermpi
