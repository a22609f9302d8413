#include "provision/host_patterns.hpp"

namespace clustermpi {
namespace {

/// Linear in practice: only the last star is ever tried again.
bool matches_pattern(std::string_view pattern, std::string_view text) {
  std::size_t p = 0, t = 0, after_star = std::string_view::npos, star_text = 0;
  while (t < text.size()) {
    if (p < pattern.size() && pattern[p] == '*') {
      after_star = ++p;
      star_text = t;
    } else if (p < pattern.size() && (pattern[p] == '?' || pattern[p] == text[t])) {
      ++p, ++t;
    } else if (after_star != std::string_view::npos) {
      p = after_star;
      t = ++star_text;
    } else {
      return false;
    }
  }
  return pattern.find_first_not_of('*', p) == std::string_view::npos;
}

}  // namespace

bool matches_patterns(const std::vector<std::string>& patterns, std::string_view name) {
  bool matched = false;
  for (const std::string_view pattern : patterns) {
    if (!pattern.starts_with('!')) {
      matched = matched || matches_pattern(pattern, name);
    } else if (matches_pattern(pattern.substr(1), name)) {
      return false;  // overrules the whole list
    }
  }
  return matched;
}

}  // namespace clustermpi
