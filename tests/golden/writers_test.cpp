// What the writers write, byte for byte. Each text is first held against what its reader needs, so
// that a golden file cannot make a mistake official.
#include "hosts/writers.hpp"

#include <gtest/gtest.h>

#include <nlohmann/json.hpp>
#include <set>
#include <sstream>

#include "hosts/hostlist.hpp"
#include "hosts/placement_drawing.hpp"
#include "hosts/slurm_conf.hpp"
#include "hosts/starter.hpp"
#include "tests/golden/golden.hpp"

namespace clustermpi {
namespace {

using test::Classroom;
using test::content_of;
using test::expect_golden;

std::vector<std::string> lines_of(const std::string& text) {
  std::istringstream stream(text);
  std::vector<std::string> lines;
  for (std::string line; std::getline(stream, line);) lines.push_back(line);
  return lines;
}

std::vector<NodeSlots> nodes_of(const Classroom& classroom) {
  return node_slots(classroom.inventory, classroom.facts, example::names(classroom.inventory));
}

TEST(Golden, Machinefile) {
  const Classroom classroom;
  for (const MpiFormat format : {MpiFormat::openmpi4, MpiFormat::openmpi5}) {
    const std::string text = machinefile(nodes_of(classroom), format);
    EXPECT_EQ(lines_of(text).size(), classroom.inventory.hosts.size());
    EXPECT_TRUE(text.starts_with(classroom.inventory.manager + ' '));
    expect_golden(format == MpiFormat::openmpi4 ? "machinefile.openmpi4" : "machinefile.openmpi5",
                  text);
  }
}

TEST(Golden, Rankfile) {
  const Classroom classroom;
  const Placement placement = place(classroom.inventory, nodes_of(classroom), {});
  EXPECT_EQ(placement.ranks.size(), total_slots(nodes_of(classroom)));
  std::set<std::pair<std::string, unsigned>> cores;
  for (std::size_t rank = 0; rank < placement.ranks.size(); ++rank)
    EXPECT_TRUE(cores.insert({placement.host_of(rank), placement.ranks[rank].cpus.first}).second)
        << "a core twice";
  for (const MpiFormat format : {MpiFormat::openmpi4, MpiFormat::openmpi5}) {
    const std::string text = rankfile(placement, format);
    EXPECT_EQ(text.find('\r'), std::string::npos);
    for (const std::string& line : lines_of(text)) EXPECT_LT(line.size(), 64u) << line;
    expect_golden(format == MpiFormat::openmpi4 ? "rankfile.openmpi4" : "rankfile.openmpi5", text);
  }
}

TEST(Golden, OtherLaunchers) {
  Classroom classroom;
  for (auto& [name, facts] : classroom.facts)
    facts.topology = uniform_topology(1, facts.cores(), facts.threads_per_core);
  PlacementRequest request;
  request.policy = Policy::by_node;
  request.np = 14;
  const Placement placement = place(classroom.inventory, nodes_of(classroom), request);
  const std::string hydra = machinefile(placement, MpiFormat::mpich, classroom.facts);
  EXPECT_EQ(lines_of(hydra).size(), classroom.inventory.hosts.size()) << "one round";
  expect_golden("machinefile.mpich", hydra);
  const std::string slurm = machinefile(placement, MpiFormat::slurm);
  EXPECT_EQ(lines_of(slurm).size(), request.np);
  expect_golden("machinefile.slurm", slurm);
  expect_golden("host_option", host_option(nodes_used(placement), MpiFormat::openmpi4) + "\n");
  expect_golden("placement", draw(placement));
}

TEST(Golden, EtcHosts) {
  const Classroom classroom;
  const std::string text = etc_hosts(classroom.inventory, classroom.facts);
  EXPECT_EQ(text.find("127."), std::string::npos);
  expect_golden("etc_hosts", text);
}

TEST(Golden, SshConfig) {
  const Classroom classroom;
  const std::string text =
      ssh_config(classroom.inventory, {"/home/ada",
                                       {"/home/ada/.ssh/config", "/etc/ssh/ssh_config"},
                                       "/home/ada/cluster/.clustermpi/known_hosts",
                                       "/etc/ssh/ssh_known_hosts"});
  EXPECT_EQ(text.find('~'), std::string::npos);
  expect_golden("ssh_config", text);
}

TEST(Golden, AnsibleInventory) {
  const Classroom classroom;
  const nlohmann::json document = ansible_inventory(classroom.inventory, classroom.facts,
                                                    "/home/ada/cluster/.clustermpi/ssh_config");
  for (const auto& child : document["all"]["children"]) EXPECT_TRUE(document.contains(child));
  for (const Host& host : classroom.inventory.hosts)
    EXPECT_TRUE(document["_meta"]["hostvars"].contains(host.name));
  expect_golden("ansible_inventory.json", document.dump(2) + '\n');
}

/// What stands behind `key` in a line of slurm.conf; empty where it is not there.
std::string word_of(const std::string& line, const std::string& key) {
  const std::size_t at = (" " + line).find(" " + key + "=");
  if (at == std::string::npos) return {};
  const std::size_t begin = at + key.size() + 1;
  return line.substr(begin, line.find(' ', begin) - begin);
}

/// Slurm reads neither a step nor a name that goes on behind a bracket.
void expect_slurm_can_read(const std::string& list) {
  EXPECT_EQ(list.find('/'), std::string::npos) << list;
  for (std::size_t at = list.find(']'); at != std::string::npos; at = list.find(']', at + 1))
    EXPECT_TRUE(at + 1 == list.size() || list[at + 1] == ',') << list;
}

TEST(Golden, SlurmConf) {
  Classroom classroom;
  classroom.inventory.slurm = SlurmSettings{};
  classroom.inventory.slurm->partitions = {{"short", {"four1", "four2", "desk"}, true, "30"}};
  classroom.inventory.slurm->memory_limits = true;
  for (auto& [name, facts] : classroom.facts) {
    facts.cgroup_controllers = {"cpuset", "cpu", "io", "memory", "pids"};
    facts.packages["dbus"] = "1.14.10-1~deb12u1";
  }
  classroom.facts["desk"].gpus = 1;
  classroom.facts["three2"].hostname = "raspberrypi";
  const SlurmFiles files = slurm_files(classroom.inventory, classroom.facts);

  std::set<std::string> names;
  unsigned long per_cpu = 0;
  unsigned default_partitions = 0;
  std::set<std::string> keys;
  for (const std::string& line : lines_of(files.slurm_conf)) {
    if (line.starts_with("PartitionName=") && word_of(line, "Default") == "YES")
      ++default_partitions;
    if (!line.empty() && line[0] != '#' && line.find(' ') == std::string::npos) {
      EXPECT_TRUE(keys.insert(line.substr(0, line.find('='))).second) << line << " twice";
    }
    if (line.starts_with("DefMemPerCPU=")) per_cpu = std::stoul(word_of(line, "DefMemPerCPU"));
    if (!line.starts_with("NodeName=")) continue;
    expect_slurm_can_read(word_of(line, "NodeName"));
    expect_slurm_can_read(word_of(line, "NodeAddr"));
    const auto nodes = expand_hostlist(word_of(line, "NodeName"));
    const auto addresses_of_nodes = expand_hostlist(word_of(line, "NodeAddr"));
    ASSERT_EQ(nodes.size(), addresses_of_nodes.size()) << line;
    for (std::size_t i = 0; i < nodes.size(); ++i) {
      EXPECT_TRUE(names.insert(nodes[i]).second) << nodes[i] << " twice";
      EXPECT_EQ(addresses_of_nodes[i], classroom.facts.at(nodes[i]).cluster_address);
    }
    const unsigned long promised = std::stoul(word_of(line, "RealMemory"));
    EXPECT_LT(promised * 1024, classroom.facts.at(nodes.front()).memory_kib);
    EXPECT_LE(per_cpu * std::stoul(word_of(line, "CPUs")), promised)
        << "a whole node would be refused";
  }
  EXPECT_EQ(names.size(), classroom.inventory.hosts.size());
  EXPECT_EQ(default_partitions, 1u);
  expect_golden("slurm.conf", files.slurm_conf);
  expect_golden("cgroup.conf", files.cgroup_conf);
  expect_golden("gres.conf", files.gres_conf);
}

TEST(Golden, Starter) {
  const std::string text =
      starter_inventory({{"pi@red,red0[1-5]=192.168.1.[10-15]"}, "", "", "", "~/.ssh/id_ed25519"},
                        content_of(CLUSTERMPI_SOURCE_DIR "/templates/cluster.toml"));
  EXPECT_TRUE(parse_inventory(text, "cluster.toml").diagnostics.empty());
  expect_golden("cluster.toml", text);
}

}  // namespace
}  // namespace clustermpi
