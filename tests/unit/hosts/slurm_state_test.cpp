#include "hosts/slurm_state.hpp"

#include <gmock/gmock.h>

namespace clustermpi {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;

// As Slurm 22.05 and 24.11 print it: the newer one names root where nobody gave a reason.
constexpr const char* bookworm =
    "ping=Slurmctld(primary) at red is UP \n"
    "node=red|2|idle|Unknown|none\n"
    "node=red01|2|drained|root|bad | disk\n"
    "node=red02|2|down*|slurm|Not responding\n"
    "job=12|pi|RUNNING|red|sleep | 100\n"
    "end=1\n";
constexpr const char* trixie =
    "ping=Slurmctld(primary) at red is UP \n"
    "node=red|2|idle|root|none\n"
    "node=red|2|idle|root|none\n"
    "\n"
    "end=1\n";

SlurmNode node_in(const std::string& state) {
  return parse_slurm_state("node=red|2|" + state + "|Unknown|none\nend=1\n").nodes.at("red");
}

TEST(ParseSlurmState, NodesWithTheirReasonsAndJobs) {
  const SlurmState state = parse_slurm_state(bookworm);
  EXPECT_TRUE(state.complete && state.installed && state.up);
  ASSERT_EQ(state.nodes.size(), 3u);
  EXPECT_EQ(state.nodes.at("red").cpus, 2u);
  EXPECT_EQ(state.nodes.at("red").reason, "");
  EXPECT_EQ(state.nodes.at("red01").state, "drained");
  EXPECT_EQ(state.nodes.at("red01").reason, "bad | disk");
  EXPECT_EQ(state.nodes.at("red01").who, "root");
  EXPECT_EQ(state.nodes.at("red02").state, "down");
  EXPECT_EQ(state.nodes.at("red02").marks, "*");
  EXPECT_EQ(jobs_text(state), "job 12 of pi (sleep | 100) on red");
}

TEST(ParseSlurmState, ANodeInTwoPartitionsIsOneAndWithoutReasonNobodyGaveIt) {
  const SlurmState state = parse_slurm_state(trixie);
  EXPECT_EQ(state.nodes.size(), 1u);
  EXPECT_EQ(state.nodes.at("red").who, "");
  EXPECT_EQ(jobs_text(state), "");
}

TEST(ParseSlurmState, AControllerThatIsDownAndNoSlurmAtAll) {
  const SlurmState down = parse_slurm_state("ping=Slurmctld(primary) at red is DOWN \nend=1\n");
  EXPECT_TRUE(down.installed);
  EXPECT_FALSE(down.up);
  EXPECT_EQ(down.trouble, "Slurmctld(primary) at red is DOWN");
  EXPECT_FALSE(parse_slurm_state("missing=1\nend=1\n").installed);
  EXPECT_FALSE(parse_slurm_state("ping=Slurmctld(primary) at red is UP\n").complete);
}

TEST(ParseSlurmState, WhatIsNoNodeLineHarmsNothing) {
  EXPECT_EQ(parse_slurm_state("node=red\nnode=\nnoise\nend=1\n").nodes.at("red").cpus, 0u);
}

TEST(UseOf, EachStateOfSlurms) {
  for (const char* state : {"idle", "idle~", "idle-"})
    EXPECT_EQ(use_of(node_in(state)), NodeUse::idle) << state;
  for (const char* state : {"allocated", "mixed", "completing", "allocated+", "planned"})
    EXPECT_EQ(use_of(node_in(state)), NodeUse::busy) << state;
  for (const char* state : {"unknown", "unknown*", "idle#"})
    EXPECT_EQ(use_of(node_in(state)), NodeUse::settling) << state;
  for (const char* state : {"down", "down*", "drained", "draining", "inval", "idle*", "fail", ""})
    EXPECT_EQ(use_of(node_in(state)), NodeUse::out) << state;
}

TEST(SlotsInSlurm, NoMoreThanItsCpusAndOnlyItsNodes) {
  const SlurmState state = parse_slurm_state(bookworm);
  EXPECT_THAT(slots_in_slurm({{"red", 4, 4}, {"red01", 1, 2}, {"blue", 2, 2}}, state),
              ElementsAre(NodeSlots{"red", 2, 4}, NodeSlots{"red01", 1, 2}));
  EXPECT_THAT(slots_in_slurm({{"blue", 2, 2}}, state), IsEmpty());
}

}  // namespace
}  // namespace clustermpi
