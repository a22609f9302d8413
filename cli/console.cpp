#include "cli/console.hpp"

#include <fmt/chrono.h>
#include <fmt/format.h>

#include <algorithm>
#include <ctime>
#include <ostream>

#include "hosts/hostlist.hpp"

namespace clustermpi::cli {

namespace {

using Kind = Event::Kind;

constexpr const char* red = "31";
constexpr const char* green = "32";
constexpr const char* yellow = "33";
constexpr const char* bold = "1";

constexpr std::size_t most_live_lines = 12;
constexpr std::size_t live_columns = 74;
constexpr auto between_draws = std::chrono::milliseconds(50);
constexpr auto before_first_tick = std::chrono::seconds(2);
constexpr auto between_ticks = std::chrono::seconds(10);

std::string time_text(std::chrono::milliseconds time) {
  return fmt::format("{:.1f} s", std::chrono::duration<double>(time).count());
}

std::string with_host(const Event& event) {
  return event.host.empty() ? event.text : fmt::format("{}: {}", event.host, event.text);
}

/// `text` cut to one terminal row, or erasing it would miss some; no character is cut in two.
std::string one_row(const std::string& text) {
  std::size_t end = std::min(text.size(), live_columns);
  while (end < text.size() && end > 0 && (static_cast<unsigned char>(text[end]) & 0xC0) == 0x80)
    --end;
  return text.substr(0, end);
}

const char* kind_name(Kind kind) {
  switch (kind) {
    case Kind::step_begin:
      return "begin";
    case Kind::step_end:
      return "end";
    case Kind::progress:
      return "progress";
    case Kind::host_done:
      return "host";
    case Kind::note:
      return "note";
    case Kind::warning:
      return "warning";
    case Kind::detail:
      return "detail";
  }
  return "";
}

}  // namespace

ConsoleReporter::ConsoleReporter(std::ostream& stream, ConsoleStyle style)
    : stream_(stream), style_(style) {
  if (style_.quiet) return;
  ticker_ = std::jthread([this](const std::stop_token& stop) {
    std::unique_lock lock(mutex_);
    while (!stop.stop_requested()) {
      wake_.wait_for(lock, stop, std::chrono::seconds(1), [] { return false; });
      if (!stop.stop_requested()) tick();
    }
  });
}

ConsoleReporter::~ConsoleReporter() {
  ticker_ = {};
  erase_live();
}

void ConsoleReporter::settle() {
  const std::lock_guard lock(mutex_);
  progress_.clear();
  erase_live();
}

/// On a terminal the live lines show how long it has been; in a pipe a line now and then does.
void ConsoleReporter::tick() {
  if (progress_.empty()) return;
  if (style_.terminal) return draw_live();
  const auto silence = std::chrono::steady_clock::now() - last_line_;
  if (silence < (last_was_tick_ ? between_ticks : before_first_tick)) return;
  for (const std::string& text : folded_progress()) line("    " + text);
  last_was_tick_ = true;
}

std::string ConsoleReporter::paint(const std::string& text, const char* color) const {
  return style_.color ? fmt::format("\x1b[{}m{}\x1b[0m", color, text) : text;
}

void ConsoleReporter::on(const Event& event) {
  const std::lock_guard lock(mutex_);
  switch (event.kind) {
    case Kind::step_begin:
      return begin_step(event);
    case Kind::step_end:
      return end_step(event);
    case Kind::progress:
      return take_progress(event);
    case Kind::host_done:
      return take_host(event);
    case Kind::warning:
      return line("    " + paint("warning: ", yellow) + with_host(event));
    case Kind::note:
      if (!style_.quiet) line("    " + with_host(event));
      return;
    case Kind::detail:
      if (style_.verbose) line("    " + with_host(event));
      return;
  }
}

void ConsoleReporter::begin_step(const Event& event) {
  progress_.clear();
  ended_.clear();
  if (!style_.quiet) line(paint(fmt::format("==> {}", event.step), bold) + ": " + event.text);
}

void ConsoleReporter::end_step(const Event& event) {
  progress_.clear();
  if (!style_.quiet) {
    for (const auto& [text, hosts] : ended_) {
      if (!text.empty()) line(fmt::format("    {}: {}", fold_hostlist(hosts), text));
    }
    line(fmt::format("    {} {} ({})", event.ok ? paint("ok", green) : paint("failed", red),
                     event.text, time_text(event.elapsed)));
  }
  ended_.clear();
}

void ConsoleReporter::take_host(const Event& event) {
  progress_.erase(event.host);
  if (event.error) {
    line(fmt::format("    {}: {}", paint(event.host, red), event.error->message));
    if (!event.error->hint.empty()) line("        " + event.error->hint);
    return;
  }
  ended_[event.text].push_back(event.host);
  if (style_.terminal && !style_.quiet) redraw_live();
}

void ConsoleReporter::take_progress(const Event& event) {
  if (style_.quiet) return;
  progress_[event.host] = {event.text, std::chrono::steady_clock::now()};
  if (style_.terminal) redraw_live();
}

std::vector<std::string> ConsoleReporter::folded_progress() const {
  struct Group {
    std::vector<std::string> hosts;
    std::chrono::steady_clock::time_point since = std::chrono::steady_clock::time_point::max();
  };
  std::map<std::string, Group> groups;
  std::vector<std::string> lines;
  for (const auto& [host, doing] : progress_) {
    if (host.empty()) {  // of the run as a whole
      lines.push_back(doing.what);
      continue;
    }
    Group& group = groups[doing.what];
    group.hosts.push_back(host);
    group.since = std::min(group.since, doing.since);
  }
  const auto now = std::chrono::steady_clock::now();
  for (const auto& [what, group] : groups) {
    const auto seconds =
        std::chrono::duration_cast<std::chrono::seconds>(now - group.since).count();
    const std::string time = seconds < 2 ? "" : fmt::format(" ({} s)", seconds);
    lines.push_back(fmt::format("{}: {}{}", fold_hostlist(group.hosts), what, time));
  }
  return lines;
}

void ConsoleReporter::erase_live() {
  for (; live_lines_ > 0; --live_lines_) stream_ << "\x1b[1A\x1b[2K";
  stream_.flush();
}

/// A thousand hosts have more news than a terminal can show: what is left out now is drawn by the
/// next one, or by the ticker.
void ConsoleReporter::redraw_live() {
  if (std::chrono::steady_clock::now() - last_draw_ >= between_draws) draw_live();
}

void ConsoleReporter::draw_live() {
  last_draw_ = std::chrono::steady_clock::now();
  erase_live();
  for (const std::string& text : folded_progress()) {
    if (live_lines_ == most_live_lines) break;
    stream_ << "    " << one_row(text) << '\n';
    ++live_lines_;
  }
  stream_.flush();
}

void ConsoleReporter::line(const std::string& text) {
  erase_live();
  last_line_ = std::chrono::steady_clock::now();
  last_was_tick_ = false;
  stream_ << text << '\n';
  if (style_.terminal && !progress_.empty()) draw_live();
  stream_.flush();
}

LogReporter::LogReporter(const std::filesystem::path& file) : file_(file, std::ios::app) {
  std::error_code ignored;
  std::filesystem::permissions(
      file, std::filesystem::perms::owner_read | std::filesystem::perms::owner_write, ignored);
}

void LogReporter::on(const Event& event) {
  if (!file_) return;
  const auto now = std::chrono::system_clock::to_time_t(std::chrono::system_clock::now());
  std::string text = fmt::format("{:%Y-%m-%d %H:%M:%S} {} {} {}", fmt::localtime(now), event.step,
                                 kind_name(event.kind), with_host(event));
  if (event.error)
    text +=
        fmt::format(" [{}] {} ({})", event.error->code, event.error->message, event.error->hint);
  if (event.kind == Kind::step_end) text += " " + time_text(event.elapsed);
  file_ << text << std::endl;  // flushed: the last line before a crash is the one that matters
}

std::string error_text(const std::string& message, const std::string& hint) {
  return hint.empty() ? fmt::format("error: {}\n", message)
                      : fmt::format("error: {}\n  {}\n", message, hint);
}

}  // namespace clustermpi::cli
