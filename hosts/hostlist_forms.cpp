#include "hosts/hostlist_forms.hpp"

#include <fmt/format.h>

#include <cstdint>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "hosts/hostlist.hpp"
#include "hosts/hostlist_fold.hpp"
#include "hosts/hostlist_numbers.hpp"

namespace clustermpi {
namespace {

constexpr std::uint64_t most_names_in_range = 65536;  // of Slurm
constexpr std::size_t most_digits = 9;                // what stands before them counts as text
constexpr FoldLimits limits_of_pdsh = {2, 16384};

/// "red" and "08" of red08.
struct SplitName {
  std::string_view text;
  std::string_view digits;  // may be empty
};

SplitName split(std::string_view name) {
  std::size_t at = name.size();
  while (at > 0 && name.size() - at < most_digits && is_digit(name[at - 1])) --at;
  return {name.substr(0, at), name.substr(at)};
}

/// Consecutive numbers, written as wide as the first.
struct Range {
  std::string_view first;
  std::uint64_t count = 1;

  [[nodiscard]] std::string number(std::uint64_t index) const {
    return fmt::format("{:0{}}", to_number(first) + index, first.size());
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

/// With the names that differ in their number only side by side, for one bracket to hold them.
std::vector<std::string> gathered(const std::vector<std::string>& names) {
  std::vector<std::vector<std::string>> groups;  // in the order of their first names
  std::unordered_map<std::string_view, std::size_t> group_of;
  for (const std::string& name : names) {
    const auto [group, is_new] = group_of.try_emplace(split(name).text, groups.size());
    if (is_new) groups.emplace_back();
    groups[group->second].push_back(name);
  }
  std::vector<std::string> all;
  for (std::vector<std::string>& group : groups)
    std::move(group.begin(), group.end(), std::back_inserter(all));
  return all;
}

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

std::string fold_for(HostlistReader reader, std::span<const std::string> names) {
  switch (reader) {
    case HostlistReader::slurm:
      return slurm_hostlist(
          gathered(Hostlist({names.begin(), names.end()}).in_natural_order().names()));
    case HostlistReader::pdsh:
      return fold_within(names, limits_of_pdsh);
    case HostlistReader::clustershell:
      break;
  }
  return fold_within(names, {});
}

}  // namespace clustermpi
