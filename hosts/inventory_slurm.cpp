// [slurm] and its partitions.
#include <algorithm>
#include <map>

#include "hosts/groups.hpp"
#include "hosts/hostlist.hpp"
#include "hosts/inventory_draft.hpp"
#include "hosts/names.hpp"

namespace clustermpi {
namespace {

class SlurmReader {
 public:
  explicit SlurmReader(InventoryDraft& draft) : draft_(draft) {}

  void read(const toml::table& root) {
    auto slurm = draft_.section(root, "slurm");
    if (!slurm) return;
    SlurmSettings settings;
    if (const auto partition = draft_.checked_text(*slurm, "partition", partition_name_fault)) {
      settings.partition = partition->value;
      partitions_.emplace(partition->value, *partition);
    } else {
      partitions_.emplace(settings.partition, Text{settings.partition, {}});
    }
    if (const auto accounting = slurm->flag("accounting")) settings.accounting = accounting->value;
    if (const auto limits = slurm->flag("memory_limits")) settings.memory_limits = limits->value;
    for (Section& block : slurm->sections("partitions", "[[slurm.partitions]]"))
      settings.partitions.push_back(read_partition(block));
    slurm->finish();
    draft_.inventory.slurm = settings;
  }

 private:
  SlurmPartition read_partition(Section& block) {
    SlurmPartition partition;
    if (const auto name = draft_.checked_text(block, "name", partition_name_fault)) {
      partition.name = name->value;
      check_partition_name(*name);
    }
    if (const auto hosts = block.text("hosts")) {
      if (auto names = draft_.expand_known(*hosts)) {
        partition.hosts = *std::move(names);
        check_partition_hosts(partition, hosts->place);
      }
    }
    if (const auto max_time = draft_.checked_text(block, "max_time", time_limit_fault))
      if (lower_case(max_time->value) != "unlimited") partition.max_time = max_time->value;
    if (const auto is_default = block.flag("default"); is_default && is_default->value) {
      partition.is_default = true;
      check_default(is_default->place);
    }
    block.finish();
    if (!block.has("name"))
      draft_.findings.add(block.place(), "this partition has no 'name'",
                          "say what it is called: name = \"long\"");
    if (!block.has("hosts"))
      draft_.findings.add(block.place(), "this partition has no 'hosts'",
                          "say which hosts are in it: hosts = \"red0[1-3]\"");
    return partition;
  }

  void check_partition_name(const Text& name) {
    const auto [first, is_new] = partitions_.try_emplace(name.value, name);
    if (is_new) return;
    const unsigned line = first->second.place.line;
    draft_.findings.add(name.place, fmt::format("two partitions are called '{}'", name.value),
                        line > 0
                            ? fmt::format("the first is on line {}", line)
                            : "the partition of all hosts is called so: give that one another name "
                              "with partition = \"all\" below [slurm]");
  }

  void check_partition_hosts(const SlurmPartition& partition, Place place) {
    if (draft_.hosts_lost) return;  // they may well be those
    const Hostlist unknown = Hostlist(partition.hosts) - Hostlist(names_of(draft_.inventory));
    if (!unknown.empty())
      draft_.findings.add(
          place,
          fmt::format("partition '{}' names {}, which {} not in the inventory", partition.name,
                      unknown.fold(), unknown.size() == 1 ? "is" : "are"),
          draft_.nearest_host(unknown.names().front()));
    const auto& hosts = partition.hosts;
    if (!draft_.inventory.manager_computes &&
        std::find(hosts.begin(), hosts.end(), draft_.inventory.manager) != hosts.end())
      draft_.findings.add(place,
                          fmt::format("partition '{}' names the manager {}, where no jobs run",
                                      partition.name, draft_.inventory.manager),
                          "take it out, or take `manager_computes = false` away below [cluster]");
  }

  void check_default(Place place) {
    if (default_partition_.line > 0)
      draft_.findings.add(place, "two partitions are the default one",
                          fmt::format("the first is on line {}", default_partition_.line));
    default_partition_ = place;
  }

  InventoryDraft& draft_;
  std::map<std::string, Text> partitions_;  // name -> the first of it
  Place default_partition_;
};

}  // namespace

void read_slurm(InventoryDraft& draft, const toml::table& root) {
  SlurmReader(draft).read(root);
}

}  // namespace clustermpi
