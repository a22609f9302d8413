#include "provision/output_lines.hpp"

#include <algorithm>

namespace clustermpi {

void LineSplitter::feed(std::string_view piece, const Take& take) {
  while (!piece.empty()) {
    const std::size_t newline = piece.find('\n');
    const std::size_t room = longest - begun_.size();
    const std::string_view part = piece.substr(0, std::min(newline, room));
    const bool whole = part.size() == newline;
    begun_ += part;
    piece.remove_prefix(part.size() + (whole ? 1 : 0));
    if (whole || begun_.size() == longest) {
      take(begun_);
      begun_.clear();
    }
  }
}

void LineSplitter::flush(const Take& take) {
  if (!begun_.empty()) take(begun_);
  begun_.clear();
}

void append_end(std::string& text, std::string_view more, std::size_t most) {
  text += more;
  if (text.size() > 2 * most) text.erase(0, text.size() - most);
}

std::string_view last_line(std::string_view text) {
  const std::size_t end = text.find_last_not_of("\r\n\t ");
  if (end == std::string_view::npos) return {};
  text = text.substr(0, end + 1);
  const std::size_t before = text.find_last_of("\r\n");
  return before == std::string_view::npos ? text : text.substr(before + 1);
}

}  // namespace clustermpi
