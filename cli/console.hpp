// Reporters that print: the console and the log file.
#pragma once

#include <chrono>
#include <filesystem>
#include <fstream>
#include <iosfwd>
#include <map>
#include <string>
#include <vector>

#include "provision/reporter.hpp"

namespace clustermpi::cli {

struct ConsoleStyle {
  bool terminal = false;  ///< live lines that are redrawn; otherwise plain lines, once each
  bool color = false;
  bool quiet = false;    ///< failures and warnings only
  bool verbose = false;  ///< details too
};

/// Tells the story of a run on stderr, hosts with the same news folded into one line.
class ConsoleReporter : public Reporter {
 public:
  ConsoleReporter(std::ostream& stream, ConsoleStyle style) : stream_(stream), style_(style) {}
  ~ConsoleReporter() override;

  void on(const Event& event) override;

 private:
  void begin_step(const Event& event);
  void end_step(const Event& event);
  void take_progress(const Event& event);
  void take_host(const Event& event);
  void line(const std::string& text);
  void erase_live();
  void draw_live();
  [[nodiscard]] std::vector<std::string> folded_progress() const;
  [[nodiscard]] std::string paint(const std::string& text, const char* color) const;

  std::ostream& stream_;
  ConsoleStyle style_;
  std::map<std::string, std::string> progress_;            ///< host -> what it is at
  std::map<std::string, std::vector<std::string>> ended_;  ///< text -> hosts that ended with it
  std::size_t live_lines_ = 0;
  std::chrono::steady_clock::time_point last_progress_;
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
