#include "hosts/placement.hpp"
#include "hosts/mpi.hpp"

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
              ElementsAre(NodeSlots{"red", 4, 4, false, 4, 0, {{0, 4}}, {{0, 4}}},
                          NodeSlots{"red01", 2, 4, true, 4, 0, {{0, 4}}, {{0, 4}}},
                          NodeSlots{"red02", 4, 4, false, 4, 0, {{0, 4}}, {{0, 4}}},
                          NodeSlots{"red03", 1, 1}));
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

TEST(NodeSlots, KnowTheirPackagesAndNumaNodes) {
  FleetFacts facts = example::fleet_facts();
  facts["red"].topology = uniform_topology(2, 4, 2);
  const auto nodes = node_slots(example::inventory(), facts, {"red"});
  EXPECT_EQ(nodes.front(),
            (NodeSlots{"red", 8, 8, false, 16, 0, {{0, 4}, {4, 4}}, {{0, 4}, {4, 4}}}));
}

NodeSlots two_packages(const std::string& name) {
  return {name, 4, 4, false, 8, 0, {{0, 2}, {2, 2}}, {{0, 2}, {2, 2}}};
}

/// Two hosts with two packages of two cores of two threads each; the second is the manager.
const std::vector<NodeSlots> four_cores_each = {two_packages("a"), two_packages("b")};

Inventory inventory_of(const std::vector<NodeSlots>& nodes) {
  Inventory inventory;
  for (const NodeSlots& node : nodes)
    inventory.hosts.push_back(example::host(node.host, node.host));
  if (!nodes.empty()) inventory.manager = nodes.back().host;
  return inventory;
}

Placement placed(const std::vector<NodeSlots>& nodes, const PlacementRequest& request) {
  return place(inventory_of(nodes), nodes, request);
}

PlacementRequest asked(Policy policy, unsigned np = 0) {
  PlacementRequest request;
  request.policy = policy;
  request.np = np;
  return request;
}

/// "a0 a1 b0-1": host and CPUs of each rank.
std::string text_of(const Placement& placement) {
  std::string text;
  for (std::size_t rank = 0; rank < placement.ranks.size(); ++rank) {
    const Span& cpus = placement.ranks[rank].cpus;
    text += (text.empty() ? "" : " ") + placement.host_of(rank) + std::to_string(cpus.first);
    if (cpus.count > 1) text += "-" + std::to_string(cpus.first + cpus.count - 1);
  }
  return text;
}

TEST(Place, FillsAHostBeforeTheNext) {
  EXPECT_EQ(text_of(placed({{"a", 2, 4}, {"b", 2, 2}}, asked(Policy::fill, 3))), "a0 a1 b0");
  EXPECT_EQ(text_of(placed({{"a", 2, 4}, {"b", 2, 2}}, asked(Policy::fill))), "a0 a1 b0 b1")
      << "0 means all slots";
}

TEST(Place, SharesCoresWhereTheInventoryWantsMoreSlots) {
  EXPECT_EQ(text_of(placed({{"a", 3, 2}}, asked(Policy::fill))), "a0 a1 a0");
  EXPECT_EQ(text_of(placed({{"a", 3, 2}, {"b", 2, 2}}, asked(Policy::by_node))), "a0 b0 a1 b1 a0");
}

TEST(Place, GivesACoreOnceWhereThePolicyLooksAtCores) {
  EXPECT_EQ(text_of(placed({{"a", 3, 2}, {"b", 3, 3}}, asked(Policy::by_core))), "a0 a1 b0 b1 b2");
}

TEST(Place, ByNodeGoesRoundAndRound) {
  EXPECT_EQ(text_of(placed(four_cores_each, asked(Policy::by_node, 5))), "a0 b0 a1 b1 a2");
}

TEST(Place, BySocketTakesTurnsBetweenProcessors) {
  EXPECT_EQ(text_of(placed(four_cores_each, asked(Policy::by_socket, 6))), "a0 a2 a1 a3 b0 b2");
  EXPECT_EQ(text_of(placed(four_cores_each, asked(Policy::by_numa, 3))), "a0 a2 a1");
  EXPECT_EQ(text_of(placed({{"a", 2, 2}}, asked(Policy::by_socket))), "a0 a1")
      << "nothing is known of its packages";
}

TEST(Place, ByThreadCountsHardwareThreads) {
  const Placement placement = placed(four_cores_each, asked(Policy::by_thread, 10));
  EXPECT_EQ(text_of(placement), "a0 a1 a2 a3 a4 a5 a6 a7 b0 b1");
  EXPECT_EQ(placement.unit, CpuUnit::thread);
  NodeSlots three = two_packages("a");
  three.slots = 3;
  three.slots_given = true;
  EXPECT_EQ(text_of(placed({three}, asked(Policy::by_thread))), "a0 a1 a2");
}

TEST(Place, GivesARankSeveralCores) {
  PlacementRequest request = asked(Policy::by_core);
  request.threads = 2;
  EXPECT_EQ(text_of(placed(four_cores_each, request)), "a0-1 a2-3 b0-1 b2-3");
  request.threads = 3;
  EXPECT_EQ(text_of(placed(four_cores_each, request)), "a0-2 b0-2") << "the fourth core is left";
  request.policy = Policy::fill;
  request.threads = 2;
  EXPECT_EQ(text_of(placed({{"a", 8, 4}}, request)), "a0-1 a2-3 a0-1 a2-3") << "twice the cores";
  EXPECT_EQ(text_of(placed({{"a", 1, 4}}, request)), "a0-1") << "one slot, one rank";
}

TEST(Place, LimitsTheRanksOfAHost) {
  PlacementRequest request = asked(Policy::fill);
  request.per_node = 1;
  EXPECT_EQ(text_of(placed(four_cores_each, request)), "a0 b0");
}

TEST(Place, LeavesTheManagerOut) {
  PlacementRequest request = asked(Policy::fill, 2);
  request.exclude_manager = true;
  EXPECT_EQ(text_of(placed(four_cores_each, request)), "a0 a1");
}

TEST(Place, TakesHostsWithALabel) {
  Inventory inventory = inventory_of(four_cores_each);
  inventory.hosts[1].labels = {"fast"};
  PlacementRequest request = asked(Policy::fill, 2);
  request.only_labels = {"fast", "new"};
  EXPECT_EQ(text_of(place(inventory, four_cores_each, request)), "b0 b1");
}

TEST(Place, GivesFasterHostsMore) {
  Inventory inventory = inventory_of({{"a", 4, 4}, {"b", 4, 4}, {"c", 4, 4}});
  inventory.hosts[0].labels = {"pi3"};
  inventory.hosts[1].labels = {"pi4", "pi3"};
  const std::vector<NodeSlots> nodes = {{"a", 4, 4}, {"b", 4, 4}, {"c", 4, 4}};
  PlacementRequest request = asked(Policy::weighted, 7);
  request.weights = {{"pi4", 4}, {"c", 2}};
  EXPECT_EQ(text_of(place(inventory, nodes, request)), "a0 b0 b1 b2 b3 c0 c1");
  request.np = 9;
  EXPECT_EQ(text_of(place(inventory, nodes, request)), "a0 a1 b0 b1 b2 b3 c0 c1 c2")
      << "a host takes no more than its slots";
  request.weights.clear();
  request.np = 6;
  EXPECT_EQ(text_of(place(inventory, nodes, request, {{"a", 1e6}, {"b", 3e6}, {"c", 2e6}})),
            "a0 b0 b1 b2 c0 c1")
      << "as measured";
}

TEST(Place, SpreadsRanksAcrossGpus) {
  std::vector<NodeSlots> nodes = {{"a", 8, 8}, {"b", 8, 8}, {"c", 8, 8}};
  nodes[0].gpus = 2;
  nodes[2].gpus = 1;
  EXPECT_EQ(text_of(placed(nodes, asked(Policy::by_gpu, 6))), "a0 a4 c0 a1 a5 c1");
  nodes[0].gpus = 3;  // their shares are two, three and three cores
  EXPECT_EQ(text_of(placed({nodes[0]}, asked(Policy::by_gpu))), "a0 a2 a5 a1 a3 a6")
      << "the fourth of a round would not be near its GPU";
}

TEST(Place, KnowsThePackagesOfHostsThatCouldNotSayMore) {
  FleetFacts facts = example::fleet_facts();
  facts["red"].sockets = 2;
  facts["red"].cores_per_socket = 2;
  const auto nodes = node_slots(example::inventory(), facts, {"red"});
  EXPECT_EQ(text_of(placed(nodes, asked(Policy::by_socket))), "red0 red2 red1 red3");
}

TEST(Place, GivesEachCoreOfAListOnce) {
  PlacementRequest request = asked(Policy::explicit_list);
  request.ranks = {{"a", Span{2, 1}}, {"a", Span{0, 1}}, {"a", {}}, {"a", {}}};
  EXPECT_EQ(text_of(placed(four_cores_each, request)), "a2 a0 a1 a3");
}

TEST(Place, FollowsAList) {
  PlacementRequest request = asked(Policy::explicit_list);
  request.ranks = {{"b", Span{1, 1}}, {"a", {}}, {"b", {}}, {"a", Span{1, 3}}};
  EXPECT_EQ(text_of(placed(four_cores_each, request)), "b1 a0 b0 a1-3");
  request.np = 2;
  EXPECT_EQ(text_of(placed(four_cores_each, request)), "b1 a0");
}

std::string refusal(const std::vector<NodeSlots>& nodes, const PlacementRequest& request) {
  try {
    (void)placed(nodes, request);
    return "no error";
  } catch (const Error& error) {
    EXPECT_EQ(error.code(), ExitCode::usage);
    return std::string(error.what()) + " / " + error.hint();
  }
}

TEST(PlaceRefuses, MoreRanksThanSlots) {
  EXPECT_EQ(refusal({{"red01", 4, 4}, {"red02", 4, 4}}, asked(Policy::fill, 9)),
            "9 ranks asked for, but red[01-02] have 8 slots / ask for at most 8, or raise 'slots' "
            "in the inventory");
  EXPECT_EQ(refusal({{"red", 1, 1}}, asked(Policy::by_node, 2)),
            "2 ranks asked for, but red has 1 slot / ask for at most 1, or raise 'slots' in the "
            "inventory");
}

TEST(PlaceRefuses, MoreRanksThanCores) {
  EXPECT_EQ(refusal({{"a", 4, 2}, {"b", 2, 2}}, asked(Policy::by_core, 5)),
            "5 ranks asked for, but a,b have room for 4 ranks by-core / ask for at most 4, or take "
            "the policy fill: by it there are 6 slots");
  EXPECT_EQ(refusal(four_cores_each, asked(Policy::by_socket, 9)),
            "9 ranks asked for, but a,b have room for 8 ranks by-socket / ask for at most 8, or "
            "raise 'slots' in the inventory and take the policy fill, by which ranks share cores");
}

TEST(PlaceRefuses, WithTheWayOutThatHelps) {
  PlacementRequest request = asked(Policy::by_core, 3);
  request.threads = 2;
  request.per_node = 1;
  EXPECT_EQ(refusal(four_cores_each, request),
            "3 ranks asked for, but a,b have room for 2 ranks by-core with 2 cores each, at most 1 "
            "a host / ask for at most 2, or raise --per-node");
  request = asked(Policy::fill, 3);
  request.threads = 2;
  EXPECT_EQ(refusal({{"a", 1, 4, true}}, request),
            "3 ranks asked for, but a has room for 1 rank by the policy fill with 2 cores each / "
            "ask for at most 1, or raise 'slots' in the inventory");
  EXPECT_EQ(refusal({}, {}),
            "there is no host that could take ranks / choose others with --limit, or take "
            "`manager_computes = false` away");
}

TEST(PlaceRefuses, MoreThanTheWishesLeave) {
  PlacementRequest request = asked(Policy::by_thread, 9);
  request.threads = 2;
  EXPECT_EQ(refusal(four_cores_each, request),
            "9 ranks asked for, but a,b have room for 8 ranks by-thread with 2 hardware threads "
            "each / ask for at most 8, or give each fewer with --threads");
  request = asked(Policy::fill, 5);
  request.per_node = 2;
  EXPECT_EQ(refusal(four_cores_each, request),
            "5 ranks asked for, but a,b have room for 4 ranks by the policy fill, at most 2 a host "
            "/ ask for at "
            "most 4, or raise --per-node");
}

TEST(PlaceRefuses, ARankWiderThanAnyHost) {
  PlacementRequest request = asked(Policy::by_socket);
  request.threads = 3;
  EXPECT_EQ(refusal(four_cores_each, request),
            "a rank with 3 cores fits nowhere on a,b by-socket / there is room for 2 at most: "
            "--threads 2");
}

TEST(PlaceRefuses, WhenNoHostIsLeft) {
  PlacementRequest request;
  request.exclude_manager = true;
  EXPECT_EQ(refusal({{"red", 4, 4}}, request),
            "without the manager red no host is left / take --exclude-manager away, or "
            "`exclude_manager` below [placement]");
  request = {};
  request.only_labels = {"gpu", "pi5"};
  EXPECT_EQ(refusal(four_cores_each, request),
            "none of a,b has the label gpu or pi5 / no host has a label: labels = [\"...\"] below "
            "[[hosts]] gives it one");
  EXPECT_EQ(refusal(four_cores_each, asked(Policy::by_gpu)),
            "none of a,b has a GPU that is known of / clustermpi discover looks for NVIDIA's; the "
            "other policies need none");
}

TEST(PlaceRefuses, ToGuessHowFastAHostIs) {
  EXPECT_EQ(refusal(four_cores_each, asked(Policy::weighted)),
            "how fast a,b are is not known / clustermpi verify pi measures it, or say it by host "
            "or label: --weight pi4=2 --weight pi3=1");
  PlacementRequest request = asked(Policy::weighted);
  request.weights = {{"aa", 2}};
  EXPECT_EQ(refusal(four_cores_each, request),
            "a weight is given to 'aa', which is neither a host nor a label / did you mean 'a'?");
}

TEST(PlaceRefuses, AListThatDoesNotFit) {
  PlacementRequest request = asked(Policy::explicit_list);
  EXPECT_EQ(refusal(four_cores_each, request),
            "the policy explicit has no list / write it below [placement]: ranks = [\"red:0\"]");
  request.ranks = {{"a", Span{0, 1}}, {"c", {}}};
  EXPECT_EQ(refusal(four_cores_each, request),
            "rank 1 is listed on c, which cannot take part / those that can are a,b");
  request.ranks = {{"a", Span{2, 3}}};
  EXPECT_EQ(refusal(four_cores_each, request),
            "rank 0 is listed on core 4 of a, which has 4 cores / cores are counted from 0");
  request.np = 2;
  EXPECT_EQ(
      refusal(four_cores_each, request),
      "2 ranks asked for, but the list of [placement] has 1 rank / ask for at most 1, or make "
      "the list longer");
}

TEST(NodesUsed, BeginWithRankZerosAndCountRanks) {
  PlacementRequest request = asked(Policy::explicit_list);
  request.ranks = {{"b", {}}, {"a", {}}, {"b", {}}};
  const Placement placement = placed(four_cores_each, request);
  const auto used = nodes_used(placement);
  ASSERT_EQ(used.size(), 2u);
  EXPECT_EQ(used[0].host, "b");
  EXPECT_EQ(used[0].slots, 2u);
  EXPECT_EQ(used[1].slots, 1u);
  EXPECT_FALSE(in_host_order(placement));
  EXPECT_TRUE(in_host_order(placed(four_cores_each, asked(Policy::by_socket))));
}

TEST(PhysicalCpus, AreTheKernelsNumbers) {
  const Topology topology = uniform_topology(2, 2, 2);  // cores 0-3, second threads 4-7
  EXPECT_THAT(physical_cpus({0, {1, 2}}, CpuUnit::core, topology), ElementsAre(1, 2, 5, 6));
  EXPECT_THAT(physical_cpus({0, {1, 2}}, CpuUnit::thread, topology), ElementsAre(1, 4));
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

TEST(MpiVersion, IsTheInstalledElseTheCandidateElseTheReleases) {
  Facts facts = example::facts("red", "192.168.1.10");
  EXPECT_EQ(mpi_version(facts, MpiImplementation::openmpi), (Version{4, 1, 0}));
  facts.candidates["openmpi-bin"] = "5.0.7-1";
  EXPECT_EQ(mpi_version(facts, MpiImplementation::openmpi), (Version{5, 0, 7}));
  facts.packages["openmpi-bin"] = "4.1.4-3+b1";
  EXPECT_EQ(mpi_version(facts, MpiImplementation::openmpi), (Version{4, 1, 4}));
}

TEST(MpiVersion, OfOneImplementationSaysNothingOfTheOther) {
  Facts facts = example::facts("red", "192.168.1.10");
  facts.packages["openmpi-bin"] = "4.1.4-3+b1";
  EXPECT_EQ(mpi_version(facts, MpiImplementation::mpich), (Version{4, 0, 0}));
  facts.candidates["mpich"] = "4.0.1-1";
  EXPECT_EQ(mpi_version(facts, MpiImplementation::mpich), (Version{4, 0, 1}));
  facts.packages["mpich"] = "4.0.2-3+b1";
  EXPECT_EQ(mpi_version(facts, MpiImplementation::mpich), (Version{4, 0, 2}));
  EXPECT_EQ(mpi_version(facts, MpiImplementation::openmpi), (Version{4, 1, 4}));
}

Version version_of_release(const std::string& id, const std::string& version,
                           MpiImplementation mpi) {
  Facts facts;
  facts.os_id = id;
  facts.os_version = version;
  return mpi_version(facts, mpi);
}

TEST(MpiVersion, KnowsWhichMpichTheReleasesHave) {
  const auto of = [](const std::string& id, const std::string& version) {
    return version_of_release(id, version, MpiImplementation::mpich);
  };
  EXPECT_EQ(of("debian", "11"), (Version{3, 4, 0}));
  EXPECT_EQ(of("debian", "12"), (Version{4, 0, 0}));
  EXPECT_EQ(of("raspbian", "13"), (Version{4, 2, 0}));
  EXPECT_EQ(of("debian", ""), (Version{4, 2, 0}));
  EXPECT_EQ(of("ubuntu", "20.04"), (Version{3, 3, 0}));
  EXPECT_EQ(of("ubuntu", "22.04"), (Version{4, 0, 0}));
  EXPECT_EQ(of("ubuntu", "24.04"), (Version{4, 2, 0}));
  EXPECT_EQ(of("fedora", "40"), Version{});
}

TEST(MpiVersion, KnowsWhichOpenMpiTheReleasesHave) {
  const auto of = [](const std::string& id, const std::string& version) {
    return version_of_release(id, version, MpiImplementation::openmpi);
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

TEST(BuildGroups, AndJobGroupsGoByTheInventorysMpi) {
  Inventory inventory = example::inventory();
  inventory.mpi = MpiImplementation::mpich;
  FleetFacts facts = example::fleet_facts();
  facts["red01"].packages["openmpi-bin"] = "5.0.7-1";
  facts["red02"].packages["mpich"] = "4.2.1-5";
  const auto groups = build_groups(inventory, facts);
  ASSERT_EQ(groups.size(), 2u);
  EXPECT_EQ(groups[0].key, "arm64-mpich4.0");
  EXPECT_THAT(groups[0].members, ElementsAre("red", "red01", "red03"));
  EXPECT_EQ(groups[1].key, "arm64-mpich4.2");
  EXPECT_THAT(
      job_group(inventory, facts).left_out,
      ElementsAre(
          Pair("red02", "has MPICH 4.2, the manager red has 4.0: they cannot talk to each other")));
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
