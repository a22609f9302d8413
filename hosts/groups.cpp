#include "hosts/groups.hpp"

#include <fmt/format.h>

#include <algorithm>

namespace clustermpi {

std::vector<std::string> names_of(const Inventory& inventory) {
  std::vector<std::string> names;
  for (const Host& host : inventory.hosts) names.push_back(host.name);
  return names;
}

std::vector<std::string> labels_of(const Inventory& inventory) {
  std::vector<std::string> labels;
  for (const Host& host : inventory.hosts) {
    for (const std::string& label : host.labels)
      if (std::find(labels.begin(), labels.end(), label) == labels.end()) labels.push_back(label);
  }
  return labels;
}

HostGroups host_groups(const Inventory& inventory, const FleetFacts& facts) {
  HostGroups groups = {{"all", {}}, {"manager", {}}, {"workers", {}}};
  const bool alone = inventory.hosts.size() == 1;
  for (const Host& host : inventory.hosts) {
    const bool manages = host.name == inventory.manager;
    groups["all"].push_back(host.name);
    if (manages) groups["manager"].push_back(host.name);
    if (!manages || alone) groups["workers"].push_back(host.name);
    for (const std::string& label : host.labels) {
      auto& members = groups["label:" + label];
      if (members.empty() || members.back() != host.name) members.push_back(host.name);
    }
    const auto known = facts.find(host.name);
    if (known == facts.end()) continue;
    const Facts& node = known->second;
    if (!node.architecture.empty()) groups["arch:" + node.architecture].push_back(host.name);
    if (!node.os_id.empty())
      groups[fmt::format("os:{}{}", node.os_id, node.os_version)].push_back(host.name);
  }
  return groups;
}

const std::vector<std::string>* find_group(const HostGroups& groups, std::string_view name) {
  auto at = groups.find(name);
  if (at == groups.end()) at = groups.find(fmt::format("label:{}", name));
  return at == groups.end() ? nullptr : &at->second;
}

}  // namespace clustermpi
