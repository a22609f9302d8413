#include "provision/host_state.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <iterator>
#include <sstream>

#include "hosts/error.hpp"

namespace clustermpi {

namespace {

constexpr std::array<std::string_view, 5> known_kinds{"package", "file", "block", "line",
                                                      "service"};

std::vector<std::string> words_of(const std::string& line) {
  std::istringstream stream(line);
  return {std::istream_iterator<std::string>(stream), std::istream_iterator<std::string>()};
}

}  // namespace

std::vector<ManagedItem> parse_managed_list(std::string_view text, const std::string& file) {
  std::vector<ManagedItem> items;
  std::istringstream lines{std::string(text)};
  std::string line;
  for (unsigned number = 1; std::getline(lines, line); ++number) {
    const auto words = words_of(line.substr(0, line.find('#')));
    if (words.empty()) continue;
    constexpr std::string_view when = "when=";
    const bool has_condition = words.size() == 3 && words[2].starts_with(when);
    if (std::ranges::find(known_kinds, words[0]) == known_kinds.end() ||
        !(words.size() == 2 || has_condition)) {
      throw Error(ExitCode::local_failure,
                  fmt::format("{}:{}: expected `KIND NAME [when=VARIABLE]`, found `{}`", file,
                              number, line));
    }
    items.push_back({words[0], words[1], has_condition ? words[2].substr(when.size()) : ""});
  }
  return items;
}

std::vector<ItemState> HostState::drift() const {
  std::vector<ItemState> changed;
  std::ranges::copy_if(items, std::back_inserter(changed),
                       [](const ItemState& item) { return item.recorded != item.current; });
  return changed;
}

HostState parse_host_state(std::string_view output) {
  HostState state;
  std::istringstream lines{std::string(output)};
  std::string line;
  while (std::getline(lines, line)) {
    const auto words = words_of(line);
    if (words.size() == 2 && words[0] == "inputs") state.inputs = words[1];
    if (words.size() == 5 && words[0] == "item") {
      state.items.push_back({words[1], words[2], words[3], words[4]});
    }
  }
  return state;
}

}  // namespace clustermpi
