#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <functional>

#include "hosts/error.hpp"
#include "hosts/writers.hpp"
#include "tests/refusal.hpp"
#include "tests/unit/hosts/example_fleet.hpp"

namespace clustermpi {
namespace {

using test::refusal;

using testing::HasSubstr;

std::string machinefile_refusal(const std::vector<NodeSlots>& nodes) {
  return refusal([&] { (void)machinefile(nodes, MpiFormat::openmpi4); });
}

/// Ranks on host a, b, a: cores 0, 0 and 1-2.
Placement three_ranks(const std::string& a = "a", const std::string& b = "b") {
  return {{{a, 4, 4}, {b, 4, 4}, {"idle", 4, 4}}, {{0, {0, 1}}, {1, {0, 1}}, {0, {1, 2}}}};
}

TEST(Machinefile, HasOneLineAHost) {
  for (const MpiFormat format : {MpiFormat::openmpi4, MpiFormat::openmpi5})
    EXPECT_EQ(machinefile(std::vector<NodeSlots>{{"red", 4, 4}, {"red01", 2, 4}}, format),
              "red slots=4\nred01 slots=2\n");
  EXPECT_EQ(machinefile(std::vector<NodeSlots>{{"red", 4, 4}, {"red01", 2, 4}}, MpiFormat::mpich),
            "red:4\nred01:2\n");
}

TEST(Machinefile, OfAPlacementHasAsManySlotsAsRanks) {
  EXPECT_EQ(machinefile(three_ranks(), MpiFormat::openmpi4), "a slots=2\nb slots=1\n");
  EXPECT_EQ(machinefile(three_ranks(), MpiFormat::openmpi5), "a slots=2\nb slots=1\n");
}

TEST(Machinefile, SaysTheOrderOfRanksWhereItCan) {
  EXPECT_EQ(machinefile(three_ranks(), MpiFormat::mpich), "a:1\nb:1\n") << "and round again";
  EXPECT_EQ(machinefile(three_ranks("a.lan", "b.lan"), MpiFormat::slurm), "a\nb\na\n")
      << "Slurm knows hosts by their short names";
}

FleetFacts two_threads_a_core() {
  FleetFacts facts;
  for (const char* name : {"a", "b"}) facts[name].topology = uniform_topology(1, 4, 2);
  return facts;
}

TEST(Machinefile, OfHydraBindsRanksToTheKernelsNumbers) {
  Placement placement = three_ranks();
  placement.ranks = {{0, {0, 1}}, {1, {0, 1}}, {0, {1, 2}}, {0, {3, 1}}};
  EXPECT_EQ(machinefile(placement, MpiFormat::mpich, two_threads_a_core()),
            "a:1 binding=user:0+4\nb:1 binding=user:0+4\na:2 binding=user:1+2+5+6,3+7\n")
      << "the last round gives a host more than the first";
}

TEST(Machinefile, OfHydraIsOneRoundWhereRanksGoRoundAndRound) {
  Placement placement = three_ranks();
  placement.ranks = {{0, {0, 1}}, {0, {1, 1}}, {1, {0, 1}}, {0, {2, 1}},
                     {0, {3, 1}}, {1, {3, 1}}, {0, {0, 1}}};
  EXPECT_EQ(machinefile(placement, MpiFormat::mpich, two_threads_a_core()),
            "a:2 binding=user:0+4,1+5,2+6,3+7,0+4\nb:1 binding=user:0+4,3+7\n");
}

TEST(Machinefile, OfHydraRefusesALineThatItWouldCut) {
  Placement placement{{{"a", 4096, 4096}}, {}};
  FleetFacts facts;
  facts["a"].topology = uniform_topology(1, 4096, 1);
  for (unsigned rank = 0; rank < 4096; ++rank) placement.ranks.push_back({0, {rank, 1}});
  EXPECT_EQ(refusal([&] { (void)machinefile(placement, MpiFormat::mpich, facts); }),
            "host a has more ranks and cores than a line of Hydra's hostfile can name / give it "
            "fewer ranks: see --per-node");
}

TEST(Machinefile, RefusesWhatLaunchersMisread) {
  EXPECT_EQ(machinefile_refusal({{"cpu", 1, 1}}),
            "host cpu is a word of Open MPI's hostfile and cannot name a host / rename it in the "
            "inventory");
  EXPECT_EQ(
      machinefile_refusal({{"my_pi", 1, 1}}),
      "host my_pi has an underscore, which Open MPI's launcher rejects: use a hyphen / rename it "
      "in the inventory");
  EXPECT_EQ(machinefile_refusal({{"a.x", 1, 1}, {"a.y", 1, 1}}),
            "host a.y stands twice: Open MPI and Slurm cut names at the first dot / rename it in "
            "the inventory");
  EXPECT_EQ(machinefile_refusal({{"a", 0, 1}}),
            "host a has no slots, which Open MPI takes for a full node / leave it out, or give it "
            "a slot");
}

TEST(Rankfile, HasOneLineARank) {
  for (const MpiFormat format : {MpiFormat::openmpi4, MpiFormat::openmpi5})
    EXPECT_EQ(rankfile(three_ranks(), format),
              "rank 0=a slot=0\nrank 1=b slot=0\nrank 2=a slot=1-2\n");
}

TEST(Rankfile, NamesAHostOfOpenMpi5AsItCallsItself) {
  FleetFacts facts;
  facts["b"].hostname = "raspberrypi";
  EXPECT_EQ(rankfile(three_ranks(), MpiFormat::openmpi5, facts),
            "rank 0=a slot=0\nrank 1=raspberrypi slot=0\nrank 2=a slot=1-2\n");
  EXPECT_EQ(rankfile(three_ranks(), MpiFormat::openmpi4, facts),
            "rank 0=a slot=0\nrank 1=b slot=0\nrank 2=a slot=1-2\n");
}

TEST(Rankfile, IsOpenMpisAlone) {
  EXPECT_EQ(refusal([] { (void)rankfile(three_ranks(), MpiFormat::mpich); }),
            "MPICH has no rankfile / its machinefile says which rank runs where: generate "
            "machinefile");
  EXPECT_EQ(refusal([] { (void)rankfile(three_ranks(), MpiFormat::slurm); }),
            "Slurm has no rankfile / its hostfile says which rank runs where: generate machinefile "
            "--format slurm");
}

TEST(Rankfile, RefusesNamesThatOverflowOpenMpi) {
  const std::string longest(52, 'n');
  EXPECT_THAT(rankfile(three_ranks(longest), MpiFormat::openmpi4),
              HasSubstr("rank 2=" + longest + " slot=1-2\n"));
  const std::string longer = longest + "n";
  EXPECT_EQ(refusal([&] { (void)rankfile(three_ranks(longer), MpiFormat::openmpi5); }),
            "host " + longer +
                " has a name that is too long for a rankfile: with its cores it may have 55 "
                "characters / rename it in the inventory");
}

TEST(HostOption, IsOneWord) {
  EXPECT_EQ(host_option(nodes_used(three_ranks()), MpiFormat::openmpi4), "a:2,b:1");
  EXPECT_EQ(refusal([] { (void)host_option(nodes_used(three_ranks()), MpiFormat::slurm); }),
            "srun takes no slots beside its hosts / generate machinefile --format slurm");
}

TEST(SlurmCpuBind, ListsTheKernelsNumbers) {
  FleetFacts facts;
  for (const char* name : {"a", "b"}) facts[name].topology = uniform_topology(2, 2, 1);
  Placement placement = three_ranks();
  placement.ranks = {{0, {2, 1}}, {1, {2, 1}}, {0, {0, 1}}};
  EXPECT_EQ(slurm_cpu_bind(placement, facts), "map_cpu:2,0") << "the second host has one rank only";
  placement.ranks = {{0, {0, 2}}, {0, {2, 2}}};
  EXPECT_EQ(slurm_cpu_bind(placement, facts), "mask_cpu:0x3,0xc");
  facts["a"].topology = uniform_topology(1, 4, 2);  // second threads are 4-7
  EXPECT_EQ(slurm_cpu_bind(placement, facts), "mask_cpu:0x33,0xcc");
}

TEST(SlurmCpuBind, RefusesHostsThatDiffer) {
  EXPECT_EQ(refusal([] {
              Placement placement = three_ranks();
              placement.ranks = {{0, {0, 1}}, {0, {1, 1}}, {1, {1, 1}}};
              (void)slurm_cpu_bind(placement, two_threads_a_core());
            }),
            "host b binds its ranks to other cores than a does, and srun has one list for all "
            "hosts / start it by mpirun, or take a policy that treats all hosts alike");
  EXPECT_EQ(refusal([] { (void)slurm_cpu_bind(three_ranks(), {}); }),
            "host a has not said how its cores are numbered / run clustermpi discover");
}

}  // namespace
}  // namespace clustermpi
