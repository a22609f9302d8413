// Text for the programs that run the cluster. Each writer refuses, by Error{usage} naming the host,
// what its consumer would silently misread.
#pragma once

#include <array>
#include <filesystem>
#include <nlohmann/json_fwd.hpp>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "hosts/facts.hpp"
#include "hosts/inventory.hpp"
#include "hosts/placement.hpp"

namespace clustermpi {

/// Whose files: each launcher has its own form of them.
enum class MpiFormat { openmpi4, openmpi5, mpich, slurm };

struct MpiFormatName {
  MpiFormat format;
  std::string_view name;
};
inline constexpr std::array mpi_format_names{
    MpiFormatName{MpiFormat::openmpi4, "openmpi4"}, MpiFormatName{MpiFormat::openmpi5, "openmpi5"},
    MpiFormatName{MpiFormat::mpich, "mpich"}, MpiFormatName{MpiFormat::slurm, "slurm"}};

/// The hosts of a job with their slots: Open MPI's hostfile (`NAME slots=N`), or Hydra's (`NAME:N`,
/// which cuts nothing off a name). Slurm has none: see machinefile(Placement).
[[nodiscard]] std::string machinefile(const std::vector<NodeSlots>& nodes, MpiFormat format);

/// The hosts of a placement, as many slots each as it has ranks. For Hydra (`NAME:N
/// binding=user:CPUS,...`) and Slurm (SLURM_HOSTFILE: a line a rank), which go by the order of
/// lines, it also says which rank runs where; for Open MPI that takes a rankfile. `facts` have the
/// numbers of the CPUs that Hydra binds to: those of a host that is not among them are left to it.
[[nodiscard]] std::string machinefile(const Placement& placement, MpiFormat format,
                                      const FleetFacts& facts = {});

/// Open MPI's rankfile: `rank N=NAME slot=CORES`, ascending from rank 0 (4.1 and PRRTE 3 reject or
/// misread any other order). By thread, slots are hardware threads, and mpirun must be told so. 4.1
/// knows a host as the machinefile has it, PRRTE as its daemon there calls itself, which `facts`
/// say. The others have no such file, which is refused.
[[nodiscard]] std::string rankfile(const Placement& placement, MpiFormat format,
                                   const FleetFacts& facts = {});

/// What follows mpirun's `-host` (Hydra: `-hosts`): "red:4,red01:2". Slurm has no such word, which
/// is refused.
[[nodiscard]] std::string host_option(const std::vector<NodeSlots>& nodes, MpiFormat format);

/// srun's --cpu-bind for a placement, "map_cpu:0,1" or "mask_cpu:0x3,0xc", by the kernel's numbers.
/// Slurm has one list for all hosts: local rank K takes its Kth entry. Refused where hosts differ,
/// or have not said how their CPUs are numbered.
[[nodiscard]] std::string slurm_cpu_bind(const Placement& placement, const FleetFacts& facts);

/// The block for /etc/hosts: `ADDRESS NAME`, cluster addresses from the facts where known.
[[nodiscard]] std::string etc_hosts(const Inventory& inventory, const FleetFacts& facts);

/// What stands in an ssh_config besides the inventory.
struct SshConfigFrame {
  std::filesystem::path home;  ///< what "~" in the identity stands for
  /// The user's own configuration, then the system's: they say what the inventory leaves open.
  std::vector<std::filesystem::path> includes;
  /// Our pins, and what counts beside them: both as GlobalKnownHostsFile, so that
  /// UserKnownHostsFile stays the user's to set. Empty pins: no word on trust, to find out what the
  /// user's own configuration says of it.
  std::filesystem::path pins;
  std::string other_known_hosts;  ///< as ssh_config writes it
};

/// An OpenSSH client configuration: the same way and the same trust for us, Ansible and ssh. In
/// OpenSSH the first value counts, so first comes a Host block a node with what the inventory says,
/// then what we decide for all, then `includes`, then our defaults. A node is called by its name,
/// and by its address where that is nobody else's. A node that is a hop of the jump is reached
/// through the hops before it.
[[nodiscard]] std::string ssh_config(const Inventory& inventory, const SshConfigFrame& frame);

/// Ansible's dynamic inventory (`--list`): groups `cluster`, `manager`, `workers` (all but the
/// manager; a single host is both), `builders` (of each build group), `arch_ARCHITECTURE`,
/// `label_LABEL`;
/// `_meta.hostvars` complete. `ssh_config` is the file Ansible's ssh takes. Host variables: those
/// of Ansible's connection, cluster_address and cluster_architecture where known. Variables of all:
/// cluster_name, cluster_mpi ("openmpi"), cluster_user, cluster_manager, cluster_hosts ({name,
/// address} of each, the address inside the cluster where known), cluster_network where known.
[[nodiscard]] nlohmann::json ansible_inventory(const Inventory& inventory, const FleetFacts& facts,
                                               const std::filesystem::path& ssh_config);

/// One host of each (architecture, version of the inventory's MPI) that compiles for its like; the
/// manager where it can. Key: "amd64-openmpi4.1".
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

/// What the interfaces in that network are called on the hosts, each name once, sorted; "lo" where
/// there is none. Throws as cluster_network() does.
[[nodiscard]] std::vector<std::string> cluster_interfaces(const Inventory& inventory,
                                                          const FleetFacts& facts);

}  // namespace clustermpi
