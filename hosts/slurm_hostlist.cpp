#include "hosts/slurm_hostlist.hpp"

#include <fmt/format.h>

#include <cstdint>
#include <string_view>
#include <vector>

namespace clustermpi {
namespace {

constexpr std::uint64_t most_names_in_range = 65536;
constexpr std::size_t most_digits = 9;  // what stands before them counts as text

/// "red" and "08" of red08.
struct SplitName {
  std::string_view text;
  std::string_view digits;  // may be empty
};

SplitName split(std::string_view name) {
  std::size_t at = name.size();
  while (at > 0 && name.size() - at < most_digits && name[at - 1] >= '0' && name[at - 1] <= '9')
    --at;
  return {name.substr(0, at), name.substr(at)};
}

std::uint64_t value_of(std::string_view digits) {
  std::uint64_t value = 0;
  for (const char digit : digits) value = value * 10 + static_cast<std::uint64_t>(digit - '0');
  return value;
}

/// Consecutive numbers, written as wide as the first.
struct Range {
  std::string_view first;
  std::uint64_t count = 1;

  [[nodiscard]] std::string number(std::uint64_t index) const {
    return fmt::format("{:0{}}", value_of(first) + index, first.size());
  }
  [[nodiscard]] bool goes_on_with(std::string_view digits) const {
    return count < most_names_in_range && number(count) == digits;
  }
  [[nodiscard]] std::string text() const {
    return count == 1 ? std::string(first) : fmt::format("{}-{}", first, number(count - 1));
  }
};

/// Neighbours in the list that differ in their number only.
struct Run {
  std::string_view text;
  std::vector<Range> ranges;

  void add(std::string_view digits) {
    if (!ranges.empty() && ranges.back().goes_on_with(digits))
      ++ranges.back().count;
    else
      ranges.push_back({digits});
  }
  [[nodiscard]] std::string folded() const {
    if (ranges.size() == 1 && ranges.front().count == 1)
      return fmt::format("{}{}", text, ranges.front().first);
    std::string list;
    for (const Range& range : ranges) list += (list.empty() ? "" : ",") + range.text();
    return fmt::format("{}[{}]", text, list);
  }
};

}  // namespace

std::string slurm_hostlist(std::span<const std::string> names) {
  std::vector<Run> runs;
  for (const std::string& name : names) {
    const SplitName parts = split(name);
    const bool goes_on = !runs.empty() && runs.back().text == parts.text && !parts.digits.empty() &&
                         !runs.back().ranges.front().first.empty();
    if (!goes_on) runs.push_back({parts.text, {}});
    runs.back().add(parts.digits);
  }
  std::string list;
  for (const Run& run : runs) list += (list.empty() ? "" : ",") + run.folded();
  return list;
}

}  // namespace clustermpi
