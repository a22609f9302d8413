#include "hosts/writers.hpp"

#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <functional>
#include <nlohmann/json.hpp>

#include "hosts/error.hpp"
#include "tests/unit/hosts/example_fleet.hpp"

namespace clustermpi {
namespace {

using testing::HasSubstr;
using testing::Not;

std::string refusal(const std::function<void()>& write) {
  try {
    write();
    return "no error";
  } catch (const Error& error) {
    return std::string(error.what()) + " / " + error.hint();
  }
}

TEST(EtcHosts, TakesTheAddressesInsideTheCluster) {
  Inventory inventory = example::inventory();
  inventory.hosts[0].address = "gate.example.org";
  inventory.hosts[1].name = "red01.lan";
  FleetFacts facts = example::fleet_facts();
  facts["red"].cluster_address = "10.0.0.1";
  facts.erase("red02");
  EXPECT_EQ(etc_hosts(inventory, facts),
            "10.0.0.1 red\n192.168.1.11 red01.lan red01\n192.168.1.12 red02\n192.168.1.13 red03\n");
}

TEST(EtcHosts, RefusesAHostWithoutAnAddress) {
  Inventory inventory = example::inventory();
  inventory.hosts[1].address = "red01.local";
  EXPECT_EQ(
      refusal([&] { (void)etc_hosts(inventory, {}); }),
      "the address of host red01 inside the cluster is not known / run clustermpi discover, or "
      "give its 'address' in the inventory");
}

std::string etc_hosts_refusal(const Inventory& inventory, const FleetFacts& facts = {}) {
  return refusal([&] { (void)etc_hosts(inventory, facts); });
}

TEST(EtcHosts, RefusesANameThatTwoHostsHave) {
  Inventory inventory = example::inventory();
  inventory.hosts[2].name = "RED.lan";
  EXPECT_EQ(etc_hosts_refusal(inventory),
            "hosts red and RED.lan are both called red in /etc/hosts / rename one of them in the "
            "inventory");
}

TEST(EtcHosts, RefusesNamesThatEachHostHasForItself) {
  for (const char* name : {"localhost", "Localhost.lan", "ip6-loopback"}) {
    Inventory inventory = example::inventory();
    inventory.hosts[2].name = name;
    EXPECT_EQ(etc_hosts_refusal(inventory),
              std::string("host ") + name +
                  " has a name that each host has for itself / rename it in the inventory");
  }
}

TEST(EtcHosts, RefusesAddressesThatMeanAnotherMachineThere) {
  Inventory inventory = example::inventory();
  FleetFacts facts = example::fleet_facts();
  facts["red01"].cluster_address = "127.0.1.1";
  EXPECT_EQ(etc_hosts_refusal(inventory, facts),
            "host red01 has the address 127.0.1.1, which each host takes for itself / give its "
            "'address' in the cluster's network, and run clustermpi discover");
  facts["red01"].cluster_address = "192.168.1.10";
  EXPECT_EQ(etc_hosts_refusal(inventory, facts),
            "hosts red and red01 have one address inside the cluster: 192.168.1.10 / give each an "
            "address of its own, and run clustermpi discover");
  facts["red01"].cluster_address = "fd00::1";
  EXPECT_EQ(etc_hosts_refusal(inventory, facts),
            "host red01 has no IPv4 address: fd00::1 / run clustermpi discover anew");
}

TEST(EtcHosts, RefusesAnAddressOutsideTheClustersNetwork) {
  Inventory inventory = example::inventory();
  inventory.hosts[3].address = "203.0.113.9";
  FleetFacts facts = example::fleet_facts();
  facts.erase("red03");
  EXPECT_EQ(etc_hosts_refusal(inventory, facts),
            "host red03 has the address 203.0.113.9, which is not in the cluster's network "
            "192.168.1.0/24 / give its 'address' there, or the 'network' that all are in below "
            "[cluster]");
}

TEST(ClusterNetwork, IsTheInventorysWhereGiven) {
  Inventory inventory = example::inventory();
  inventory.network = "10.0.0.0/8";
  EXPECT_EQ(cluster_network(inventory, {}), "10.0.0.0/8");
}

TEST(ClusterNetwork, IsTheSmallestThatAllShare) {
  FleetFacts facts = example::fleet_facts();
  EXPECT_EQ(cluster_network(example::inventory(), facts), "192.168.1.0/24");
  facts["red02"].interfaces = {{"wlan0", "10.1.1.1", 8}, {"eth0", "192.168.1.12", 16}};
  EXPECT_EQ(cluster_network(example::inventory(), facts), "192.168.1.0/24");
  facts["red03"].interfaces = {{"eth0", "192.168.2.9", 16}};
  facts["red03"].cluster_address = "192.168.2.9";
  EXPECT_EQ(cluster_network(example::inventory(), facts), "192.168.0.0/16");
}

TEST(ClusterNetwork, NamesTheOddOne) {
  FleetFacts facts = example::fleet_facts();
  facts["red"].interfaces = {{"wlan0", "10.0.7.4", 24}};
  facts["red"].cluster_address = "10.0.7.4";
  EXPECT_EQ(find_cluster_network(example::inventory(), facts), std::nullopt);
  EXPECT_EQ(refusal([&] { (void)cluster_network(example::inventory(), facts); }),
            "host red is in the network 10.0.7.0/24, the others are in 192.168.1.0/24 / say which "
            "network they share: network = \"192.168.1.0/24\" below [cluster]");
}

TEST(ClusterNetwork, SaysWhatIsNotKnown) {
  EXPECT_EQ(refusal([] { (void)cluster_network(example::inventory(), {}); }),
            "nothing is known of the cluster's network / run clustermpi discover");
  FleetFacts facts = example::fleet_facts();
  facts["red01"].interfaces.clear();
  EXPECT_THAT(refusal([&] { (void)cluster_network(example::inventory(), facts); }),
              HasSubstr("the network of host red01 is not known"));
}

TEST(ClusterNetwork, OfALoneMachineMayBeTheLoopback) {
  Inventory inventory = example::inventory();
  inventory.hosts.resize(1);
  FleetFacts facts;
  facts["red"] = Facts{};
  EXPECT_EQ(cluster_network(inventory, facts), "127.0.0.0/8");
}

/// What stands under `Host NAME`, up to the next block.
std::string block_of(const std::string& name, const std::string& config) {
  const std::size_t begin = config.find("\nHost " + name) + 1;
  return config.substr(begin, config.find("\n\n", begin) + 1 - begin);
}

const SshConfigFrame frame{"/home/pi", {"/home/pi/.ssh/config"}, "/x/known_hosts", "/etc/kh"};

TEST(SshConfig, EscapesPaths) {
  Inventory inventory = example::inventory();
  inventory.identity = "~/my keys/100%";
  const std::string text =
      ssh_config(inventory, {"/home/pi", {"/home/my pi/config"}, "/x/known hosts", "/etc/kh"});
  EXPECT_THAT(text, HasSubstr("  IdentityFile \"/home/pi/my keys/100%%\"\n  IdentitiesOnly yes\n"));
  EXPECT_THAT(text, HasSubstr("  GlobalKnownHostsFile \"/x/known hosts\" /etc/kh\n"));
  EXPECT_THAT(text, HasSubstr("Include \"/home/my pi/config\"\n"));
}

TEST(SshConfig, SaysOfAHostWhatTheInventorySays) {
  Inventory inventory = example::inventory();
  inventory.hosts = {example::host("red", "red"), example::host("blue", "fe80::1%eth0")};
  inventory.hosts[1].port = 22;
  const std::string text = ssh_config(inventory, frame);
  EXPECT_EQ(block_of("red", text), "Host red\n  User pi\n");
  EXPECT_EQ(block_of("blue", text),
            "Host blue fe80::1%eth0\n  HostName fe80::1%%eth0\n  Port 22\n  User pi\n");
  EXPECT_THAT(text, Not(HasSubstr("Identit")));
}

TEST(SshConfig, RefusesPatterns) {
  for (const char* name : {"red*", "re?", "!red", "red pi", "red,pi", "red#", "red\""}) {
    Inventory inventory = example::inventory();
    inventory.hosts[1].name = name;
    EXPECT_EQ(refusal([&] { (void)ssh_config(inventory, frame); }),
              fmt::format("host {0} cannot stand in ssh's configuration: '{0}' is a pattern or "
                          "more than a word there / give it another name or address in the "
                          "inventory",
                          name));
  }
  Inventory inventory = example::inventory();
  inventory.hosts[1].address = "10.0.*";
  EXPECT_EQ(refusal([&] { (void)ssh_config(inventory, frame); }),
            "host red01 cannot stand in ssh's configuration: '10.0.*' is a pattern or more than a "
            "word there / give it another name or address in the inventory");
}

TEST(SshConfig, LeavesTheRestToTheUser) {
  const std::string text = ssh_config(example::inventory(), frame);
  const std::size_t ours = text.find("\nHost *\n");
  const std::size_t theirs = text.find("\nInclude /home/pi/.ssh/config\n");
  const std::size_t defaults = text.rfind("\nHost *\n");
  EXPECT_LT(ours, theirs);
  EXPECT_LT(theirs, defaults);
  EXPECT_EQ(text.find("UserKnownHostsFile"), std::string::npos);
}

TEST(SshConfig, SaysNothingOfTrustWhereThatIsTheQuestion) {
  const std::string text = ssh_config(example::inventory(), {"/home/pi", {}, {}, {}});
  EXPECT_THAT(text, Not(HasSubstr("KnownHosts")));
  EXPECT_THAT(text, Not(HasSubstr("StrictHostKeyChecking")));
}

TEST(SshConfig, GoesThroughAJumpHost) {
  Inventory inventory = example::inventory();
  inventory.jump = "pi@gate:2200,[::1]";
  const std::string text = ssh_config(inventory, frame);
  EXPECT_THAT(text, HasSubstr("  User pi\n  ProxyJump pi@gate:2200,[::1]\n"));
  EXPECT_EQ(text.find("ProxyJump", text.find("Host *")), std::string::npos);
}

TEST(SshConfig, ReachesAHopOfTheJumpThroughTheHopsBeforeIt) {
  Inventory inventory = example::inventory();
  inventory.jump = "gate,pi@RED,192.168.1.11";
  const std::string text = ssh_config(inventory, frame);
  EXPECT_THAT(block_of("red ", text), HasSubstr("  ProxyJump gate\n"));
  EXPECT_THAT(block_of("red01 ", text), HasSubstr("  ProxyJump gate,pi@RED\n"));
  EXPECT_THAT(block_of("red02 ", text), HasSubstr("  ProxyJump gate,pi@RED,192.168.1.11\n"));
  inventory.jump = "red";
  EXPECT_THAT(block_of("red ", ssh_config(inventory, frame)), Not(HasSubstr("ProxyJump")));
}

TEST(SshConfig, CallsAHostByAnAddressOnlyWhereThatIsItsOwn) {
  Inventory inventory = example::inventory();
  for (Host& host : inventory.hosts) host.address = "gate.example.org";
  inventory.hosts[0].address = "red01";  // the name of another
  inventory.hosts[3].address = "192.168.1.13";
  const std::string text = ssh_config(inventory, frame);
  EXPECT_THAT(text, HasSubstr("Host red\n"));
  EXPECT_THAT(text, HasSubstr("Host red01\n"));
  EXPECT_THAT(text, HasSubstr("Host red03 192.168.1.13\n"));

  inventory.jump = "192.168.1.13:2222";  // another port of the same machine
  EXPECT_THAT(block_of("red03", ssh_config(inventory, frame)),
              testing::AllOf(HasSubstr("Host red03\n"), HasSubstr("ProxyJump 192.168.1.13:2222")));
}

TEST(SshConfig, RefusesAPathThatSshWouldMisread) {
  EXPECT_EQ(refusal([] {
              (void)ssh_config(example::inventory(), {"/home/pi", {}, "/x/${HOME}/k", ""});
            }),
            "ssh cannot be told of the path /x/${HOME}/k / move it to a path without quotes, "
            "backslashes, line breaks and ${");
  EXPECT_EQ(refusal([] {
              (void)ssh_config(example::inventory(), {"/home/pi", {"/home/[pi]/c"}, {}, {}});
            }),
            "ssh cannot be told to include /home/[pi]/c / move it to a path without *, ? and [");
}

TEST(AnsibleInventory, HasGroupsAndVariables) {
  Inventory inventory = example::inventory();
  inventory.hosts[2].labels = {"pi4", "fast", "pi4"};
  inventory.hosts[3].user = "ubuntu";
  inventory.hosts[3].port = 2222;
  FleetFacts facts = example::fleet_facts();
  facts["red01"].architecture = "amd64";
  facts.erase("red03");
  const nlohmann::json document = ansible_inventory(inventory, facts, "/x/.clustermpi/ssh_config");
  using Names = std::vector<std::string>;
  EXPECT_EQ(document["cluster"]["hosts"], (Names{"red", "red01", "red02", "red03"}));
  EXPECT_EQ(document["manager"]["hosts"], Names{"red"});
  EXPECT_EQ(document["workers"]["hosts"], (Names{"red01", "red02", "red03"}));
  EXPECT_EQ(document["builders"]["hosts"], (Names{"red", "red01"}));
  EXPECT_EQ(document["arch_arm64"]["hosts"], (Names{"red", "red02"}));
  EXPECT_EQ(document["arch_amd64"]["hosts"], Names{"red01"});
  EXPECT_EQ(document["label_pi4"]["hosts"], Names{"red02"});
  EXPECT_EQ(document["all"]["children"], (Names{"arch_amd64", "arch_arm64", "builders", "cluster",
                                                "label_fast", "label_pi4", "manager", "workers"}));
  const nlohmann::json& variables = document["_meta"]["hostvars"];
  EXPECT_EQ(variables.size(), 4u);
  EXPECT_EQ(variables["red03"], (nlohmann::json{
                                    {"ansible_port", 2222},
                                    {"ansible_user", "ubuntu"},
                                    {"ansible_ssh_common_args", "-F /x/.clustermpi/ssh_config"},
                                    {"ansible_python_interpreter", "/usr/bin/python3"},
                                    {"ansible_pipelining", true},
                                }));
  EXPECT_EQ(variables["red01"]["cluster_address"], "192.168.1.11");
  EXPECT_EQ(variables["red01"]["cluster_architecture"], "amd64");
  const nlohmann::json& common = document["all"]["vars"];
  EXPECT_EQ(common["cluster_name"], "red");
  EXPECT_EQ(common["cluster_user"], "pi");
  EXPECT_EQ(common["cluster_manager"], "red");
  EXPECT_EQ(common["cluster_network"], "192.168.1.0/24");
  EXPECT_EQ(common["cluster_hosts"][3],
            (nlohmann::json{{"name", "red03"}, {"address", "192.168.1.13"}}));
}

TEST(AnsibleInventory, QuotesThePathOfTheSshConfig) {
  const nlohmann::json document = ansible_inventory(example::inventory(), {}, "/my dir/it's/ssh");
  EXPECT_EQ(document["_meta"]["hostvars"]["red"]["ansible_ssh_common_args"],
            "-F '/my dir/it'\\''s/ssh'");
}

TEST(AnsibleInventory, MakesALoneHostItsOwnWorker) {
  Inventory inventory = example::inventory();
  inventory.hosts.resize(1);
  const nlohmann::json document = ansible_inventory(inventory, {}, "/ssh_config");
  EXPECT_EQ(document["workers"]["hosts"], std::vector<std::string>{"red"});
  EXPECT_FALSE(document["all"]["vars"].contains("cluster_network"));
}

}  // namespace
}  // namespace clustermpi
