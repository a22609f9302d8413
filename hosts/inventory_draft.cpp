#include "hosts/inventory_draft.hpp"

#include <algorithm>
#include <memory>

#include "hosts/groups.hpp"
#include "hosts/hints.hpp"
#include "hosts/hostlist.hpp"

namespace clustermpi {
namespace {

/// Names of a hostlist expression; nothing where it is faulty, which is then reported.
std::optional<std::vector<std::string>> expand(InventoryDraft& draft, const Text& expression,
                                               HostlistSources sources) {
  sources.no_files = "a file cannot be named here: the inventory says all of it itself";
  try {
    return Hostlist::parse(expression.value, sources).names();
  } catch (const HostlistError& error) {
    draft.findings.add(draft.inside(expression.place, error.position()), error.what(),
                       error.hint());
    return {};
  }
}

}  // namespace

std::optional<Section> InventoryDraft::section(const toml::table& root, const std::string& name) {
  const toml::node* node = root.get(name);
  if (node == nullptr) return {};
  const std::string title = fmt::format("[{}]", name);
  if (const toml::table* table = node->as_table()) return Section(*table, title, findings);
  findings.add(place_of(*node), fmt::format("'{}' must be one table, not {}", name, kind_of(*node)),
               fmt::format("write {} on a line of its own", title));
  return {};
}

std::optional<std::size_t> InventoryDraft::choice(Section& section, std::string_view key,
                                                  const std::vector<std::string>& words) {
  const auto found = section.text(key);
  if (!found) return {};
  const auto at = std::find(words.begin(), words.end(), found->value);
  if (at != words.end()) return static_cast<std::size_t>(at - words.begin());
  findings.add(found->place, fmt::format("unknown {} '{}'", key, found->value),
               did_you_mean(found->value, words, one_of(words)));
  return {};
}

std::optional<std::vector<std::string>> InventoryDraft::expand_new(const Text& expression) {
  HostlistSources sources;
  sources.no_groups = "a group cannot be named here: groups are made of the hosts listed here";
  return expand(*this, expression, std::move(sources));
}

std::optional<std::vector<std::string>> InventoryDraft::expand_known(const Text& expression) {
  if (hosts_lost && expression.value.find('@') != std::string::npos) return {};
  return expand(*this, expression, known_groups());
}

HostlistSources InventoryDraft::known_groups() const {
  HostlistSources sources;
  sources.groups = [this, groups = std::make_shared<HostGroups>()]() -> const HostGroups& {
    if (groups->empty()) *groups = host_groups(inventory, {});
    return *groups;
  };
  sources.no_facts =
      "what a host is made of is not known where the inventory is read: give those hosts a label";
  return sources;
}

Place InventoryDraft::inside(Place start, std::size_t offset) const {
  const std::string_view line = findings.line(start);
  const std::size_t quote = start.column - 1;
  const bool plain = line.find("\"\"\"") == line.npos && line.find("'''") == line.npos &&
                     line.substr(0, quote + offset).find('\\') == line.npos;
  return plain ? Place{start.line, start.column + 1 + static_cast<unsigned>(offset)} : start;
}

std::string InventoryDraft::nearest_host(std::string_view name) const {
  const std::vector<std::string> names = names_of(inventory);
  return did_you_mean(name, names, fmt::format("the hosts are {}", fold_hostlist(names)));
}

std::optional<std::uint16_t> read_port(Section& section) {
  const auto found = section.number("port", 1, 65535);
  if (!found) return {};
  return static_cast<std::uint16_t>(found->value);
}

}  // namespace clustermpi
