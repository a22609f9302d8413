#include <fmt/format.h>

#include <algorithm>
#include <nlohmann/json.hpp>

#include "hosts/writers.hpp"

namespace clustermpi {
namespace {

using Json = nlohmann::json;

/// One word for Ansible, which splits its ssh arguments as a shell would.
std::string quoted_word(const std::string& word) {
  if (word.find_first_of(" \t'\"\\") == std::string::npos) return word;
  std::string out = "'";
  for (const char c : word) {
    if (c == '\'') out += "'\\'";
    out += c;
  }
  return out + '\'';
}

/// Groups are Python-like names: all else becomes an underscore.
std::string group_name(std::string_view prefix, std::string_view word) {
  std::string name = fmt::format("{}_{}", prefix, word);
  std::replace_if(
      name.begin(), name.end(),
      [](char c) {
        return !(c >= 'a' && c <= 'z') && !(c >= 'A' && c <= 'Z') && !(c >= '0' && c <= '9');
      },
      '_');
  return name;
}

const Facts* facts_of(const FleetFacts& facts, const std::string& host) {
  const auto at = facts.find(host);
  return at == facts.end() ? nullptr : &at->second;
}

Json host_variables(const Host& host, const Facts* facts, const std::string& ssh_arguments) {
  // No ansible_host: ssh is called with the host's name, and finds its Host block by that.
  Json variables = {{"ansible_user", host.user},
                    {"ansible_ssh_common_args", ssh_arguments},
                    {"ansible_python_interpreter", "/usr/bin/python3"},
                    {"ansible_pipelining", true}};
  if (host.port) variables["ansible_port"] = *host.port;
  if (facts == nullptr) return variables;
  if (!facts->cluster_address.empty()) variables["cluster_address"] = facts->cluster_address;
  if (!facts->architecture.empty()) variables["cluster_architecture"] = facts->architecture;
  return variables;
}

Json common_variables(const Inventory& inventory, const FleetFacts& facts) {
  Json hosts = Json::array();
  for (const Host& host : inventory.hosts) {
    const Facts* known = facts_of(facts, host.name);
    const bool has_address = known != nullptr && !known->cluster_address.empty();
    hosts.push_back(
        {{"name", host.name}, {"address", has_address ? known->cluster_address : host.address}});
  }
  Json variables = {{"cluster_name", inventory.name},
                    {"cluster_user", inventory.manager_host().user},
                    {"cluster_manager", inventory.manager},
                    {"cluster_hosts", std::move(hosts)}};
  if (const auto network = find_cluster_network(inventory, facts))
    variables["cluster_network"] = *network;
  return variables;
}

/// Group name -> hosts, in the order of the inventory.
using Groups = std::map<std::string, std::vector<std::string>>;

Groups groups_of(const Inventory& inventory, const FleetFacts& facts) {
  Groups groups = {
      {"cluster", {}}, {"manager", {inventory.manager}}, {"workers", {}}, {"builders", {}}};
  const bool alone = inventory.hosts.size() == 1;
  for (const Host& host : inventory.hosts) {
    groups["cluster"].push_back(host.name);
    if (host.name != inventory.manager || alone) groups["workers"].push_back(host.name);
    const Facts* known = facts_of(facts, host.name);
    if (known != nullptr && !known->architecture.empty())
      groups[group_name("arch", known->architecture)].push_back(host.name);
    for (const std::string& label : host.labels) {
      auto& members = groups[group_name("label", label)];
      if (members.empty() || members.back() != host.name) members.push_back(host.name);
    }
  }
  for (const BuildGroup& group : build_groups(inventory, facts))
    groups["builders"].push_back(group.builder);
  return groups;
}

}  // namespace

Json ansible_inventory(const Inventory& inventory, const FleetFacts& facts,
                       const std::filesystem::path& ssh_config) {
  const std::string ssh_arguments = "-F " + quoted_word(ssh_config.string());
  Json document;
  Json& host_variables_of = document["_meta"]["hostvars"] = Json::object();
  for (const Host& host : inventory.hosts)
    host_variables_of[host.name] = host_variables(host, facts_of(facts, host.name), ssh_arguments);
  Json children = Json::array();
  for (const auto& [name, members] : groups_of(inventory, facts)) {
    document[name]["hosts"] = members;
    children.push_back(name);
  }
  document["all"] = {{"children", std::move(children)},
                     {"vars", common_variables(inventory, facts)}};
  return document;
}

}  // namespace clustermpi
