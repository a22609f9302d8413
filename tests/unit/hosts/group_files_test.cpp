#include "hosts/group_files.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <functional>

#include "hosts/error.hpp"
#include "tests/refusal.hpp"
#include "tests/unit/hosts/example_fleet.hpp"

namespace clustermpi {
namespace {

using test::refusal;

using testing::EndsWith;

std::string clustershell_refusal(const Inventory& inventory, const FleetFacts& facts = {}) {
  return refusal([&] { (void)clustershell_groups(inventory, facts); });
}

std::string genders_refusal(const Inventory& inventory, const FleetFacts& facts = {}) {
  return refusal([&] { (void)genders(inventory, facts); });
}

Inventory with_name(const std::string& name) {
  Inventory inventory = example::inventory();
  inventory.hosts[1].name = name;
  return inventory;
}

Inventory with_label(const std::string& label) {
  Inventory inventory = example::inventory();
  inventory.hosts[1].labels = {label};
  return inventory;
}

FleetFacts with_os(const std::string& id) {
  FleetFacts facts = example::fleet_facts();
  facts["red02"].os_id = id;
  return facts;
}

TEST(ClusterShellGroups, AreSourcesOfTheKindsOfGroups) {
  Inventory inventory = example::inventory();
  inventory.hosts[1].labels = {"pi_4"};
  inventory.hosts[3].labels = {"pi_4"};
  FleetFacts facts = example::fleet_facts();
  facts.erase("red03");
  EXPECT_THAT(clustershell_groups(inventory, facts), EndsWith(R"(
arch:
  "arm64": "red,red[01-02]"
cluster:
  "all": "red,red[01-03]"
  "manager": "red"
  "workers": "red[01-03]"
label:
  "pi_4": "red[01,03]"
os:
  "debian12": "red,red[01-02]"
)"));
}

TEST(ClusterShellGroups, HaveASingleHostAsManagerAndWorker) {
  Inventory inventory = example::inventory();
  inventory.hosts.resize(1);
  EXPECT_THAT(
      clustershell_groups(inventory, {}),
      EndsWith("cluster:\n  \"all\": \"red\"\n  \"manager\": \"red\"\n  \"workers\": \"red\"\n"));
}

TEST(ClusterShellGroups, RefuseWhatItsSetSyntaxMisreads) {
  for (const char c : std::string_view(",!&^[]@*?%:\"\\"))
    EXPECT_EQ(clustershell_refusal(with_name(std::string("a") + c + "b")),
              std::string("host a") + c + "b has '" + c +
                  "' in its name, which ClusterShell misreads / rename it in the inventory");
  EXPECT_EQ(clustershell_refusal(with_name("a b")),
            "host a b has a blank in its name, which ClusterShell misreads / rename it in the "
            "inventory");
  EXPECT_EQ(clustershell_refusal(with_label("a*")),
            "host red01 has the label a*, with '*' in it, which ClusterShell misreads / rename it "
            "in the inventory");
  EXPECT_EQ(clustershell_refusal(example::inventory(), with_os("my:os")),
            "host red02 has the os my:os12, with ':' in it, which ClusterShell misreads / see "
            "/etc/os-release on the host, and run clustermpi discover");
}

TEST(Genders, HasOneLineANode) {
  Inventory inventory = example::inventory();
  inventory.hosts[0].slots = 2;
  inventory.hosts[1].name = "red01.lan";
  inventory.hosts[1].labels = {"fast", "pi_4"};
  FleetFacts facts = example::fleet_facts();
  facts["red03"].cores_per_socket = 1;
  EXPECT_THAT(genders(inventory, facts), EndsWith(R"(
red all,arch=arm64,manager,os=debian12,slots=2
red01 all,fast,pi_4,workers
red02 all,arch=arm64,os=debian12,workers,slots=4
red03 all,arch=arm64,os=debian12,workers,slots=1
)"));
}

TEST(Genders, RefusesWhatItsFileMisreads) {
  for (const char c : std::string_view(",=#%[]:\"\\|&~()"))
    EXPECT_EQ(genders_refusal(with_name(std::string("a") + c + "b")),
              std::string("host a") + c + "b has '" + c +
                  "' in its name, which genders misreads / rename it in the inventory");
  EXPECT_EQ(genders_refusal(with_label("a=b")),
            "host red01 has the label a=b, with '=' in it, which genders misreads / rename it in "
            "the inventory");
  EXPECT_EQ(genders_refusal(example::inventory(), with_os("my os")),
            "host red02 has the os my os12, with a blank in it, which genders misreads / see "
            "/etc/os-release on the host, and run clustermpi discover");
}

TEST(Genders, RefusesLabelsThatAreAttributesOfOurs) {
  for (const char* label : {"all", "arch", "manager", "os", "slots", "workers"})
    EXPECT_EQ(genders_refusal(with_label(label)),
              std::string("host red01 has the label ") + label +
                  ", which says something else in a genders file / rename it in the inventory");
}

TEST(Genders, RefusesNamesThatAreOneAtTheFirstDot) {
  EXPECT_EQ(genders_refusal(with_name("red.lan")),
            "host red.lan stands twice in the genders file, which cuts names at the first dot / "
            "rename it in the inventory");
}

}  // namespace
}  // namespace clustermpi
