// Questions to whoever sits at the terminal, wherever stdin and stdout lead.
#pragma once

#include <functional>
#include <optional>
#include <string>

#include "provision/asker.hpp"
#include "provision/cancel.hpp"

namespace clustermpi::cli {

class TerminalAsker : public Asker {
 public:
  /// `terminal` is the device that is asked ("/dev/tty"); where it is empty or cannot be opened,
  /// nobody can be asked. `settle` clears the live lines, which a prompt would be lost among.
  /// `cancel` ends a prompt at once, and outlives the asker.
  TerminalAsker(std::string terminal, bool yes, std::function<void()> settle, CancelToken& cancel)
      : terminal_(std::move(terminal)), yes_(yes), settle_(std::move(settle)), cancel_(cancel) {}

  std::optional<Secret> secret(const std::string& prompt) override;
  bool confirm(const std::string& question) override;

 private:
  /// What was typed up to the end of the line; nothing where it was cut off, or nobody is there.
  [[nodiscard]] std::optional<Secret> ask(const std::string& prompt, bool echo);

  std::string terminal_;
  bool yes_;
  std::function<void()> settle_;
  CancelToken& cancel_;
};

}  // namespace clustermpi::cli
