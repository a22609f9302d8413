// Command lines, as tests run them.
#pragma once

#include <sys/wait.h>

#include <array>
#include <cstdio>
#include <stdexcept>
#include <string>

namespace clustermpi::test {

struct Output {
  int status = -1;   ///< the shell's exit status; -1: a signal ended it
  std::string text;  ///< stdout
};

/// Runs `command` with sh; stderr is left to be seen. Throws std::runtime_error where there is no
/// starting it.
inline Output run(const std::string& command) {
  Output output;
  FILE* pipe = popen(command.c_str(), "r");
  if (pipe == nullptr) throw std::runtime_error("cannot start " + command);
  std::array<char, 4096> buffer{};
  while (const std::size_t size = fread(buffer.data(), 1, buffer.size(), pipe))
    output.text.append(buffer.data(), size);
  const int status = pclose(pipe);
  output.status = WIFEXITED(status) ? WEXITSTATUS(status) : -1;
  return output;
}

/// What `command` prints to stdout.
inline std::string output_of(const std::string& command) {
  return run(command).text;
}

}  // namespace clustermpi::test
