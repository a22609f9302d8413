// Reporters that print: the console and the log file.
#pragma once

#include <chrono>
#include <condition_variable>
#include <filesystem>
#include <fstream>
#include <iosfwd>
#include <map>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

#include "provision/reporter.hpp"

namespace clustermpi::cli {

struct ConsoleStyle {
  bool terminal = false;  ///< live lines that are redrawn; otherwise plain lines, once each
  bool color = false;
  bool quiet = false;    ///< failures and warnings only
  bool verbose = false;  ///< details too
};

/// Tells the story of a run on stderr, hosts with the same news folded into one line. A thread of
/// its own keeps telling what is going on while no news comes.
class ConsoleReporter : public Reporter {
 public:
  ConsoleReporter(std::ostream& stream, ConsoleStyle style);
  ~ConsoleReporter() override;

  void on(const Event& event) override;
  void settle();  ///< nothing is going on any more: live lines go away

 private:
  void tick();
  void begin_step(const Event& event);
  void end_step(const Event& event);
  void take_progress(const Event& event);
  void take_host(const Event& event);
  void line(const std::string& text);
  void erase_live();
  void draw_live();
  void redraw_live();
  [[nodiscard]] std::vector<std::string> folded_progress() const;
  [[nodiscard]] std::string paint(const std::string& text, const char* color) const;

  std::ostream& stream_;
  ConsoleStyle style_;
  struct Doing {
    std::string what;
    std::chrono::steady_clock::time_point since;
  };
  std::mutex mutex_;  ///< guards all below, and the stream
  std::condition_variable_any wake_;
  std::map<std::string, Doing> progress_;                  ///< by host
  std::map<std::string, std::vector<std::string>> ended_;  ///< text -> hosts that ended with it
  std::size_t live_lines_ = 0;
  std::chrono::steady_clock::time_point last_draw_;
  std::chrono::steady_clock::time_point last_line_;
  bool last_was_tick_ = false;
  std::jthread ticker_;  ///< last: it ends before what it uses
};

/// Everything, with time stamps, appended to a file that only the user can read.
class LogReporter : public Reporter {
 public:
  /// A log that cannot be written is no reason not to work: it is then silent.
  explicit LogReporter(const std::filesystem::path& file);
  void on(const Event& event) override;

 private:
  std::ofstream file_;
};

/// "error: MESSAGE" and, indented, the hint.
[[nodiscard]] std::string error_text(const std::string& message, const std::string& hint);

}  // namespace clustermpi::cli
