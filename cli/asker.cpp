#include "cli/asker.hpp"

#include <fcntl.h>
#include <poll.h>
#include <termios.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <string_view>

#include "provision/descriptor.hpp"
#include "provision/fleet.hpp"

namespace clustermpi::cli {

namespace {

/// The terminal's settings while a line is typed; as they were when it ends, however it ends.
class LineMode {
 public:
  LineMode(int terminal, bool echo) : terminal_(terminal) {
    if (tcgetattr(terminal_, &before_) != 0) return;
    termios mode = before_;
    mode.c_lflag |= ICANON | ISIG;
    mode.c_iflag |= ICRNL;
    if (!echo) {
      mode.c_lflag &= ~static_cast<tcflag_t>(ECHO);
      // These would stop or kill us with the echo off.
      mode.c_cc[VQUIT] = mode.c_cc[VSUSP] = _POSIX_VDISABLE;
    }
    // What was typed before a secret is asked for was shown, and is no answer to it.
    set_ = tcsetattr(terminal_, echo ? TCSADRAIN : TCSAFLUSH, &mode) == 0;
  }
  ~LineMode() {
    if (set_) tcsetattr(terminal_, TCSADRAIN, &before_);
  }
  LineMode(const LineMode&) = delete;
  LineMode& operator=(const LineMode&) = delete;

  [[nodiscard]] bool set() const { return set_; }

 private:
  int terminal_;
  termios before_{};
  bool set_ = false;
};

void write_all(int terminal, std::string_view text) {
  while (!text.empty()) {
    const ssize_t written = ::write(terminal, text.data(), text.size());
    if (written < 0 && errno == EINTR) continue;
    if (written <= 0) return;
    text.remove_prefix(static_cast<std::size_t>(written));
  }
}

/// Whether there is something to read; false once the run is cancelled.
bool wait_for_key(int terminal, int cancel) {
  std::array<pollfd, 2> descriptors{{{terminal, POLLIN, 0}, {cancel, POLLIN, 0}}};
  while (::poll(descriptors.data(), descriptors.size(), -1) < 0) {
    if (errno != EINTR) return false;
  }
  return descriptors[1].revents == 0;
}

/// A terminal's longest line is 4,096 bytes: nothing is moved about while it is read, and no copy
/// is left behind.
constexpr std::size_t longest_line = 4096;

std::optional<Secret> read_line(int terminal, int cancel) {
  std::string line;
  line.reserve(longest_line);
  char c = 0;
  while (wait_for_key(terminal, cancel)) {
    const ssize_t got = ::read(terminal, &c, 1);
    if (got < 0 && errno == EINTR) continue;
    if (got == 1 && c == '\n') return Secret(std::move(line));
    if (got != 1 || line.size() == longest_line) break;
    line += c;
  }
  const Secret unfinished(std::move(line));  // wiped
  return {};
}

}  // namespace

std::optional<Secret> TerminalAsker::ask(const std::string& prompt, bool echo) {
  if (terminal_.empty()) return {};
  const Descriptor terminal(::open(terminal_.c_str(), O_RDWR | O_CLOEXEC | O_NOCTTY));
  if (!terminal.is_open()) return {};
  settle_();
  const LineMode mode(terminal.get(), echo);
  if (!mode.set()) return {};
  write_all(terminal.get(), printable(prompt));
  auto line = read_line(terminal.get(), cancel_.fd());
  // The newline that was typed was not echoed, or there was none.
  if (!echo || !line) write_all(terminal.get(), "\n");
  return line;
}

std::optional<Secret> TerminalAsker::secret(const std::string& prompt) {
  auto line = ask(prompt + ": ", false);
  if (!line || line->empty()) return {};
  return line;
}

bool TerminalAsker::confirm(const std::string& question) {
  if (yes_) return true;
  const auto line = ask(question + " [y/N] ", true);
  return line && (line->text() == "y" || line->text() == "Y" || line->text() == "yes");
}

}  // namespace clustermpi::cli
