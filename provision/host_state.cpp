#include "provision/host_state.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <iterator>
#include <sstream>

#include "hosts/error.hpp"

namespace clustermpi {

namespace {

constexpr std::array<std::string_view, 7> known_kinds{"package", "file",     "block", "line",
                                                      "service", "leftover", "venv"};

std::vector<std::string> words_of(const std::string& line) {
  std::istringstream stream(line);
  return {std::istream_iterator<std::string>(stream), std::istream_iterator<std::string>()};
}

/// Of alternatives ("chrony|ntpsec") any one will do.
bool has_package(const std::map<std::string, std::string>& installed,
                 const std::string& alternatives) {
  std::istringstream names(alternatives);
  for (std::string name; std::getline(names, name, '|');) {
    if (installed.contains(name)) return true;
  }
  return false;
}

/// Items that the last run knew nothing of.
std::vector<ManagedItem> added(const std::vector<ManagedItem>& wanted,
                               const std::vector<ItemState>& recorded) {
  std::vector<ManagedItem> found;
  std::ranges::copy_if(wanted, std::back_inserter(found), [&](const ManagedItem& item) {
    return std::ranges::none_of(recorded, [&](const ItemState& known) {
      return known.kind == item.kind && known.name == item.name;
    });
  });
  return found;
}

/// Items that were never installed: which packages the host lacks, what will be written.
std::vector<std::string> first_install(const std::vector<ManagedItem>& wanted,
                                       const std::map<std::string, std::string>& installed) {
  std::vector<std::string> packages;
  std::vector<std::string> places;
  for (const ManagedItem& item : wanted) {
    if (item.kind == "package" && !has_package(installed, item.name)) {
      packages.push_back(item.name.substr(0, item.name.find('|')));
    }
    if (item.kind == "file") places.push_back(item.name);
    if (item.kind == "block" || item.kind == "line") {
      places.push_back(fmt::format("a {} in {}", item.kind, item.name));
    }
  }
  std::vector<std::string> changes;
  if (!packages.empty()) changes.push_back(fmt::format("install {}", fmt::join(packages, ", ")));
  if (!places.empty()) changes.push_back(fmt::format("write {}", fmt::join(places, ", ")));
  for (const ManagedItem& item : wanted) {
    if (item.kind == "venv")
      changes.push_back(fmt::format("make the Python environment {}", item.name));
  }
  return changes;
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

std::string describe_drift(const ItemState& item) {
  const bool gone = item.current == "-";
  if (item.kind == "package") {
    return gone ? fmt::format("install {} again: it was removed", item.name)
                : fmt::format("check {}: it went from {} to {}", item.name, item.recorded,
                              item.current);
  }
  if (item.kind == "service") {
    return fmt::format("put the service {} right: it is {}", item.name, item.current);
  }
  if (item.kind == "venv") {
    return gone ? fmt::format("make the Python environment {} again: it is gone, or its Python is",
                              item.name)
                : fmt::format("put the Python environment {} right: packages in it changed or went",
                              item.name);
  }
  const std::string place =
      item.kind == "file" ? item.name : fmt::format("the {} in {}", item.kind, item.name);
  return fmt::format("put {} right: it was {} by hand", place, gone ? "removed" : "changed");
}

std::vector<std::string> outstanding_changes(const HostState& state, const std::string& inputs,
                                             const std::vector<ManagedItem>& wanted,
                                             const std::map<std::string, std::string>& installed) {
  if (!state.inputs) return first_install(wanted, installed);
  std::vector<std::string> changes;
  if (*state.inputs != inputs) {
    changes = first_install(added(wanted, state.items), installed);
    changes.emplace_back("apply the changed settings");
  }
  for (const ItemState& item : state.drift()) changes.push_back(describe_drift(item));
  return changes;
}

HostStates parse_host_states(std::string_view output) {
  HostStates states;
  HostState* state = nullptr;
  std::istringstream lines{std::string(output)};
  std::string line;
  while (std::getline(lines, line)) {
    const auto words = words_of(line);
    if (words.size() == 2 && words[0] == "playbook") state = &states[words[1]];
    if (state == nullptr) continue;
    if (words.size() == 2 && words[0] == "inputs") state->inputs = words[1];
    if (words.size() == 5 && words[0] == "item") {
      state->items.push_back({words[1], words[2], words[3], words[4]});
    }
  }
  return states;
}

}  // namespace clustermpi
