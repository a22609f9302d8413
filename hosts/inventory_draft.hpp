// An inventory while its tables are read: what is known so far, what is wrong, and what the readers
// of several tables do. Only for the readers in this folder.
#pragma once

#include <fmt/format.h>

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "hosts/hostlist_sources.hpp"
#include "hosts/inventory.hpp"
#include "hosts/toml_section.hpp"

namespace clustermpi {

struct InventoryDraft {
  InventoryDraft(std::string_view text, const std::string& file) : findings(text, file) {}
  InventoryDraft(const InventoryDraft&) = delete;  // sources of known hosts point at it
  InventoryDraft& operator=(const InventoryDraft&) = delete;

  /// The section of that name, or nothing where it is left out or no table.
  std::optional<Section> section(const toml::table& root, const std::string& name);

  /// Takes a text for which `fault` has nothing to say.
  template <typename Fault>
  std::optional<Text> checked_text(Section& section, std::string_view key, Fault fault) {
    auto found = section.text(key);
    if (!found) return {};
    const std::string reason = fault(found->value);
    if (reason.empty()) return found;
    findings.add(found->place, fmt::format("{} '{}' {}", key, found->value, reason));
    return {};
  }

  /// Takes one of some words and gives its index.
  std::optional<std::size_t> choice(Section& section, std::string_view key,
                                    const std::vector<std::string>& words);

  /// Names of hosts that are only being made known; nothing where the expression is faulty, which
  /// is then reported.
  std::optional<std::vector<std::string>> expand_new(const Text& expression);
  /// The same of hosts that were read before. Nothing, too, where a group is named and not all of
  /// them could be read.
  std::optional<std::vector<std::string>> expand_known(const Text& expression);

  /// Roles and labels of the hosts that were read before; made when one is first named.
  [[nodiscard]] HostlistSources known_groups() const;

  /// The place of a character of the string that begins at `start`. Where escapes or several lines
  /// stand between, the string as a whole.
  [[nodiscard]] Place inside(Place start, std::size_t offset) const;

  /// The hint for who wrote a host that is not there.
  [[nodiscard]] std::string nearest_host(std::string_view name) const;

  Findings findings;
  Inventory inventory;
  bool hosts_lost = false;  ///< a [[hosts]] block could not be read: a name may be one of those
};

constexpr unsigned most_slots = 4096;  // more is a typing error, not a node

/// What [cluster] and [ssh] say for all hosts.
struct HostDefaults {
  std::string user;
  bool user_given = false;  ///< even where it is faulty: one mistake, one message
  std::optional<std::uint16_t> port;
};
[[nodiscard]] std::optional<std::uint16_t> read_port(Section& section);

// The readers of tables that have files of their own. Partitions and placement name hosts, and so
// come after them.
void read_hosts(InventoryDraft& draft, const toml::table& root, const HostDefaults& defaults);
void read_slurm(InventoryDraft& draft, const toml::table& root);
void read_placement(InventoryDraft& draft, const toml::table& root);

}  // namespace clustermpi
