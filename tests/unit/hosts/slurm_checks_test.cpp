#include "hosts/slurm_checks.hpp"

#include <gmock/gmock.h>

namespace clustermpi {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::Pair;
using testing::StartsWith;

// What systemd 252 and 257 print for `show`: properties come in their own order.
SlurmNodeAnswer answer(const std::string& slurmd) {
  return parse_slurm_node(
      "unit=munge Result=success LoadState=loaded ActiveState=active ConditionResult=yes \n"
      "unit=slurmd " +
      slurmd + " \ncredential=MUNGE:AwQFAAD:\n");
}
constexpr const char* running =
    "Result=success LoadState=loaded ActiveState=active ConditionResult=yes";

TEST(JudgeDaemons, AllActive) {
  const Verdict verdict = judge_daemons({{"red", answer(running)}, {"red01", answer(running)}});
  EXPECT_TRUE(verdict.ok);
  EXPECT_EQ(verdict.summary, "munge on red,red01, slurmd on red,red01");
  EXPECT_EQ(verdict.via, "slurm");
}

TEST(JudgeDaemons, EachWayNotToRunHasItsCure) {
  const Verdict verdict = judge_daemons({
      {"a", answer("Result=exit-code LoadState=loaded ActiveState=failed ConditionResult=yes")},
      {"b", answer("Result=success LoadState=not-found ActiveState=inactive ConditionResult=no")},
      {"c", answer("Result=success LoadState=loaded ActiveState=inactive ConditionResult=no "
                   "ConditionTimestampMonotonic=2412")},
      {"d", answer("Result=success LoadState=loaded ActiveState=inactive ConditionResult=no "
                   "ConditionTimestampMonotonic=0")},
      {"e", parse_slurm_node("")},
  });
  EXPECT_FALSE(verdict.ok);
  EXPECT_THAT(
      verdict.hosts,
      ElementsAre(
          Pair("a",
               "slurmd failed (exit-code): `sudo journalctl -u slurmd` there says why; "
               "`clustermpi install slurm` starts it"),
          Pair("b", "slurmd is not installed: `clustermpi install slurm` installs it"),
          Pair("c",
               "slurmd was not started, since it starts only where /etc/slurm has its files: "
               "`clustermpi install slurm` writes them"),
          Pair("d", "slurmd does not run (inactive): `clustermpi install slurm` starts it"),
          Pair("e", "did not say whether Slurm's daemons run")));
}

TEST(JudgeMunge, DecodedBothWays) {
  const Verdict verdict = judge_munge("red", {{"red01", ""}}, {{"red", ""}, {"red01", ""}});
  EXPECT_TRUE(verdict.ok);
  EXPECT_EQ(verdict.summary, "red and 1 other host decode each other's credentials");
  EXPECT_EQ(judge_munge("red", {}, {{"red", ""}}).summary, "red decodes what it encodes");
}

TEST(JudgeMunge, AnotherKeyAndAnotherClockAreToldApart) {
  const Verdict verdict =
      judge_munge("red",
                  {{"red01", "unmunge: Error: Invalid credential "},
                   {"red02", "unmunge: Error: Expired credential "},
                   {"red03", "unmunge: Error: Rewound credential "},
                   {"red04", ""}},
                  {{"red", ""}, {"red04", "unmunge: Error: Replayed credential "}});
  EXPECT_FALSE(verdict.ok);
  EXPECT_THAT(
      verdict.hosts,
      ElementsAre(
          Pair("red01",
               "its munge key is not that of red (Invalid credential): `clustermpi "
               "install slurm` puts the key right and restarts munge"),
          Pair("red02",
               "its clock and that of red are more than five minutes apart (Expired credential): "
               "`timedatectl` on both shows which is wrong; `clustermpi up` sets time "
               "synchronization up"),
          Pair("red03", HasSubstr("(Rewound credential)")),
          Pair("red04",
               "munge there and on red do not understand each other: unmunge: Error: "
               "Replayed credential ")));
}

TEST(JudgeMunge, TheOneThatNobodyAgreesWithIsTheOneThatIsWrong) {
  const std::string invalid = "unmunge: Error: Invalid credential";
  EXPECT_THAT(judge_munge("red", {{"red01", invalid}, {"red02", invalid}}, {{"red", ""}}).hosts,
              ElementsAre(Pair("red", HasSubstr("its munge key is not that of all other hosts"))));
  EXPECT_THAT(judge_munge("red", {{"red01", invalid}}, {{"red", ""}}).hosts,
              ElementsAre(Pair("red01", StartsWith("its munge key is not that of red"))));
}

SlurmState state_of(const std::string& nodes) {
  return parse_slurm_state("ping=Slurmctld(primary) at red is UP \n" + nodes + "end=1\n");
}

TEST(JudgeController, WhatScontrolSays) {
  EXPECT_TRUE(judge_controller("red", state_of("node=red|2|idle|Unknown|none\n")).ok);
  EXPECT_THAT(
      judge_controller("red", parse_slurm_state("ping=Slurmctld(primary) at red is DOWN\nend=1\n"))
          .hosts,
      ElementsAre(Pair("red",
                       "slurmctld does not answer (Slurmctld(primary) at red is DOWN): `clustermpi "
                       "install slurm` starts it; `sudo journalctl -u slurmctld` there says why it "
                       "ended")));
  EXPECT_THAT(judge_controller("red", parse_slurm_state("missing=1\nend=1\n")).hosts,
              ElementsAre(Pair("red", "has no Slurm: `clustermpi install slurm` installs it")));
}

TEST(JudgeNodes, IdleNodesAreCounted) {
  const Verdict verdict =
      judge_nodes("red", state_of("node=red|2|idle|Unknown|none\nnode=red01|2|idle|Unknown|none\n"),
                  {"red", "red01"});
  EXPECT_TRUE(verdict.ok);
  EXPECT_EQ(verdict.summary, "2 nodes idle");
}

TEST(JudgeNodes, ANodeAtWorkIsNoFailureAndItsJobIsNamed) {
  const Verdict verdict = judge_nodes("red",
                                      state_of("node=red|2|mixed|Unknown|none\n"
                                               "node=red01|2|idle|Unknown|none\n"
                                               "job=12|pi|RUNNING|red|sleep\n"),
                                      {"red", "red01"});
  EXPECT_TRUE(verdict.ok);
  EXPECT_EQ(verdict.summary, "1 of 2 nodes idle; there is job 12 of pi (sleep) on red");
}

TEST(JudgeNodes, WhoTakesNoJobsIsNamedWithSlurmsReasonAndTheCure) {
  const Verdict verdict = judge_nodes("red",
                                      state_of("node=a|2|drained|root|bad disk\n"
                                               "node=b|2|down*|slurm|Not responding\n"
                                               "node=c|2|down|slurm|Node unexpectedly rebooted\n"
                                               "node=d|2|inval|slurm|Low RealMemory\n"
                                               "node=e|2|unknown*|Unknown|none\n"),
                                      {"a", "b", "c", "d", "e", "f"});
  EXPECT_FALSE(verdict.ok);
  EXPECT_THAT(
      verdict.hosts,
      ElementsAre(
          Pair("a",
               "is drained by root (bad disk): once that is put right, `sudo scontrol update "
               "nodename=a state=resume` on red puts it back"),
          Pair("b",
               "is down and does not respond (Not responding): `clustermpi install slurm` "
               "starts slurmd there; is port 6818 open to red?"),
          Pair("c",
               "is down (Node unexpectedly rebooted): once that is put right, `sudo scontrol "
               "update nodename=c state=resume` on red puts it back"),
          Pair("d",
               "is inval (Low RealMemory): it has less than slurm.conf says; `clustermpi "
               "install slurm` writes what it has now, then `sudo scontrol update nodename=d "
               "state=resume` on red puts it back"),
          Pair("e", "is still unknown for Slurm: does slurmd run there?"),
          Pair("f", "is no node of Slurm's: `clustermpi install slurm` makes it one")));
}

TEST(Settled, NotWhileADaemonIsStillToReport) {
  const std::vector<std::string> hosts{"red"};
  EXPECT_TRUE(settled(state_of("node=red|2|idle|Unknown|none\n"), hosts));
  EXPECT_TRUE(settled(state_of("node=red|2|drained|root|bad disk\n"), hosts));
  EXPECT_FALSE(settled(state_of("node=red|2|unknown*|Unknown|none\n"), hosts));
  EXPECT_FALSE(settled(state_of("node=red|2|idle*|Unknown|none\n"), hosts));
  EXPECT_FALSE(settled(state_of("node=red|2|completing|Unknown|none\n"), hosts));
}

SlurmCommand ended(int status, const std::string& out, const std::string& err = "") {
  SlurmCommand command;
  command.exit_status = status;
  command.out = out;
  command.err = err;
  return command;
}

const std::vector<std::string> two{"red", "red01"};
const std::map<std::string, std::string> same_names{{"red", "red"}, {"red01", "red01"}};

TEST(JudgeSrun, EveryNodeSaysItsName) {
  const Verdict verdict = judge_srun(ended(0, "red01\nred.lan\n"), two, same_names);
  EXPECT_TRUE(verdict.ok);
  EXPECT_EQ(verdict.summary, "hostname on 2 nodes");
  EXPECT_THAT(judge_srun(ended(0, "red\nred\n"), two, same_names).hosts,
              ElementsAre(Pair("red01", "srun started nothing there")));
}

TEST(JudgeSrun, WhereItStartedNowhereSrunsOwnWordsAreTold) {
  const Verdict verdict =
      judge_srun(ended(1, "",
                       "srun: job 3 queued and waiting for resources\n"
                       "srun: error: Unable to allocate resources: Requested nodes are busy\n"),
                 two, same_names);
  EXPECT_FALSE(verdict.ok);
  EXPECT_EQ(verdict.summary,
            "ended with status 1: srun: error: Unable to allocate resources: Requested nodes are "
            "busy");
  EXPECT_THAT(verdict.hosts, IsEmpty());
}

TEST(JudgeBatch, ItsOutputIsWhatIsLookedFor) {
  EXPECT_TRUE(judge_batch(ended(0, "ran\n", "Submitted batch job 5\n"), "ran\n").ok);
  EXPECT_EQ(judge_batch(ended(0, ""), "ran\n").summary,
            "the batch job ended, but what it printed did not come back");
  EXPECT_EQ(judge_batch(ended(7, "", "Submitted batch job 5\nbatch job 5 ended as FAILED\n"), "ran")
                .summary,
            "ended with status 7: batch job 5 ended as FAILED");
  SlurmCommand silent = ended(-1, "");
  silent.timed_out = true;
  silent.seconds = 30;
  EXPECT_EQ(judge_batch(silent, "ran").summary, "did not end within 30 s");
}

TEST(JudgeRefusal, ForItsSizeAndNothingElse) {
  const Verdict refused = judge_refusal(
      ended(1, "", "allocation failure: Requested node configuration is not available\n"), 4);
  EXPECT_TRUE(refused.ok);
  EXPECT_EQ(refused.summary,
            "a job for 4 nodes is refused at once: allocation failure: Requested node "
            "configuration is not available");
  EXPECT_EQ(judge_refusal(ended(0, ""), 4).summary,
            "a job for 4 nodes was not refused, and there are 3");
  EXPECT_EQ(judge_refusal(ended(1, "", "sbatch: error: Invalid account\n"), 4).summary,
            "refused, but not for its size: sbatch: error: Invalid account");
}

TEST(JudgeCancel, NothingIsLeftAnywhere) {
  const Verdict verdict =
      judge_cancel(ended(0, "begun=2\nended=1\n"), two, {{"red", 0}, {"red01", 0}});
  EXPECT_TRUE(verdict.ok);
  EXPECT_EQ(verdict.summary, "a cancelled job left no process on 2 nodes");
}

TEST(JudgeCancel, WhatIsLeftWhatDidNotStartAndWhoDidNotSay) {
  EXPECT_THAT(judge_cancel(ended(0, "begun=2\nended=1\n"), two, {{"red", 0}, {"red01", 1}}).hosts,
              ElementsAre(Pair("red01",
                               "of the cancelled job a process is left after ten seconds: does "
                               "ProctrackType in slurm.conf fit?")));
  EXPECT_THAT(
      judge_cancel(ended(0, "begun=2\nended=1\n"), two, {{"red", 0}}).hosts,
      ElementsAre(Pair("red01", "did not say whether a process of the cancelled job is left")));
  EXPECT_EQ(judge_cancel(ended(0, "begun=0\nsaid=srun: error: no such node \n"), two,
                         {{"red", 0}, {"red01", 0}})
                .summary,
            "the job to be cancelled did not start: srun: error: no such node");
  EXPECT_EQ(judge_cancel(ended(0, "begun=2\nsaid=\n"), two, {{"red", 0}, {"red01", 0}}).summary,
            "the cancelled job did not end: ");
}

}  // namespace
}  // namespace clustermpi
