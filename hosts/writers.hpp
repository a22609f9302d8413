// Text for the programs that run the cluster. Each writer refuses, by Error{usage} naming the host,
// what its consumer would silently misread.
#pragma once

#include <filesystem>
#include <nlohmann/json_fwd.hpp>
#include <optional>
#include <string>
#include <vector>

#include "hosts/facts.hpp"
#include "hosts/inventory.hpp"
#include "hosts/placement.hpp"

namespace clustermpi {

enum class MpiFormat { openmpi4, openmpi5 };

/// Open MPI's hostfile: `NAME slots=N`, one a line, manager first.
[[nodiscard]] std::string machinefile(const std::vector<NodeSlots>& nodes, MpiFormat format);

/// Open MPI's rankfile: `rank N=NAME slot=CORE`, ascending from rank 0 (4.1 and PRRTE 3 reject or
/// misread any other order).
[[nodiscard]] std::string rankfile(const std::vector<RankPlace>& ranks, MpiFormat format);

/// The block for /etc/hosts: `ADDRESS NAME`, cluster addresses from the facts where known.
[[nodiscard]] std::string etc_hosts(const Inventory& inventory, const FleetFacts& facts);

struct SshConfigPaths {
  std::filesystem::path known_hosts;
  std::filesystem::path home;  ///< what "~" in the identity stands for
};

/// An OpenSSH client configuration with one Host block a node, which answers to its name and its
/// address: the same trust for us, Ansible and ssh. Host keys are those of `known_hosts` and no
/// others.
[[nodiscard]] std::string ssh_config(const Inventory& inventory, const SshConfigPaths& paths);

/// Ansible's dynamic inventory (`--list`): groups `cluster`, `manager`, `workers` (all but the
/// manager; a single host is both), `builders` (of each build group), `arch_ARCHITECTURE`,
/// `label_LABEL`;
/// `_meta.hostvars` complete. `ssh_config` is the file Ansible's ssh takes. Host variables: those
/// of Ansible's connection, cluster_address and cluster_architecture where known. Variables of all:
/// cluster_name, cluster_user, cluster_manager, cluster_hosts ({name, address} of each, the address
/// inside the cluster where known), cluster_network where known.
[[nodiscard]] nlohmann::json ansible_inventory(const Inventory& inventory, const FleetFacts& facts,
                                               const std::filesystem::path& ssh_config);

/// One host of each (architecture, Open MPI version) that compiles for its like; the manager where
/// it can. Key: "amd64-openmpi4.1".
struct BuildGroup {
  std::string key;
  std::string builder;
  std::vector<std::string> members;  ///< builder included
};
[[nodiscard]] std::vector<BuildGroup> build_groups(const Inventory& inventory,
                                                   const FleetFacts& facts);

/// The CIDR that MPI talks over: the inventory's, else the smallest network of a cluster interface
/// that holds all cluster addresses; nothing where there is none. Hosts without facts have no say.
[[nodiscard]] std::optional<std::string> find_cluster_network(const Inventory& inventory,
                                                              const FleetFacts& facts);

/// The same; throws Error{local_failure} naming the host whose address is in another network.
[[nodiscard]] std::string cluster_network(const Inventory& inventory, const FleetFacts& facts);

/// The Open MPI that a host has or will get: installed, else apt's candidate, else by its OS
/// release.
[[nodiscard]] Version openmpi_version(const Facts& facts);

}  // namespace clustermpi
