#include "hosts/groups.hpp"

#include <gmock/gmock.h>

#include "tests/unit/hosts/example_fleet.hpp"

namespace clustermpi {
namespace {

using testing::ElementsAre;

TEST(Groups, AreByRoleLabelAndFacts) {
  Inventory inventory = example::inventory();
  inventory.hosts[1].labels = {"pi4", "gpu", "pi4"};
  inventory.hosts[3].labels = {"pi4"};
  FleetFacts facts = example::fleet_facts();
  facts["red03"].architecture = "amd64";
  facts.erase("red02");  // nothing is known of it
  const HostGroups groups = host_groups(inventory, facts);
  EXPECT_THAT(groups.at("all"), ElementsAre("red", "red01", "red02", "red03"));
  EXPECT_THAT(groups.at("manager"), ElementsAre("red"));
  EXPECT_THAT(groups.at("workers"), ElementsAre("red01", "red02", "red03"));
  EXPECT_THAT(groups.at("label:pi4"), ElementsAre("red01", "red03"));
  EXPECT_THAT(groups.at("arch:arm64"), ElementsAre("red", "red01"));
  EXPECT_THAT(groups.at("arch:amd64"), ElementsAre("red03"));
  EXPECT_THAT(groups.at("os:debian12"), ElementsAre("red", "red01", "red03"));
}

TEST(Groups, ASingleHostIsManagerAndWorker) {
  Inventory inventory = example::inventory();
  inventory.hosts.resize(1);
  const HostGroups groups = host_groups(inventory, {});
  EXPECT_THAT(groups.at("manager"), ElementsAre("red"));
  EXPECT_THAT(groups.at("workers"), ElementsAre("red"));
}

TEST(Groups, ALabelIsFoundByItsBareNameWhereNoRoleHasIt) {
  Inventory inventory = example::inventory();
  inventory.hosts[1].labels = {"gpu", "manager"};
  const HostGroups groups = host_groups(inventory, {});
  ASSERT_NE(find_group(groups, "gpu"), nullptr);
  EXPECT_THAT(*find_group(groups, "gpu"), ElementsAre("red01"));
  EXPECT_THAT(*find_group(groups, "manager"), ElementsAre("red"));
  EXPECT_THAT(*find_group(groups, "label:manager"), ElementsAre("red01"));
  EXPECT_EQ(find_group(groups, "arm64"), nullptr);
}

}  // namespace
}  // namespace clustermpi
