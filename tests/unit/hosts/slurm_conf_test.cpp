#include "hosts/slurm_conf.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <sstream>

#include "hosts/error.hpp"
#include "tests/unit/hosts/example_fleet.hpp"

namespace clustermpi {
namespace {

using testing::AllOf;
using testing::ElementsAre;
using testing::EndsWith;
using testing::HasSubstr;
using testing::StartsWith;

std::vector<std::string> lines_with(const std::string& text, const std::string& start) {
  std::istringstream stream(text);
  std::vector<std::string> found;
  for (std::string line; std::getline(stream, line);)
    if (line.starts_with(start)) found.push_back(line);
  return found;
}

/// The value of a key that stands once; "(missing)" where it does not.
std::string value(const std::string& text, const std::string& key) {
  const auto found = lines_with(text, key + "=");
  EXPECT_LE(found.size(), 1u) << key << " stands twice";
  return found.empty() ? "(missing)" : found.front().substr(key.size() + 1);
}

/// The example fleet with Slurm asked for, on kernels that a Raspberry Pi comes with.
struct Fleet {
  Inventory inventory = example::inventory();
  FleetFacts facts = example::fleet_facts();

  Fleet() {
    inventory.slurm = SlurmSettings{};
    for (auto& [host, known] : facts) {
      known.cgroup_controllers = {"cpuset", "cpu", "io", "pids"};
      known.slurmd = SlurmHardware{4, 1, 1, 4, 1, 3793};
      known.packages["dbus"] = "1.14.10-1~deb12u1";
    }
  }

  template <typename Change>
  void everywhere(Change change) {
    for (auto& [host, known] : facts) change(known);
  }
  [[nodiscard]] SlurmFiles files() const { return slurm_files(inventory, facts); }
  [[nodiscard]] std::string conf() const { return files().slurm_conf; }
  [[nodiscard]] std::vector<std::string> nodes() const { return lines_with(conf(), "NodeName="); }
  [[nodiscard]] std::string value_of(const std::string& key) const { return value(conf(), key); }
};

TEST(SlurmConf, FoldsEqualNodesIntoOneLine) {
  EXPECT_THAT(Fleet().nodes(),
              ElementsAre("NodeName=red,red[01-03] NodeAddr=192.168.1.[10-13] CPUs=4 Boards=1 "
                          "SocketsPerBoard=1 CoresPerSocket=4 ThreadsPerCore=1 RealMemory=3584 "
                          "Feature=arm64 State=UNKNOWN"));
}

TEST(SlurmConf, IsTheSameBeforeAndAfterSlurmdIsInstalled) {
  Fleet fleet;
  const SlurmFiles after = fleet.files();
  fleet.everywhere([](Facts& facts) { facts.slurmd.reset(); });
  EXPECT_EQ(fleet.files(), after) << "else the second run would restart what the first has started";
}

TEST(SlurmConf, TrustsSlurmdMoreThanTheProbe) {
  Fleet fleet;
  fleet.facts["red02"].slurmd = SlurmHardware{8, 1, 2, 2, 2, 1024};
  EXPECT_THAT(fleet.nodes(),
              ElementsAre(AllOf(StartsWith("NodeName=red,red[01,03] "),
                                HasSubstr("NodeAddr=192.168.1.[10-11,13] ")),
                          "NodeName=red02 NodeAddr=192.168.1.12 CPUs=8 Boards=1 SocketsPerBoard=2 "
                          "CoresPerSocket=2 ThreadsPerCore=2 RealMemory=960 Feature=arm64 "
                          "State=UNKNOWN"));
}

TEST(SlurmConf, LeavesCpusAloneWhereMpiHasFewerSlots) {
  Fleet fleet;
  const SlurmFiles before = fleet.files();
  fleet.inventory.hosts[1].slots = 2;
  EXPECT_EQ(fleet.files(), before);
}

TEST(SlurmConf, StartsRanksInTheWayThatTheMpiKnows) {
  Fleet fleet;
  EXPECT_THAT(fleet.files().slurm_conf, HasSubstr("\nMpiDefault=pmix\n"));
  fleet.inventory.mpi = MpiImplementation::mpich;
  EXPECT_THAT(fleet.files().slurm_conf, HasSubstr("\nMpiDefault=pmi2\n"));
}

TEST(SlurmConf, HoldsMemoryBack) {
  EXPECT_EQ(promised_memory(3793), 3584u);  // 3603.35, down to a multiple of 64
  EXPECT_EQ(promised_memory(1024), 960u);
  EXPECT_EQ(promised_memory(24105), 22848u);
  EXPECT_EQ(promised_memory(60), 57u) << "a grain would leave nothing";
  EXPECT_EQ(promised_memory(1), 1u);
  EXPECT_EQ(promised_memory(0), 1u) << "Slurm takes 0 for an error";
  for (std::uint64_t memory = 2; memory < 20000; memory += 7)
    EXPECT_LT(promised_memory(memory), memory);
}

TEST(SlurmConf, TellsArchitecturesLabelsAndGpusApart) {
  Fleet fleet;
  fleet.inventory.hosts[1].labels = {"pi4", "arm64", "pi4"};
  fleet.facts["red02"].architecture = "amd64";
  fleet.facts["red02"].gpus = 2;
  fleet.facts["red03"].gpus = 1;
  EXPECT_THAT(fleet.nodes(), ElementsAre(AllOf(StartsWith("NodeName=red "),
                                               EndsWith(" Feature=arm64 State=UNKNOWN")),
                                         EndsWith(" Feature=arm64,pi4 State=UNKNOWN"),
                                         EndsWith(" Feature=amd64 Gres=gpu:2 State=UNKNOWN"),
                                         EndsWith(" Feature=arm64 Gres=gpu:1 State=UNKNOWN")));
  EXPECT_EQ(fleet.value_of("GresTypes"), "gpu");
  EXPECT_THAT(lines_with(fleet.files().gres_conf, "NodeName"),
              ElementsAre("NodeName=red03 Name=gpu File=/dev/nvidia0",
                          "NodeName=red02 Name=gpu File=/dev/nvidia[0-1]"));
}

TEST(SlurmConf, SaysNothingOfGpusWhereThereAreNone) {
  EXPECT_EQ(Fleet().files().gres_conf, "");
  EXPECT_EQ(Fleet().value_of("GresTypes"), "(missing)");
}

TEST(SlurmConf, NamesAHostByItsOwnNameWhereThatDiffers) {
  Fleet fleet;
  fleet.inventory.hosts[0].name = fleet.inventory.manager = "head.example.org";
  fleet.facts["head.example.org"] = fleet.facts["red"];
  fleet.facts["head.example.org"].hostname = "raspberrypi";
  fleet.facts["red01"].hostname = "Red01";
  EXPECT_THAT(fleet.nodes(),
              ElementsAre(StartsWith("NodeName=head,red01 NodeAddr=192.168.1.[10-11] "
                                     "NodeHostname=raspberrypi,Red01 CPUs=4 "),
                          StartsWith("NodeName=red[02-03] NodeAddr=192.168.1.[12-13] CPUs=4 ")));
  EXPECT_EQ(fleet.value_of("SlurmctldHost"), "raspberrypi(192.168.1.10)");
  EXPECT_THAT(slurm_nodes(fleet.inventory, fleet.facts),
              ElementsAre("head", "red01", "red02", "red03"));
}

TEST(SlurmConf, ReachesNodesOnTheClusterNetwork) {
  Fleet fleet;
  fleet.facts["red03"].cluster_address = "10.0.0.3";
  fleet.facts["red02"].cluster_address = "";
  fleet.inventory.hosts[2].address = "red02.local";
  EXPECT_THAT(fleet.nodes().front(), HasSubstr("NodeAddr=192.168.1.[10-11],red02.local,10.0.0.3 "));
}

TEST(SlurmConf, LeavesOutWhoIsNotKnown) {
  Fleet fleet;
  fleet.facts.erase("red02");
  EXPECT_THAT(fleet.nodes(), ElementsAre(StartsWith("NodeName=red,red[01,03] ")));
  EXPECT_THAT(slurm_nodes(fleet.inventory, fleet.facts), ElementsAre("red", "red01", "red03"));
  EXPECT_THAT(slurm_left_out(fleet.inventory, fleet.facts), ElementsAre("red02"));
  fleet.facts.clear();
  try {
    (void)fleet.files();
    FAIL() << "wrote a slurm.conf without nodes";
  } catch (const Error& error) {
    EXPECT_STREQ(error.what(), "nothing is known of the hosts that Slurm's nodes are to be");
    EXPECT_EQ(error.hint(), "run clustermpi discover");
  }
}

TEST(SlurmConf, LeavesOutAManagerThatDoesNotCompute) {
  Fleet fleet;
  fleet.inventory.manager_computes = false;
  fleet.facts.erase("red01");
  EXPECT_THAT(fleet.nodes(), ElementsAre(StartsWith("NodeName=red[02-03] ")));
  EXPECT_EQ(fleet.value_of("SlurmctldHost"), "red(192.168.1.10)");
  EXPECT_THAT(slurm_nodes(fleet.inventory, fleet.facts), ElementsAre("red02", "red03"));
  fleet.facts.erase("red");
  EXPECT_THAT(slurm_left_out(fleet.inventory, fleet.facts), ElementsAre("red01"));
}

TEST(SlurmConf, MakesASingleHostItsOwnManager) {
  Fleet fleet;
  fleet.inventory.hosts.resize(1);
  EXPECT_THAT(fleet.nodes(), ElementsAre(StartsWith("NodeName=red NodeAddr=192.168.1.10 ")));
  EXPECT_EQ(fleet.value_of("SlurmctldHost"), "red(192.168.1.10)");
}

TEST(SlurmConf, HasOneDefaultPartition) {
  Fleet fleet;
  EXPECT_THAT(lines_with(fleet.conf(), "PartitionName="),
              ElementsAre("PartitionName=main Nodes=ALL Default=YES MaxTime=INFINITE State=UP"));
  fleet.inventory.slurm->partition = "class";
  fleet.inventory.slurm->partitions = {{"short", {"red03", "red01"}, true, "30"},
                                       {"long", {"red02"}, false, ""}};
  fleet.facts.erase("red02");
  EXPECT_THAT(lines_with(fleet.conf(), "PartitionName="),
              ElementsAre("PartitionName=class Nodes=ALL Default=NO MaxTime=INFINITE State=UP",
                          "PartitionName=short Nodes=red[01,03] Default=YES MaxTime=30 State=UP",
                          "PartitionName=long Default=NO MaxTime=INFINITE State=UP"));
}

TEST(SlurmConf, UsesCgroupsWhereEveryNodeHasThem) {
  const Fleet fleet;
  EXPECT_EQ(fleet.value_of("ProctrackType"), "proctrack/cgroup");
  EXPECT_EQ(fleet.value_of("TaskPlugin"), "task/cgroup,task/affinity");
  EXPECT_THAT(lines_with(fleet.files().cgroup_conf, "Constrain"),
              ElementsAre("ConstrainCores=yes"));
}

TEST(SlurmConf, DoesWithoutCgroupsWhereOneNodeDoes) {
  const auto plugins = [](const auto& change) {
    Fleet fleet;
    change(fleet.facts["red02"]);
    EXPECT_EQ(fleet.files().cgroup_conf, "");
    return fleet.value_of("ProctrackType") + " " + fleet.value_of("TaskPlugin");
  };
  EXPECT_EQ(plugins([](Facts& facts) { facts.cgroup_controllers.clear(); }),
            "proctrack/linuxproc task/affinity");
  EXPECT_EQ(plugins([](Facts& facts) {
              facts.cgroup_controllers = {"cpu", "memory"};
            }),
            "proctrack/linuxproc task/affinity");
  EXPECT_EQ(plugins([](Facts& facts) { facts.packages["slurm-client"] = "21.08.5-2ubuntu1"; }),
            "proctrack/linuxproc task/affinity")
      << "Ubuntu 22.04 has no plugin for cgroup v2";
  EXPECT_EQ(plugins([](Facts& facts) { facts.virtualization = ""; }),
            "proctrack/linuxproc task/affinity")
      << "no systemd to ask for a cgroup";
  EXPECT_EQ(plugins([](Facts& facts) { facts.packages.erase("dbus"); }),
            "proctrack/linuxproc task/affinity")
      << "no way to ask it";
  EXPECT_EQ(plugins([](Facts& facts) { facts.virtualization = "systemd-nspawn"; }),
            "proctrack/linuxproc task/none");
  EXPECT_EQ(plugins([](Facts& facts) { facts.virtualization = "docker"; }),
            "proctrack/linuxproc task/none");
}

TEST(SlurmConf, BindsInAContainerWithAllCpusWhoAsksForCores) {
  Fleet fleet;
  fleet.everywhere([](Facts& facts) {
    facts.virtualization = "systemd-nspawn";
    facts.topology = uniform_topology(1, 4, 1);
  });
  EXPECT_EQ(fleet.value_of("TaskPlugin"), "task/affinity");
  EXPECT_EQ(fleet.value_of("TaskPluginParam"), "None");
  fleet.everywhere([](Facts& facts) { facts.topology->forbidden = {4}; });
  EXPECT_EQ(fleet.value_of("TaskPlugin"), "task/none");
}

TEST(SlurmConf, TakesAVirtualMachineForAMachine) {
  Fleet fleet;
  fleet.everywhere([](Facts& facts) { facts.virtualization = "kvm"; });
  EXPECT_EQ(fleet.value_of("ProctrackType"), "proctrack/cgroup");
}

TEST(SlurmConf, SharesMemoryOutOnlyWhenAskedTo) {
  const Fleet fleet;
  EXPECT_EQ(fleet.value_of("SelectTypeParameters"), "CR_Core");
  EXPECT_EQ(fleet.value_of("DefMemPerCPU"), "(missing)");
  EXPECT_EQ(fleet.value_of("JobAcctGatherType"), "(missing)");
}

TEST(SlurmConf, LimitsMemoryByCgroups) {
  Fleet fleet;
  fleet.inventory.slurm->memory_limits = true;
  fleet.everywhere([](Facts& facts) { facts.cgroup_controllers.emplace_back("memory"); });
  fleet.facts["red03"].slurmd = SlurmHardware{2, 1, 1, 2, 1, 1024};
  EXPECT_EQ(fleet.value_of("SelectTypeParameters"), "CR_Core_Memory");
  EXPECT_EQ(fleet.value_of("DefMemPerCPU"), "480") << "fits on every CPU of every node";
  EXPECT_THAT(lines_with(fleet.files().cgroup_conf, "Constrain"),
              ElementsAre("ConstrainCores=yes", "ConstrainRAMSpace=yes", "ConstrainSwapSpace=yes"));
  EXPECT_EQ(fleet.value_of("JobAcctGatherParams"), "(missing)");
}

TEST(SlurmConf, LimitsMemoryByLookingWhereAKernelDoesNotCountIt) {
  Fleet fleet;
  fleet.inventory.slurm->memory_limits = true;
  fleet.everywhere([](Facts& facts) { facts.cgroup_controllers.emplace_back("memory"); });
  fleet.facts["red03"].cgroup_controllers.pop_back();
  EXPECT_EQ(fleet.value_of("SelectTypeParameters"), "CR_Core_Memory");
  EXPECT_THAT(lines_with(fleet.files().cgroup_conf, "Constrain"),
              ElementsAre("ConstrainCores=yes"));
  EXPECT_EQ(fleet.value_of("JobAcctGatherType"), "jobacct_gather/linux");
  EXPECT_EQ(fleet.value_of("JobAcctGatherParams"), "OverMemoryKill");
  EXPECT_EQ(fleet.value_of("JobAcctGatherFrequency"), "10");
}

TEST(SlurmConf, KeepsARecordOnlyWhenAskedTo) {
  Fleet fleet;
  EXPECT_EQ(fleet.value_of("AccountingStorageType"), "(missing)");
  fleet.inventory.slurm->accounting = true;
  EXPECT_EQ(fleet.value_of("AccountingStorageType"), "accounting_storage/slurmdbd");
  EXPECT_EQ(fleet.value_of("AccountingStorageHost"), "red");
  EXPECT_EQ(fleet.value_of("JobAcctGatherType"), "jobacct_gather/linux");
  EXPECT_EQ(fleet.value_of("JobAcctGatherParams"), "(missing)");
}

TEST(SlurmConf, SaysWhereItComesFromAndWhatToChangeInstead) {
  EXPECT_THAT(
      Fleet().conf(),
      StartsWith("# Of the cluster red: written by clustermpi, and written anew by its next "
                 "run.\n# To change something here, change cluster.toml and run `clustermpi "
                 "up`.\n"));
}

TEST(SlurmVersion, IsTheInstalledOrTheCandidateOrTheReleases) {
  const auto version = [](const std::string& id, const std::string& release) {
    Facts facts;
    facts.os_id = id;
    facts.os_version = release;
    return slurm_release(slurm_version(facts));
  };
  EXPECT_EQ(version("debian", "11"), "20.11");
  EXPECT_EQ(version("raspbian", "12"), "22.05");
  EXPECT_EQ(version("debian", "13"), "24.11");
  EXPECT_EQ(version("debian", ""), "24.11");
  EXPECT_EQ(version("ubuntu", "20.04"), "19.05");
  EXPECT_EQ(version("ubuntu", "22.04"), "21.08");
  EXPECT_EQ(version("ubuntu", "24.04"), "23.11");
  EXPECT_EQ(version("ubuntu", "25.04"), "24.11");
  EXPECT_EQ(version("fedora", "40"), "0.00");
  Facts facts = example::facts("red", "192.168.1.10");
  facts.candidates["slurm-client"] = "23.11.4-1.2ubuntu5";
  EXPECT_EQ(slurm_version(facts), (Version{23, 11, 4}));
  facts.packages["slurmd"] = "22.05.8-4+deb12u3";
  EXPECT_EQ(slurm_version(facts), (Version{22, 5, 8}));
}

TEST(SlurmVersion, SaysWhereItsConfigurationIs) {
  Facts facts;
  facts.os_id = "ubuntu";
  facts.os_version = "20.04";
  EXPECT_EQ(slurm_config_dir(facts), "/etc/slurm-llnl");
  facts.os_version = "22.04";
  EXPECT_EQ(slurm_config_dir(facts), "/etc/slurm");
}

}  // namespace
}  // namespace clustermpi
