#include <fmt/format.h>

#include <algorithm>
#include <nlohmann/json.hpp>

#include "hosts/error.hpp"
#include "hosts/groups.hpp"
#include "hosts/hostlist.hpp"
#include "hosts/mpi.hpp"
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
std::string group_name(std::string name) {
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
                    {"cluster_mpi", mpi_names(inventory.mpi).key},
                    {"cluster_user", inventory.manager_host().user},
                    {"cluster_manager", inventory.manager},
                    {"cluster_hosts", std::move(hosts)}};
  if (const auto network = find_cluster_network(inventory, facts))
    variables["cluster_network"] = *network;
  return variables;
}

/// host_groups() by names that Ansible can live with, and the hosts that build for their like.
HostGroups ansible_groups(const Inventory& inventory, const FleetFacts& facts) {
  HostGroups groups;
  for (auto& [name, members] : host_groups(inventory, facts)) {
    if (name.starts_with("os:")) continue;  // Ansible sees that for itself
    const std::string group = name == "all" ? "cluster" : group_name(name);
    if (!groups.emplace(group, members).second)
      throw Error(ExitCode::usage,
                  fmt::format("host {} has {}, and another host one that is the group {} to "
                              "Ansible, too",
                              members.front(), name, group),
                  "rename one of the two in the inventory");
  }
  for (const BuildGroup& group : build_groups(inventory, facts))
    groups["builders"].push_back(group.builder);
  groups.try_emplace("builders");
  return groups;
}

/// Where a host's name also is a group's, Ansible takes the two for one.
void check_host(const std::string& host, const HostGroups& groups) {
  const auto refuse = [&](const std::string& reason) {
    throw Error(ExitCode::usage, fmt::format("host {} {}", host, reason),
                "rename it in the inventory");
  };
  if (host.find_first_of(" \t\n\"'\\#;,:=[]{}!&~*?@") != std::string::npos || host.front() == '-')
    refuse("has a character in its name that means more to Ansible");
  if (host == "all" || host == "ungrouped") refuse("is called as a group that Ansible itself has");
  const auto group = groups.find(host);
  if (group != groups.end() && group->second != std::vector<std::string>{host})
    refuse(fmt::format("is called as the group of {}, and Ansible would take it for those",
                       group->second.empty() ? "no hosts" : fold_hostlist(group->second)));
}

}  // namespace

Json ansible_inventory(const Inventory& inventory, const FleetFacts& facts,
                       const std::filesystem::path& ssh_config) {
  const std::string ssh_arguments = "-F " + quoted_word(ssh_config.string());
  const HostGroups groups = ansible_groups(inventory, facts);
  for (const Host& host : inventory.hosts) check_host(host.name, groups);
  Json document;
  Json& host_variables_of = document["_meta"]["hostvars"] = Json::object();
  for (const Host& host : inventory.hosts)
    host_variables_of[host.name] = host_variables(host, facts_of(facts, host.name), ssh_arguments);
  Json children = Json::array();
  for (const auto& [name, members] : groups) {
    document[name]["hosts"] = members;
    children.push_back(name);
  }
  document["all"] = {{"children", std::move(children)},
                     {"vars", common_variables(inventory, facts)}};
  return document;
}

}  // namespace clustermpi
