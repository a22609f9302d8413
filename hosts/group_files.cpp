#include "hosts/group_files.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <optional>
#include <set>

#include "hosts/error.hpp"
#include "hosts/groups.hpp"
#include "hosts/hostlist_forms.hpp"
#include "hosts/names.hpp"

namespace clustermpi {
namespace {

/// A program that reads names of hosts and groups, and the characters that mean more to it.
struct Consumer {
  std::string_view name;
  std::string_view special;
};

/// Its set syntax, and what YAML would not take as it stands.
constexpr Consumer clustershell = {"ClusterShell", ",!&^[]@*?%:\"\\"};
/// Its file's syntax and that of its queries.
constexpr Consumer genders_library = {"genders", ",=#%[]:\"\\|&~()"};

/// "a blank", "'@'": what in `text` would be misread; empty where nothing would.
std::string misread_in(std::string_view text, const Consumer& consumer) {
  for (const char c : text) {
    if (static_cast<unsigned char>(c) <= ' ' || c == '\x7f') return "a blank";
    if (consumer.special.find(c) != std::string_view::npos) return fmt::format("'{}'", c);
  }
  return {};
}

void check_host(const std::string& host, const Consumer& consumer) {
  const std::string fault = misread_in(host, consumer);
  if (fault.empty()) return;
  throw Error(
      ExitCode::usage,
      fmt::format("host {} has {} in its name, which {} misreads", host, fault, consumer.name),
      "rename it in the inventory");
}

/// A group's name in its two parts: "label" and "gpu"; "" and "workers".
struct GroupName {
  std::string_view kind;
  std::string_view word;

  explicit GroupName(std::string_view name) : word(name) {
    const std::size_t colon = name.find(':');
    if (colon == std::string_view::npos) return;
    kind = name.substr(0, colon);
    word = name.substr(colon + 1);
  }

  [[nodiscard]] bool is_label() const { return kind == "label"; }
  [[nodiscard]] std::string what() const { return fmt::format("the {} {}", kind, word); }
  [[nodiscard]] std::string hint() const {
    return is_label() ? "rename it in the inventory"
                      : "see /etc/os-release on the host, and run clustermpi discover";
  }
};

void check_group(const GroupName& group, const std::string& host, const Consumer& consumer) {
  const std::string fault = misread_in(group.word, consumer);
  if (fault.empty()) return;
  throw Error(ExitCode::usage,
              fmt::format("host {} has {}, with {} in it, which {} misreads", host, group.what(),
                          fault, consumer.name),
              group.hint());
}

std::optional<unsigned> known_slots(const Host& host, const FleetFacts& facts) {
  if (host.slots) return host.slots;
  const auto known = facts.find(host.name);
  if (known == facts.end()) return {};
  return known->second.cores();
}

/// Host -> its attributes, in the order of the groups' names.
using Attributes = std::map<std::string, std::vector<std::string>, std::less<>>;

void check_label(const GroupName& group, const std::string& host) {
  constexpr std::array<std::string_view, 6> ours = {"all", "arch",  "manager",
                                                    "os",  "slots", "workers"};
  if (std::find(ours.begin(), ours.end(), group.word) == ours.end()) return;
  throw Error(ExitCode::usage,
              fmt::format("host {} has {}, which says something else in a genders file", host,
                          group.what()),
              group.hint());
}

Attributes attributes_of(const Inventory& inventory, const FleetFacts& facts) {
  Attributes attributes;
  for (const auto& [name, members] : host_groups(inventory, facts)) {
    if (members.empty()) continue;
    const GroupName group(name);
    check_group(group, members.front(), genders_library);
    if (group.is_label()) check_label(group, members.front());
    const bool has_value = !group.kind.empty() && !group.is_label();
    const std::string attribute =
        has_value ? fmt::format("{}={}", group.kind, group.word) : std::string(group.word);
    for (const std::string& host : members) attributes[host].push_back(attribute);
  }
  return attributes;
}

}  // namespace

std::string clustershell_groups(const Inventory& inventory, const FleetFacts& facts) {
  std::map<std::string, std::string> sources;
  for (const Host& host : inventory.hosts) check_host(host.name, clustershell);
  for (const auto& [name, members] : host_groups(inventory, facts)) {
    if (members.empty()) continue;
    const GroupName group(name);
    check_group(group, members.front(), clustershell);
    const std::string source(group.kind.empty() ? "cluster" : group.kind);
    // In quotes: YAML takes a bare 1e3 for a number and a bare no for a lie.
    sources[source] += fmt::format("  \"{}\": \"{}\"\n", group.word,
                                   fold_for(HostlistReader::clustershell, members));
  }
  std::string out =
      "# Written by clustermpi from the inventory; changes are overwritten.\n"
      "# Put it into /etc/clustershell/groups.d under a name that ends with .yaml, then:\n"
      "#   nodeset -s cluster -f @workers\n"
      "#   clush -w @cluster:all uptime\n";
  for (const auto& [source, groups] : sources) out += fmt::format("{}:\n{}", source, groups);
  return out;
}

std::string genders(const Inventory& inventory, const FleetFacts& facts) {
  std::string out =
      "# Written by clustermpi from the inventory; changes are overwritten.\n"
      "# Put it into /etc/genders, or name it: nodeattr -f FILE -q workers\n";
  std::set<std::string_view> seen;
  for (const Host& host : inventory.hosts) check_host(host.name, genders_library);
  const Attributes attributes = attributes_of(inventory, facts);
  for (const Host& host : inventory.hosts) {
    const std::string_view node = short_name(host.name);
    if (!seen.insert(node).second)
      throw Error(ExitCode::usage,
                  fmt::format("host {} stands twice in the genders file, which cuts names at the "
                              "first dot",
                              host.name),
                  "rename it in the inventory");
    out += fmt::format("{} {}", node, fmt::join(attributes.at(host.name), ","));
    if (const auto slots = known_slots(host, facts)) out += fmt::format(",slots={}", *slots);
    out += '\n';
  }
  return out;
}

}  // namespace clustermpi
