#include "hosts/slurm_conf.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cassert>

#include "hosts/container.hpp"
#include "hosts/error.hpp"
#include "hosts/hostlist_forms.hpp"
#include "hosts/names.hpp"

namespace clustermpi {
namespace {

constexpr std::uint64_t promised_percent = 95;
constexpr std::uint64_t memory_grain = 64;  // MiB
constexpr Version first_with_cgroup_v2{22, 5, 0};

/// A host that jobs run on, and what it says of itself. Both outlive it.
struct Node {
  const Host& host;
  const Facts& facts;

  [[nodiscard]] std::string name() const { return std::string(short_name(host.name)); }
  [[nodiscard]] std::string address() const {
    return facts.cluster_address.empty() ? host.address : facts.cluster_address;
  }
  [[nodiscard]] std::string own_name() const {
    return facts.hostname.empty() ? name() : facts.hostname;
  }
};

bool may_compute(const Host& host, const Inventory& inventory) {
  return inventory.manager_computes || host.name != inventory.manager;
}

std::vector<Node> nodes_of(const Inventory& inventory, const FleetFacts& facts) {
  std::vector<Node> nodes;
  for (const Host& host : inventory.hosts) {
    const auto known = facts.find(host.name);
    if (known != facts.end() && may_compute(host, inventory))
      nodes.push_back({host, known->second});
  }
  return nodes;
}

/// What slurmd sees; before it is installed, what it will see.
SlurmHardware hardware_of(const Facts& facts) {
  if (facts.slurmd) return *facts.slurmd;
  return {facts.cores() * facts.threads_per_core,
          1,
          facts.sockets,
          facts.cores_per_socket,
          facts.threads_per_core,
          facts.memory_kib / 1024};
}

/// How jobs are kept to what they were given.
enum class Confinement {
  none,       ///< not at all
  on_demand,  ///< processes are bound to the CPUs that a job names
  affinity,   ///< processes are bound to their CPUs
  cgroup,     ///< and cannot leave their share
};

bool has_controller(const Facts& facts, std::string_view name) {
  const auto& all = facts.cgroup_controllers;
  return std::find(all.begin(), all.end(), name) != all.end();
}

Confinement confinement_of(const Facts& facts) {
  // A container has no cgroups of its own, and often not all of the CPUs, which Slurm counts on;
  // and several share a machine, where each would crowd its first tasks onto the first CPU.
  if (is_container(facts)) {
    const bool has_all_cpus = facts.topology && facts.topology->forbidden.empty();
    return has_all_cpus ? Confinement::on_demand : Confinement::none;
  }
  // Slurm asks systemd for its cgroup, over D-Bus; without systemd nobody could say "none".
  const bool has_systemd =
      !facts.virtualization.empty() &&
      (facts.packages.contains("dbus") || facts.packages.contains("dbus-broker"));
  const bool has_cgroup = has_controller(facts, "cpuset") && has_controller(facts, "cpu");
  const bool knows_cgroup = slurm_version(facts) >= first_with_cgroup_v2;
  return has_systemd && has_cgroup && knows_cgroup ? Confinement::cgroup : Confinement::affinity;
}

/// What all nodes together can do, as far as the one file for all of them depends on it.
struct Abilities {
  Confinement confinement = Confinement::cgroup;
  bool limits_memory = true;         // by cgroups
  std::uint64_t memory_per_cpu = 0;  // MiB, of the node that has least
};

Abilities abilities_of(const std::vector<Node>& nodes) {
  Abilities all;
  all.memory_per_cpu = UINT64_MAX;
  for (const Node& node : nodes) {
    const SlurmHardware hardware = hardware_of(node.facts);
    all.confinement = std::min(all.confinement, confinement_of(node.facts));
    all.limits_memory = all.limits_memory && has_controller(node.facts, "memory");
    all.memory_per_cpu = std::min(
        all.memory_per_cpu, promised_memory(hardware.memory_mib) / std::max(hardware.cpus, 1u));
  }
  all.limits_memory = all.limits_memory && all.confinement == Confinement::cgroup;
  all.memory_per_cpu = std::max<std::uint64_t>(all.memory_per_cpu, 1);
  return all;
}

/// "Key=value" lines.
class Lines {
 public:
  template <typename Value>
  void set(std::string_view key, const Value& value) {
    text_ += fmt::format("{}={}\n", key, value);
  }
  void add(std::string_view line) { text_ += fmt::format("{}\n", line); }
  void comment(std::string_view text) { text_ += fmt::format("\n# {}\n", text); }

  [[nodiscard]] std::string text() && { return std::move(text_); }

 private:
  std::string text_;
};

Lines begin_file(const Inventory& inventory) {
  Lines file;
  file.add(
      fmt::format("# Of the cluster {}: written by clustermpi, and written anew by its next run.",
                  inventory.name));
  file.add("# To change something here, change cluster.toml and run `clustermpi up`.");
  return file;
}

/// "red(192.168.1.10)". The name must be the one that the manager calls itself: slurmctld refuses
/// to start elsewhere. By the address the others find it, whatever their /etc/hosts says.
std::string controller(const Inventory& inventory, const FleetFacts& facts) {
  const Host& manager = inventory.manager_host();
  const auto known = facts.find(manager.name);
  const Facts nothing;
  const Node node{manager, known == facts.end() ? nothing : known->second};
  return fmt::format("{}({})", node.own_name(), node.address());
}

void write_daemons(Lines& file, const Inventory& inventory, const FleetFacts& facts) {
  file.comment("The daemons");
  file.set("ClusterName", lower_case(inventory.name));  // Slurm's data base knows no other case
  file.set("SlurmctldHost", controller(inventory, facts));
  file.set("SlurmUser", "slurm");
  file.set("AuthType", "auth/munge");
  file.set("StateSaveLocation", "/var/lib/slurm/slurmctld");
  file.set("SlurmdSpoolDir", "/var/lib/slurm/slurmd");
  // Not the usual names: the packages' rules for those rotate without telling the daemons.
  file.set("SlurmctldLogFile", "/var/log/slurm/controller.log");
  file.set("SlurmdLogFile", "/var/log/slurm/node.log");
  file.set("SlurmctldPidFile", "/run/slurmctld.pid");
  file.set("SlurmdPidFile", "/run/slurmd.pid");
}

void write_availability(Lines& file) {
  file.comment("Nodes come and go: power cuts, reboots, slow cards");
  file.set("ReturnToService", 2);
  file.set("RebootProgram", "/sbin/reboot");
  file.set("ResumeTimeout", 600);  // for a reboot that Slurm was asked for
  file.set("SlurmdTimeout", 120);
  file.set("MessageTimeout", 30);
  file.set("UnkillableStepTimeout", 180);  // must be five times MessageTimeout
}

void write_scheduling(Lines& file, const SlurmSettings& settings, const Abilities& abilities) {
  file.comment("Who gets what");
  file.set("SchedulerType", "sched/backfill");
  // Slurm gathers batch jobs for three seconds otherwise, which is for thousands an hour.
  file.set("SchedulerParameters", "batch_sched_delay=0");
  file.set("SelectType", "select/cons_tres");
  file.set("SelectTypeParameters", settings.memory_limits ? "CR_Core_Memory" : "CR_Core");
  // Else a job that does not say how much it needs would get all memory of its nodes, and so the
  // nodes for itself.
  if (settings.memory_limits) file.set("DefMemPerCPU", abilities.memory_per_cpu);
  // A job that no partition takes is refused at once, not kept waiting for ever.
  file.set("EnforcePartLimits", "ALL");
}

void write_jobs(Lines& file, const Inventory& inventory, const Abilities& abilities) {
  const SlurmSettings& settings = *inventory.slurm;
  const bool by_cgroup = abilities.confinement == Confinement::cgroup;
  file.comment("How jobs run");
  file.set("MpiDefault", inventory.mpi == MpiImplementation::mpich ? "pmi2" : "pmix");
  // The limits of a shell on the manager say nothing about the nodes.
  file.set("PropagateResourceLimits", "NONE");
  file.set("ProctrackType", by_cgroup ? "proctrack/cgroup" : "proctrack/linuxproc");
  constexpr std::array task_plugins = {"task/none", "task/affinity", "task/affinity",
                                       "task/cgroup,task/affinity"};
  file.set("TaskPlugin", task_plugins.at(static_cast<std::size_t>(abilities.confinement)));
  if (abilities.confinement == Confinement::on_demand) file.set("TaskPluginParam", "None");
  // Reading /proc works everywhere, and needs no memory controller, which a Raspberry Pi has off.
  const bool polls_memory = settings.memory_limits && !abilities.limits_memory;
  if (settings.accounting || polls_memory) file.set("JobAcctGatherType", "jobacct_gather/linux");
  if (!polls_memory) return;
  file.set("JobAcctGatherParams", "OverMemoryKill");
  file.set("JobAcctGatherFrequency", 10);  // seconds; the usual 30 are enough to fill a small board
}

void write_accounting(Lines& file, const Inventory& inventory) {
  if (!inventory.slurm->accounting) return;
  file.comment("The record of all jobs");
  file.set("AccountingStorageType", "accounting_storage/slurmdbd");
  file.set("AccountingStorageHost", short_name(inventory.manager));
}

std::vector<std::string> features_of(const Node& node) {
  std::vector<std::string> features;
  const auto add = [&](const std::string& word) {
    if (!word.empty() && std::find(features.begin(), features.end(), word) == features.end())
      features.push_back(word);
  };
  add(node.facts.architecture);
  for (const std::string& label : node.host.labels) add(label);
  return features;
}

/// What a NodeName line says of all its nodes alike.
std::string properties_of(const Node& node) {
  const SlurmHardware hardware = hardware_of(node.facts);
  std::string text = fmt::format(
      "CPUs={} Boards={} SocketsPerBoard={} CoresPerSocket={} ThreadsPerCore={} RealMemory={}",
      hardware.cpus, hardware.boards, hardware.sockets_per_board, hardware.cores_per_socket,
      hardware.threads_per_core, promised_memory(hardware.memory_mib));
  if (const auto features = features_of(node); !features.empty())
    text += fmt::format(" Feature={}", fmt::join(features, ","));
  if (node.facts.gpus > 0) text += fmt::format(" Gres=gpu:{}", node.facts.gpus);
  return text + " State=UNKNOWN";
}

/// Nodes that differ in names and addresses only.
struct NodeGroup {
  std::string properties;
  bool renamed = false;  // they call themselves otherwise than the inventory does
  std::vector<std::string> names;
  std::vector<std::string> addresses;
  std::vector<std::string> own_names;

  [[nodiscard]] std::string line() const {
    std::string text =
        fmt::format("NodeName={} NodeAddr={}", slurm_hostlist(names), slurm_hostlist(addresses));
    if (renamed) text += fmt::format(" NodeHostname={}", slurm_hostlist(own_names));
    return fmt::format("{} {}", text, properties);
  }
};

std::vector<NodeGroup> grouped(const std::vector<Node>& nodes) {
  std::vector<NodeGroup> groups;
  for (const Node& node : nodes) {
    const std::string properties = properties_of(node);
    const bool renamed = node.own_name() != node.name();
    auto group = std::find_if(groups.begin(), groups.end(), [&](const NodeGroup& other) {
      return other.properties == properties && other.renamed == renamed;
    });
    if (group == groups.end())
      group = groups.insert(groups.end(), {properties, renamed, {}, {}, {}});
    group->names.push_back(node.name());
    group->addresses.push_back(node.address());
    group->own_names.push_back(node.own_name());
  }
  return groups;
}

void write_nodes(Lines& file, const std::vector<Node>& nodes) {
  file.comment("The nodes");
  const bool has_gpus =
      std::any_of(nodes.begin(), nodes.end(), [](const Node& node) { return node.facts.gpus > 0; });
  if (has_gpus) file.set("GresTypes", "gpu");
  for (const NodeGroup& group : grouped(nodes)) file.add(group.line());
}

std::string partition_line(std::string_view name, std::string_view nodes, bool is_default,
                           std::string_view max_time) {
  return fmt::format("PartitionName={} {}Default={} MaxTime={} State=UP", name, nodes,
                     is_default ? "YES" : "NO", max_time.empty() ? "INFINITE" : max_time);
}

/// The hosts of a partition that are nodes now. A partition without any is still one: jobs may be
/// waiting in it.
std::string nodes_of(const SlurmPartition& partition, const std::vector<Node>& nodes) {
  std::vector<std::string> names;
  for (const Node& node : nodes)
    if (std::find(partition.hosts.begin(), partition.hosts.end(), node.host.name) !=
        partition.hosts.end())
      names.push_back(node.name());
  return names.empty() ? std::string{} : fmt::format("Nodes={} ", slurm_hostlist(names));
}

void write_partitions(Lines& file, const SlurmSettings& settings, const std::vector<Node>& nodes) {
  file.comment("The partitions");
  const bool another_is_default =
      std::any_of(settings.partitions.begin(), settings.partitions.end(),
                  [](const SlurmPartition& partition) { return partition.is_default; });
  file.add(partition_line(settings.partition, "Nodes=ALL ", !another_is_default, ""));
  for (const SlurmPartition& partition : settings.partitions)
    file.add(partition_line(partition.name, nodes_of(partition, nodes), partition.is_default,
                            partition.max_time));
}

std::string cgroup_conf(const Inventory& inventory, const Abilities& abilities) {
  if (abilities.confinement != Confinement::cgroup) return {};
  Lines file = begin_file(inventory);
  file.set("ConstrainCores", "yes");
  if (inventory.slurm->memory_limits && abilities.limits_memory) {
    file.set("ConstrainRAMSpace", "yes");
    // Else a job that wants more than it asked for gets it from the swap space, at a card's pace.
    file.set("ConstrainSwapSpace", "yes");
  }
  return std::move(file).text();
}

std::string gres_conf(const Inventory& inventory, const std::vector<Node>& nodes) {
  std::map<unsigned, std::vector<std::string>> by_count;
  for (const Node& node : nodes)
    if (node.facts.gpus > 0) by_count[node.facts.gpus].push_back(node.name());
  if (by_count.empty()) return {};
  Lines file = begin_file(inventory);
  for (const auto& [count, names] : by_count)
    file.add(fmt::format("NodeName={} Name=gpu File=/dev/nvidia{}", slurm_hostlist(names),
                         count == 1 ? "0" : fmt::format("[0-{}]", count - 1)));
  return std::move(file).text();
}

}  // namespace

SlurmFiles slurm_files(const Inventory& inventory, const FleetFacts& facts) {
  assert(inventory.slurm);
  const std::vector<Node> nodes = nodes_of(inventory, facts);
  if (nodes.empty())
    throw Error(ExitCode::local_failure,
                "nothing is known of the hosts that Slurm's nodes are to be",
                "run clustermpi discover");
  const Abilities abilities = abilities_of(nodes);
  Lines file = begin_file(inventory);
  write_daemons(file, inventory, facts);
  write_availability(file);
  write_scheduling(file, *inventory.slurm, abilities);
  write_jobs(file, inventory, abilities);
  write_accounting(file, inventory);
  write_nodes(file, nodes);
  write_partitions(file, *inventory.slurm, nodes);
  return {std::move(file).text(), cgroup_conf(inventory, abilities), gres_conf(inventory, nodes)};
}

std::vector<std::string> slurm_nodes(const Inventory& inventory, const FleetFacts& facts) {
  std::vector<std::string> names;
  for (const Node& node : nodes_of(inventory, facts)) names.push_back(node.name());
  return names;
}

std::map<std::string, std::string> slurm_properties(const Inventory& inventory,
                                                    const FleetFacts& facts) {
  std::map<std::string, std::string> properties;
  for (const Node& node : nodes_of(inventory, facts))
    properties[node.host.name] = properties_of(node);
  return properties;
}

bool slurm_binds(const Inventory& inventory, const FleetFacts& facts) {
  return abilities_of(nodes_of(inventory, facts)).confinement != Confinement::none;
}

std::vector<std::string> slurm_left_out(const Inventory& inventory, const FleetFacts& facts) {
  std::vector<std::string> names;
  for (const Host& host : inventory.hosts)
    if (!facts.contains(host.name) && may_compute(host, inventory)) names.push_back(host.name);
  return names;
}

std::uint64_t promised_memory(std::uint64_t memory_mib) {
  const std::uint64_t promised = memory_mib * promised_percent / 100;
  const std::uint64_t rounded = promised - promised % memory_grain;
  return std::max<std::uint64_t>(rounded > 0 ? rounded : promised, 1);
}

}  // namespace clustermpi
