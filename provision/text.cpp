// shell_quote(), printable() and PrintablePieces: what passes between us, shells and terminals.
#include <fmt/format.h>

#include <algorithm>
#include <cstdint>
#include <iterator>
#include <string>
#include <string_view>
#include <utility>

#include "provision/fleet.hpp"
#include "provision/printable_pieces.hpp"

namespace clustermpi {
namespace {

constexpr std::string_view needs_no_quotes =
    "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_@%+=:,./-";

unsigned char byte_at(std::string_view text, std::size_t at) {
  return static_cast<unsigned char>(text[at]);
}

/// Length of a UTF-8 character by its first byte; 0 where none begins with that.
std::size_t utf8_length(unsigned char lead) {
  if (lead < 0x80) return 1;
  if (lead < 0xC2 || lead > 0xF4) return 0;
  return lead < 0xE0 ? 2 : lead < 0xF0 ? 3 : 4;
}

bool is_continuation(unsigned char byte) {
  return (byte & 0xC0) == 0x80;
}

/// Length of the UTF-8 character that `text` begins with; 0 where there is none (RFC 3629: shortest
/// form only, no surrogates, nothing above U+10FFFF).
std::size_t utf8_length(std::string_view text) {
  const unsigned char lead = byte_at(text, 0);
  const std::size_t length = utf8_length(lead);
  if (length > text.size()) return 0;
  for (std::size_t i = 1; i < length; ++i)
    if (!is_continuation(byte_at(text, i))) return 0;
  if (length < 3) return length;
  const unsigned char second = byte_at(text, 1);
  const bool too_long = (lead == 0xE0 && second < 0xA0) || (lead == 0xF0 && second < 0x90);
  const bool no_character = (lead == 0xED && second >= 0xA0) || (lead == 0xF4 && second >= 0x90);
  return too_long || no_character ? 0 : length;
}

/// How many bytes at the end of `text` begin a character that goes on behind it.
std::size_t begun_character(std::string_view text) {
  constexpr std::size_t longest_begun = 3;
  for (std::size_t size = 1; size <= std::min(longest_begun, text.size()); ++size) {
    const unsigned char byte = byte_at(text, text.size() - size);
    if (!is_continuation(byte)) return utf8_length(byte) > size ? size : 0;
  }
  return 0;
}

bool is_control(std::string_view character) {
  const unsigned char first = byte_at(character, 0);
  if (first == '\n' || first == '\t') return false;
  // C1 controls are two bytes in UTF-8: terminals obey U+009B as they do ESC [.
  return first < 0x20 || first == 0x7F || (first == 0xC2 && byte_at(character, 1) < 0xA0);
}

}  // namespace

std::string shell_quote(std::string_view word) {
  if (!word.empty() && word.find_first_not_of(needs_no_quotes) == std::string_view::npos)
    return std::string(word);
  std::string quoted = "'";
  for (const char c : word) {
    if (c == '\'') {
      quoted += R"('\'')";
    } else {
      quoted += c;
    }
  }
  return quoted + '\'';
}

std::string printable(std::string_view text) {
  std::string shown;
  shown.reserve(text.size());
  while (!text.empty()) {
    const std::size_t length = utf8_length(text);
    const std::string_view character = text.substr(0, length == 0 ? 1 : length);
    if (length == 0 || is_control(character)) {
      for (const char c : character)
        fmt::format_to(std::back_inserter(shown), "\\x{:02x}", static_cast<unsigned char>(c));
    } else {
      shown += character;
    }
    text.remove_prefix(character.size());
  }
  return shown;
}

std::string PrintablePieces::feed(std::string_view piece) {
  begun_ += piece;
  const std::size_t whole = begun_.size() - begun_character(begun_);
  std::string shown = printable(std::string_view(begun_).substr(0, whole));
  begun_.erase(0, whole);
  return shown;
}

std::string PrintablePieces::flush() {
  return printable(std::exchange(begun_, {}));
}

}  // namespace clustermpi
