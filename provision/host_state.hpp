// What the roles leave on a node, what was recorded of it, and how that compares with now.
#pragma once

#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace clustermpi {

/// One thing that a role manages: `package openmpi-bin`, `block /etc/hosts`, ...
struct ManagedItem {
  std::string kind;
  std::string name;       ///< "{venv_path}" stands for what the variable venv_path has
  std::string condition;  ///< host variable that must be true; empty: always

  bool operator==(const ManagedItem&) const = default;
};

/// Reads a role's managed.list: `KIND NAME [when=VARIABLE]` a line, `#` comments. A `leftover` is
/// what daemons make while they run, a path or a pattern for one; a `venv` is a Python environment.
/// Throws Error{local_failure} naming `file` and the line.
[[nodiscard]] std::vector<ManagedItem> parse_managed_list(std::string_view text,
                                                          const std::string& file);

/// An item as the node reports it.
struct ItemState {
  std::string kind;
  std::string name;
  std::string recorded;  ///< digest or version at the end of the last install
  std::string current;   ///< the same now; "-" where the item is gone

  bool operator==(const ItemState&) const = default;
};

/// What a node keeps of the last run of a playbook that ended well on it.
struct HostState {
  std::optional<std::string>
      inputs;  ///< digest of playbooks and variables then; none: never installed
  std::vector<ItemState> items;

  /// Items that are no longer as the last install left them.
  [[nodiscard]] std::vector<ItemState> drift() const;
};

/// "put the block in /etc/hosts right: it was changed by hand"
[[nodiscard]] std::string describe_drift(const ItemState& item);

/// What an install has to do on a host, in plain words; empty where it is as the last install left
/// it. `inputs` is today's digest, `wanted` what the roles leave there, `installed` its packages
/// now.
[[nodiscard]] std::vector<std::string> outstanding_changes(
    const HostState& state, const std::string& inputs, const std::vector<ManagedItem>& wanted,
    const std::map<std::string, std::string>& installed);

/// What a node keeps of each playbook ("mpi", "slurm").
using HostStates = std::map<std::string, HostState>;

/// Reads what remote/record.sh prints. Lines that it does not know are ignored.
[[nodiscard]] HostStates parse_host_states(std::string_view output);

}  // namespace clustermpi
