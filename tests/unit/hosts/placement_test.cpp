#include "hosts/placement.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "hosts/error.hpp"
#include "hosts/writers.hpp"
#include "tests/unit/hosts/example_fleet.hpp"

namespace clustermpi {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;
using testing::Pair;
using testing::UnorderedElementsAre;

TEST(NodeSlots, AreTheInventorysElseTheCoresFoundElseOne) {
  Inventory inventory = example::inventory();
  inventory.hosts[1].slots = 2;
  FleetFacts facts = example::fleet_facts();
  facts.erase("red03");
  EXPECT_THAT(node_slots(inventory, facts, example::names(inventory)),
              ElementsAre(NodeSlots{"red", 4, 4}, NodeSlots{"red01", 2, 4},
                          NodeSlots{"red02", 4, 4}, NodeSlots{"red03", 1, 1}));
}

TEST(NodeSlots, BeginWithTheManager) {
  Inventory inventory = example::inventory();
  inventory.manager = "red02";
  const auto nodes = node_slots(inventory, example::fleet_facts(), {"red03", "red02", "red01"});
  ASSERT_EQ(nodes.size(), 3u);
  EXPECT_EQ(nodes[0].host, "red02");
  EXPECT_EQ(nodes[1].host, "red03");
  EXPECT_EQ(nodes[2].host, "red01");
}

TEST(NodeSlots, RefuseAStranger) {
  try {
    (void)node_slots(example::inventory(), {}, {"blue"});
    FAIL();
  } catch (const Error& error) {
    EXPECT_EQ(error.code(), ExitCode::usage);
    EXPECT_STREQ(error.what(), "'blue' is not a host of the inventory");
  }
}

TEST(PlaceByCore, FillsAHostBeforeTheNext) {
  const std::vector<NodeSlots> nodes = {{"a", 2, 4}, {"b", 2, 2}};
  EXPECT_THAT(place_by_core(nodes, 3),
              ElementsAre(RankPlace{0, "a", 0}, RankPlace{1, "a", 1}, RankPlace{2, "b", 0}));
  EXPECT_EQ(place_by_core(nodes, 0).size(), 4u) << "0 means all slots";
}

TEST(PlaceByCore, SharesCoresWhereTheInventoryWantsMoreSlots) {
  EXPECT_THAT(place_by_core({{"a", 3, 2}}, 3),
              ElementsAre(RankPlace{0, "a", 0}, RankPlace{1, "a", 1}, RankPlace{2, "a", 0}));
}

TEST(PlaceByCore, SaysHowManySlotsThereAre) {
  const auto refusal = [](const std::vector<NodeSlots>& nodes, unsigned np) {
    try {
      (void)place_by_core(nodes, np);
      return std::string("no error");
    } catch (const Error& error) {
      EXPECT_EQ(error.code(), ExitCode::usage);
      return std::string(error.what()) + " / " + error.hint();
    }
  };
  EXPECT_EQ(
      refusal({{"red01", 4, 4}, {"red02", 4, 4}}, 9),
      "9 ranks asked for, but red[01-02] have 8 slots / ask for at most 8, or raise 'slots' in "
      "the inventory");
  EXPECT_EQ(refusal({{"red", 1, 1}}, 2),
            "2 ranks asked for, but red has 1 slot / ask for at most 1, or raise 'slots' in the "
            "inventory");
}

TEST(JobGroup, IsAllHostsOfOneKind) {
  const JobGroup group = job_group(example::inventory(), example::fleet_facts());
  EXPECT_THAT(group.members, ElementsAre("red", "red01", "red02", "red03"));
  EXPECT_THAT(group.left_out, IsEmpty());
}

TEST(JobGroup, LeavesOutWhoCannotTalkToTheManager) {
  FleetFacts facts = example::fleet_facts();
  facts["red01"].architecture = "amd64";
  facts["red02"].packages["openmpi-bin"] = "5.0.7-1";
  facts.erase("red03");
  const JobGroup group = job_group(example::inventory(), facts);
  EXPECT_THAT(group.members, ElementsAre("red"));
  EXPECT_THAT(group.left_out,
              UnorderedElementsAre(
                  Pair("red01", "is amd64, the manager red is arm64: one MPI job cannot span both"),
                  Pair("red02",
                       "has Open MPI 5.0, the manager red has 4.1: they cannot talk to each other"),
                  Pair("red03", "nothing is known of it: run clustermpi discover")));
}

TEST(JobGroup, IsNobodyWithoutTheManager) {
  FleetFacts facts = example::fleet_facts();
  facts.erase("red");
  const JobGroup group = job_group(example::inventory(), facts);
  EXPECT_THAT(group.members, IsEmpty());
  EXPECT_EQ(group.left_out.at("red01"),
            "nothing is known of the manager red: run clustermpi discover");
}

TEST(OpenmpiVersion, IsTheInstalledElseTheCandidateElseTheReleases) {
  Facts facts = example::facts("red", "192.168.1.10");
  EXPECT_EQ(openmpi_version(facts), (Version{4, 1, 0}));
  facts.candidates["openmpi-bin"] = "5.0.7-1";
  EXPECT_EQ(openmpi_version(facts), (Version{5, 0, 7}));
  facts.packages["openmpi-bin"] = "4.1.4-3+b1";
  EXPECT_EQ(openmpi_version(facts), (Version{4, 1, 4}));
}

TEST(OpenmpiVersion, KnowsTheReleases) {
  const auto of = [](const std::string& id, const std::string& version) {
    Facts facts;
    facts.os_id = id;
    facts.os_version = version;
    return openmpi_version(facts);
  };
  EXPECT_EQ(of("debian", "11"), (Version{4, 1, 0}));
  EXPECT_EQ(of("debian", "12"), (Version{4, 1, 0}));
  EXPECT_EQ(of("debian", "13"), (Version{5, 0, 0}));
  EXPECT_EQ(of("debian", ""), (Version{5, 0, 0}));
  EXPECT_EQ(of("raspbian", "12"), (Version{4, 1, 0}));
  EXPECT_EQ(of("ubuntu", "20.04"), (Version{4, 0, 0}));
  EXPECT_EQ(of("ubuntu", "22.04"), (Version{4, 1, 0}));
  EXPECT_EQ(of("ubuntu", "24.04"), (Version{4, 1, 0}));
  EXPECT_EQ(of("ubuntu", "25.04"), (Version{5, 0, 0}));
  EXPECT_EQ(of("fedora", "40"), Version{});
}

TEST(BuildGroups, AreOneForEachArchitectureAndVersion) {
  FleetFacts facts = example::fleet_facts();
  facts["red01"].architecture = "amd64";
  facts["red02"].packages["openmpi-bin"] = "5.0.7-1";
  const auto groups = build_groups(example::inventory(), facts);
  ASSERT_EQ(groups.size(), 3u);
  EXPECT_EQ(groups[0].key, "arm64-openmpi4.1");
  EXPECT_THAT(groups[0].members, ElementsAre("red", "red03"));
  EXPECT_EQ(groups[1].key, "amd64-openmpi4.1");
  EXPECT_EQ(groups[1].builder, "red01");
  EXPECT_EQ(groups[2].key, "arm64-openmpi5.0");
}

TEST(BuildGroups, LetTheManagerBuild) {
  Inventory inventory = example::inventory();
  inventory.manager = "red02";
  const auto groups = build_groups(inventory, example::fleet_facts());
  ASSERT_EQ(groups.size(), 1u);
  EXPECT_EQ(groups[0].builder, "red02");
  EXPECT_THAT(groups[0].members, ElementsAre("red", "red01", "red02", "red03"));
}

}  // namespace
}  // namespace clustermpi
