#include <fmt/format.h>

#include <algorithm>
#include <limits>
#include <utility>

#include "hosts/hostlist.hpp"
#include "hosts/inventory.hpp"
#include "hosts/names.hpp"

namespace clustermpi {
namespace {

bool continues_character(char c) {
  return (static_cast<unsigned char>(c) & 0xc0) == 0x80;
}

/// A quoted key may hold anything; on a terminal it must stay one line of text.
std::string without_controls(std::string_view text) {
  std::string clean(text);
  for (char& c : clean)
    if ((static_cast<unsigned char>(c) < 0x20 && c != '\t') || c == 0x7f) c = '?';
  return clean;
}

/// White space up to `column` of `line`, with its tabs, so that the caret stands right at any tab
/// width.
std::string caret_line(std::string_view line, unsigned column) {
  std::string out;
  unsigned characters = 0;
  for (const char c : line) {
    if (continues_character(c)) continue;
    if (++characters == column) break;
    out += c == '\t' ? '\t' : ' ';
  }
  return out + '^';
}

/// Two lines, the second with the caret.
std::string point_at(std::string_view line, unsigned column) {
  return fmt::format("  {}\n  {}", without_controls(line), caret_line(line, column));
}

/// Edits that turn `a` into `b`, two neighbours swapped counting as one: the slip that fingers make
/// most.
std::size_t edit_distance(std::string_view a, std::string_view b) {
  std::vector<std::size_t> before_last;
  std::vector<std::size_t> last(b.size() + 1);
  std::vector<std::size_t> row(b.size() + 1);
  for (std::size_t j = 0; j <= b.size(); ++j) row[j] = j;
  for (std::size_t i = 1; i <= a.size(); ++i) {
    before_last = std::exchange(last, row);
    row[0] = i;
    for (std::size_t j = 1; j <= b.size(); ++j) {
      const std::size_t replaced = last[j - 1] + (a[i - 1] == b[j - 1] ? 0 : 1);
      row[j] = std::min({last[j] + 1, row[j - 1] + 1, replaced});
      const bool swapped = i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1];
      if (swapped) row[j] = std::min(row[j], before_last[j - 2] + 1);
    }
  }
  return row[b.size()];
}

}  // namespace

std::string render(const Diagnostic& diagnostic) {
  std::string out = diagnostic.file;
  if (diagnostic.line > 0) out += fmt::format(":{}:{}", diagnostic.line, diagnostic.column);
  out += ": " + without_controls(diagnostic.message);
  if (diagnostic.line > 0) {
    out += "\n" + point_at(diagnostic.source_line, diagnostic.column);
  }
  if (!diagnostic.hint.empty()) out += "\n  hint: " + without_controls(diagnostic.hint);
  return out;
}

std::string render(const HostlistError& error) {
  constexpr std::size_t most_before = 60;
  constexpr std::size_t most_after = 60;
  const std::string& all = error.expression();
  const std::size_t begin = error.position() > most_before ? error.position() - most_before : 0;
  const std::size_t end = std::min(all.size(), error.position() + most_after);
  const std::string before = (begin > 0 ? "..." : "") + all.substr(begin, error.position() - begin);
  const std::string after =
      all.substr(error.position(), end - error.position()) + (end < all.size() ? "..." : "");
  const auto characters = before.size() - static_cast<std::size_t>(std::count_if(
                                              before.begin(), before.end(), continues_character));
  return point_at(before + after, static_cast<unsigned>(characters) + 1);
}

std::string nearest_word(std::string_view word, const std::vector<std::string>& candidates) {
  const std::string lower = lower_case(word);
  std::string nearest;
  std::size_t least = std::numeric_limits<std::size_t>::max();
  for (const std::string& candidate : candidates) {
    const std::size_t distance = edit_distance(lower, lower_case(candidate));
    if (distance >= least) continue;
    least = distance;
    nearest = candidate;
  }
  const std::size_t near = std::max<std::size_t>(1, std::max(word.size(), nearest.size()) / 3);
  return least <= near ? nearest : std::string{};
}

}  // namespace clustermpi
