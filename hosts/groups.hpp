// Named sets of hosts, by what the inventory and the facts say of them: what `@NAME` stands for in
// a hostlist, and what other programs' group files are written from.
#pragma once

#include <functional>
#include <map>
#include <string>
#include <vector>

#include "hosts/inventory.hpp"
#include "hosts/placement.hpp"

namespace clustermpi {

/// Names of all hosts, in the order written.
[[nodiscard]] std::vector<std::string> names_of(const Inventory& inventory);
/// Labels that any host has, each once, in the order written.
[[nodiscard]] std::vector<std::string> labels_of(const Inventory& inventory);

/// Group name -> hosts, in the order of the inventory.
using HostGroups = std::map<std::string, std::vector<std::string>, std::less<>>;

/// `all`, `manager` and `workers` (all but the manager; a single host is both), which are always
/// there; `label:LABEL`; by facts, where they are known, `arch:ARCHITECTURE` ("arch:arm64") and
/// `os:ID` with its version ("os:debian12").
[[nodiscard]] HostGroups host_groups(const Inventory& inventory, const FleetFacts& facts);

/// The group that `name` stands for: its whole name, or a label's without "label:". Null where
/// there is none.
[[nodiscard]] const std::vector<std::string>* find_group(const HostGroups& groups,
                                                         std::string_view name);

}  // namespace clustermpi
