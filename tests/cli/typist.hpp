// A terminal with somebody at it.
#pragma once

#include <poll.h>
#include <pty.h>
#include <termios.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <future>
#include <stdexcept>
#include <string>

#include "provision/descriptor.hpp"

namespace clustermpi::test {

/// Somebody at a terminal who types `answer` when `prompt` is there; nothing where the answer
/// is empty.
class Typist {
 public:
  /// The answer may hold control characters: "\x04" ends the file.
  Typist(const std::string& prompt, const std::string& answer) {
    int master = -1;
    int slave = -1;
    std::array<char, 128> name{};
    if (openpty(&master, &slave, name.data(), nullptr, nullptr) != 0)
      throw std::runtime_error("no pseudo-terminal");
    master_ = Descriptor(master);
    slave_ = Descriptor(slave);  // keeps the terminal alive
    name_ = name.data();
    shown_ = std::async(std::launch::async, [this, prompt, answer] {
      std::string shown;
      char c = 0;
      while (!answer.empty() && shown.find(prompt) == std::string::npos &&
             ::read(master_.get(), &c, 1) == 1)
        shown += c;
      if (::write(master_.get(), answer.data(), answer.size()) < 0) return std::string("lost");
      std::erase(shown, '\r');
      return shown;
    });
  }
  [[nodiscard]] const std::string& terminal() const { return name_; }
  /// What stood there up to the prompt.
  std::string shown() { return shown_.get(); }
  /// What came since, and is there now.
  [[nodiscard]] std::string rest() {
    shown_.wait();
    std::string text;
    std::array<char, 256> piece{};
    pollfd there{master_.get(), POLLIN, 0};
    while (::poll(&there, 1, 100) > 0) {
      const ssize_t got = ::read(master_.get(), piece.data(), piece.size());
      if (got <= 0) break;
      text.append(piece.data(), static_cast<std::size_t>(got));
    }
    std::erase(text, '\r');
    return text;
  }
  [[nodiscard]] bool echoes() const {
    termios mode{};
    return tcgetattr(slave_.get(), &mode) == 0 && (mode.c_lflag & ECHO) != 0;
  }

 private:
  Descriptor master_;
  Descriptor slave_;
  std::string name_;
  std::shared_future<std::string> shown_;
};

}  // namespace clustermpi::test
