// Ansible's inventory as files. All are made from the one document of ansible_inventory(), and say
// the same: the same hosts, groups and variables.
#pragma once

#include <nlohmann/json_fwd.hpp>
#include <string>

namespace clustermpi {

/// The document in the form that a file has: Ansible reads the dynamic protocol only from programs.
[[nodiscard]] nlohmann::json static_inventory(const nlohmann::json& dynamic);

/// For Ansible's `yaml` plugin, in block style: static_inventory() as people write it.
[[nodiscard]] std::string ansible_inventory_yaml(const nlohmann::json& dynamic);

/// For Ansible's `ini` plugin. It reads values as Python's literals, and so are they written where
/// a bare word would be taken for something else.
[[nodiscard]] std::string ansible_inventory_ini(const nlohmann::json& dynamic);

}  // namespace clustermpi
