// Output that comes in pieces, as lines.
#pragma once

#include <cstddef>
#include <functional>
#include <string>
#include <string_view>

namespace clustermpi {

/// Puts pieces together to lines. A line of more than `longest` bytes is broken: memory stays
/// bounded.
class LineSplitter {
 public:
  static constexpr std::size_t longest = 64 * 1024;

  using Take = std::function<void(std::string_view line)>;  ///< without its newline
  void feed(std::string_view piece, const Take& take);
  void flush(const Take& take);  ///< a last line that has no newline

 private:
  std::string begun_;
};

/// Adds `more` to `text`, of which the last `most` bytes stay at least, and never more than twice
/// as many: what a program has to conclude stands at its end.
void append_end(std::string& text, std::string_view more, std::size_t most);

/// The last line of `text` that is not blank; a carriage return begins a line anew, as it does on a
/// terminal.
[[nodiscard]] std::string_view last_line(std::string_view text);

}  // namespace clustermpi
