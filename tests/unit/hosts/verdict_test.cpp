#include "hosts/verdict.hpp"

#include <gmock/gmock.h>

namespace clustermpi {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;
using testing::Pair;

const std::vector<NodeSlots> two_nodes{{"red", 2, 2}, {"red01", 2, 2}};
const std::map<std::string, std::string> same_names{{"red", "red"}, {"red01", "red01"}};

ProgramRun ended(const std::string& program, const std::string& out, int exit_status = 0) {
  ProgramRun run;
  run.program = program;
  run.out = out;
  run.exit_status = exit_status;
  return run;
}

std::string hello_line(int rank, int size, const std::string& host) {
  return "hello rank=" + std::to_string(rank) + " size=" + std::to_string(size) + " host=" + host +
         " cores=0-1\n";
}

TEST(ResultLine, TheLastOneOfThatProgramCounts) {
  EXPECT_THAT(
      result_line("RESULT pi hits=1\nnoise\nRESULT ring laps=3\nRESULT pi hits=2 darts=4\n", "pi"),
      ElementsAre(Pair("darts", "4"), Pair("hits", "2")));
  EXPECT_THAT(result_line("RESULT pi hits=1\n", "ring"), IsEmpty());
  EXPECT_THAT(result_line("RESULT pi hits=1\nRESULT mine x=2\n", ""), ElementsAre(Pair("x", "2")));
}

TEST(TellingLine, IsTheOneThatSaysWhatFailed) {
  EXPECT_EQ(telling_line("-----\n  mpirun was unable to launch\n\nopen failed: x\n-----\n"),
            "open failed: x");
  EXPECT_EQ(telling_line("---\n  out of luck\nmore\n"), "out of luck");
  EXPECT_EQ(telling_line(""), "");
}

TEST(JudgeHello, EveryRankWhereThePlacementSaid) {
  const auto verdict = judge(
      ended("hello", hello_line(0, 4, "red") + hello_line(1, 4, "red") + hello_line(2, 4, "red01") +
                         hello_line(3, 4, "red01") + "RESULT hello size=4 hosts=2 ok=1\n"),
      two_nodes, same_names);
  EXPECT_TRUE(verdict.ok) << verdict.summary;
  EXPECT_EQ(verdict.summary, "4 ranks on 2 hosts");
}

TEST(JudgeHello, AMissingHostIsNamed) {
  const auto verdict = judge(
      ended("hello", hello_line(0, 4, "red") + hello_line(1, 4, "red") + hello_line(2, 4, "red") +
                         hello_line(3, 4, "red") + "RESULT hello size=4 hosts=1 ok=1\n"),
      two_nodes, same_names);
  EXPECT_FALSE(verdict.ok);
  EXPECT_THAT(verdict.hosts, ElementsAre(Pair("red", "4 of 2 ranks started"),
                                         Pair("red01", "0 of 2 ranks started")));
}

TEST(JudgeHello, TwoMpiImplementationsShowAsWorldsOfOne) {
  std::string out;
  for (int i = 0; i < 2; ++i) out += hello_line(0, 1, "red") + "RESULT hello size=1 hosts=1 ok=0\n";
  for (int i = 0; i < 2; ++i)
    out += hello_line(0, 1, "red01") + "RESULT hello size=1 hosts=1 ok=0\n";
  const auto verdict = judge(ended("hello", out, 1), two_nodes, same_names);
  EXPECT_FALSE(verdict.ok);
  EXPECT_EQ(verdict.summary,
            "a rank on red01 sees a world of 1 ranks, not 4: two MPI implementations are mixed");
}

TEST(JudgeHello, HostsAreCalledAsTheInventoryCallsThem) {
  const auto verdict =
      judge(ended("hello", hello_line(0, 4, "raspberrypi") + hello_line(1, 4, "raspberrypi") +
                               hello_line(2, 4, "red01") + hello_line(3, 4, "red01") +
                               "RESULT hello size=4 hosts=2 ok=1\n"),
            two_nodes, {{"raspberrypi", "red"}, {"red01", "red01"}});
  EXPECT_TRUE(verdict.ok) << verdict.summary;
}

std::string greeting(int rank, int size, const std::string& host) {
  return "Hello, World! I am process " + std::to_string(rank) + " of " + std::to_string(size) +
         " on " + host + ".\n";
}

TEST(JudgeHelloworld, EveryRankWhereThePlacementSaid) {
  const auto verdict =
      judge(ended("helloworld", greeting(0, 4, "red") + greeting(1, 4, "red") +
                                    greeting(2, 4, "red01.lan") + greeting(3, 4, "red01.lan")),
            two_nodes, {{"red", "red"}, {"red01.lan", "red01"}});
  EXPECT_TRUE(verdict.ok) << verdict.summary;
  EXPECT_EQ(verdict.summary, "4 ranks on 2 hosts");
  EXPECT_THAT(verdict.figures, ElementsAre(Pair("hosts", "2"), Pair("size", "4")));
}

TEST(JudgeHelloworld, AMissingHostIsNamed) {
  const auto verdict = judge(ended("helloworld", greeting(0, 2, "red") + greeting(1, 2, "red")),
                             {{"red", 1, 1}, {"red01", 1, 1}}, same_names);
  EXPECT_FALSE(verdict.ok);
  EXPECT_THAT(verdict.hosts, ElementsAre(Pair("red", "2 of 1 ranks started"),
                                         Pair("red01", "0 of 1 ranks started")));
}

TEST(JudgeHelloworld, AnMpi4pyForAnotherMpiMakesWorldsOfOne) {
  const auto verdict = judge(ended("helloworld", greeting(0, 1, "red") + greeting(0, 1, "red01")),
                             {{"red", 1, 1}, {"red01", 1, 1}}, same_names);
  EXPECT_FALSE(verdict.ok);
  EXPECT_EQ(verdict.summary,
            "a rank on red01 sees a world of 1 ranks, not 2: two MPI implementations are mixed");
}

TEST(JudgeHelloworld, GreetingsBeforeACrashProveNothing) {
  ProgramRun run = ended("helloworld", greeting(0, 4, "red"), 1);
  run.err = "ModuleNotFoundError: No module named 'mpi4py'\n";
  const auto verdict = judge(run, two_nodes, same_names);
  EXPECT_FALSE(verdict.ok);
  EXPECT_EQ(verdict.summary, "ended with status 1: ModuleNotFoundError: No module named 'mpi4py'");
}

TEST(JudgeRingtest, AllRanksAndAMessageThatCameBackAsItWent) {
  const std::string said = "time for 10 loops = 0.0032 seconds (4 processes, 1 bytes)\n";
  const auto verdict = judge(ended("ringtest", said), two_nodes, same_names);
  EXPECT_TRUE(verdict.ok);
  EXPECT_EQ(verdict.summary, "10 laps, 80.0 us a hop");
  EXPECT_THAT(verdict.figures, ElementsAre(Pair("bytes", "1"), Pair("laps", "10"),
                                           Pair("seconds", "0.0032"), Pair("size", "4")));
  ProgramRun wrong = ended("ringtest", said);
  wrong.err = "bench.py:101: UserWarning: received message does not match!\n";
  EXPECT_EQ(judge(wrong, two_nodes, same_names).summary, "the message came back as another one");
  EXPECT_FALSE(judge(wrong, two_nodes, same_names).ok);
  const auto alone =
      judge(ended("ringtest", "time for 10 loops = 0.0001 seconds (1 processes, 1 bytes)\n"),
            two_nodes, same_names);
  EXPECT_FALSE(alone.ok);
  EXPECT_EQ(alone.summary, "a ring of 1 ranks, not 4");
}

TEST(JudgeRingtest, NoLineIsAFailure) {
  EXPECT_EQ(judge(ended("ringtest", ""), two_nodes, same_names).summary, "ended with status 0");
}

TEST(JudgeRing, TheNumberMustHaveGrownByOneAHop) {
  EXPECT_TRUE(
      judge(ended("ring",
                  "RESULT ring laps=3 hops=12 size=4 bytes=8 value=12 latency_us=80.5 ok=1\n"),
            two_nodes, same_names)
          .ok);
  const auto wrong = judge(
      ended("ring", "RESULT ring laps=3 hops=12 size=4 bytes=8 value=11 latency_us=80.5 ok=1\n"),
      two_nodes, same_names);
  EXPECT_FALSE(wrong.ok);
  EXPECT_EQ(wrong.summary, "the ring of 4 ranks came back as 11 after 3 laps");
}

TEST(JudgePi, TheEstimateIsComputedAgainFromTheCounts) {
  EXPECT_TRUE(judge(ended("pi", "RESULT pi hits=3141592 darts=4000000 size=4 pi=3.141592 ok=1\n"),
                    two_nodes, same_names)
                  .ok);
  const auto wrong =
      judge(ended("pi", "RESULT pi hits=2356194 darts=4000000 size=4 pi=3.141592 ok=1\n"),
            two_nodes, same_names);
  EXPECT_FALSE(wrong.ok);
  EXPECT_EQ(wrong.summary, "2.356194 from 4000000 darts is not pi");
}

TEST(JudgePi, AWorldOfOneIsNotTheCluster) {
  const auto slow = judge(ended("pi",
                                "pi rank=0 host=red darts=4 seconds=1 samples_per_s=4\n"
                                "pi suspect host=red01 rate=1 median=4 ratio=0.25 ranks=1\n"
                                "RESULT pi hits=3141592 darts=4000000 size=4 suspects=1 ok=1\n"),
                          two_nodes, same_names);
  EXPECT_TRUE(slow.ok);
  EXPECT_EQ(slow.summary, "3.141592 from 4000000 darts; red01 is slow: 0.25 of its like");
  const auto alone = judge(ended("pi", "RESULT pi hits=3141592 darts=4000000 size=1 ok=1\n"),
                           two_nodes, same_names);
  EXPECT_FALSE(alone.ok);
  EXPECT_EQ(alone.summary, "computed by 1 ranks, not 4");
}

TEST(JudgeLinks, EachWayWorks) {
  const auto verdict =
      judge(ended("links",
                  "links from=red to=red01 latency_us=80.0 MBps=110.0 checksum=ok status=ok\n"
                  "links suspect from=red01 to=red metric=bandwidth slowdown=3.10\n"
                  "links suspect host=red direction=egress metric=latency slowdown=2.00\n"
                  "RESULT links hosts=2 pairs=2 failed=0 suspects=2 bad=2 latency_us=80.1 "
                  "MBps=111.0 ok=1\n"),
            two_nodes, same_names);
  EXPECT_TRUE(verdict.ok);
  EXPECT_EQ(verdict.summary,
            "2 ways, 80.1 us, 111.0 MB/s; red01 to red is slow: 3.10 times its like; "
            "egress of red is slow: 2.00 times its like");
}

TEST(JudgeLinks, NamesWhatIsBlockedAndWhatIsDamaged) {
  const auto verdict =
      judge(ended("links",
                  "links from=red to=red01 status=failed cause=refused\n"
                  "links from=red to=red02 status=failed cause=no_way_back\n"
                  "links from=red01 to=red latency_us=1 MBps=1 checksum=wrong status=damaged\n"
                  "RESULT links hosts=2 pairs=2 failed=2 suspects=0 bad=2 latency_us=0.0 MBps=0.0 "
                  "ok=0\n",
                  1),
            two_nodes, same_names);
  EXPECT_FALSE(verdict.ok);
  EXPECT_EQ(verdict.summary, "2 of 2 ways do not work");
  EXPECT_THAT(verdict.hosts,
              ElementsAre(Pair("red",
                               "no way to red01: refused; no way to red02: "
                               "not tried, since the way back does not work"),
                          Pair("red01", "what it sends arrives damaged at red: wrong checksum")));
}

TEST(JudgeLinks, AWayThatIsTooSlowIsAWay) {
  ProgramRun run =
      ended("links",
            "links from=red to=red01 status=failed cause=too_slow\n"
            "links from=red01 to=red status=failed cause=no_way_back\n"
            "RESULT links hosts=2 pairs=2 failed=2 suspects=0 bad=2 latency_us=0.0 MBps=0.0 ok=0\n",
            1);
  run.err =
      "links: red to red01: pings arrive, but 4 messages of 262144 bytes take longer than "
      "--deadline 8: a slow link, or too short a deadline\n";
  EXPECT_THAT(
      judge(run, two_nodes, same_names).hosts,
      ElementsAre(Pair("red",
                       "too slow a way to red01: pings arrive, but 4 messages of 262144 "
                       "bytes take longer than --deadline 8: a slow link, or too short a "
                       "deadline"),
                  Pair("red01", "no way to red: not tried, since the way back does not work")));
}

TEST(JudgeLinks, AHostThatTookNoPartIsMissed) {
  const auto verdict =
      judge(ended("links", "RESULT links hosts=1 pairs=0 failed=0 suspects=0 bad=0 ok=1\n"),
            two_nodes, same_names);
  EXPECT_FALSE(verdict.ok);
  EXPECT_EQ(verdict.summary, "measured by 1 hosts, not 2");
}

TEST(Judge, ATimeoutAndACrashAreFailures) {
  ProgramRun run = ended("ring", "");
  run.timed_out = true;
  run.seconds = 60;
  EXPECT_EQ(judge(run, two_nodes, same_names).summary, "did not end within 60 s");
  run = ended("ring", "", 137);
  run.err = "Killed\n-----------\n";
  EXPECT_EQ(judge(run, two_nodes, same_names).summary, "ended with status 137: Killed");
  EXPECT_FALSE(judge(run, two_nodes, same_names).ok);
}

TEST(Judge, AWarningOfMpirunsIsNotWhatWentWrong) {
  ProgramRun run = ended("ring", "", 1);
  run.err =
      "[red:04450] plm:rsh: Warning: setpgid(4458,4458) failed in parent with errno=Permission "
      "denied(13)\nring: rank 1 heard nothing\n";
  EXPECT_EQ(judge(run, two_nodes, same_names).summary,
            "ended with status 1: ring: rank 1 heard nothing");
}

TEST(Judge, NoResultLineIsAFailureWhateverTheExitStatus) {
  const auto verdict = judge(ended("pi", "3.14\n"), two_nodes, same_names);
  EXPECT_FALSE(verdict.ok);
  EXPECT_EQ(verdict.summary, "ended with status 0");
}

TEST(CrashedAtItsStart, IsACrashBeforeAnyResult) {
  ProgramRun run;
  run.program = "pi";
  run.exit_status = 139;
  run.err = "srun: error: red02: task 1: Segmentation fault (core dumped)\n";
  EXPECT_TRUE(crashed_at_its_start(run));
  run.out = "RESULT pi hits=1 darts=4\n";
  EXPECT_FALSE(crashed_at_its_start(run)) << "it crashed at its end: that is no start";
  run.out.clear();
  run.timed_out = true;
  EXPECT_FALSE(crashed_at_its_start(run));
  run.timed_out = false;
  run.err = "srun: error: red02: task 1: Exited with exit code 1\n";
  EXPECT_FALSE(crashed_at_its_start(run));
}

TEST(JudgeLinks, TheFiguresOfAllWaysWithTheLikelyCauseOfWhatDoesNotWork) {
  ProgramRun run =
      ended("links",
            "links from=one to=two latency_us=80.5 MBps=110.2 checksum=ok status=ok\n"
            "links from=two to=one status=failed cause=refused\n"
            "links from=one to=three latency_us=1 MBps=2 checksum=wrong status=damaged\n"
            "links map of bandwidth, senders beside rows; columns are one,two\n"
            "links suspect from=one to=two metric=bandwidth slowdown=3.10\n"
            "RESULT links hosts=2 pairs=2 failed=1 suspects=1 bad=2 ok=0\n",
            1);
  run.err = "links: two to one: 10.0.0.1 port 1024 refuses connections: a firewall rejects them\n";
  const auto verdict = judge(run, two_nodes, {{"one", "red"}, {"two", "red01"}});
  EXPECT_THAT(verdict.links,
              ElementsAre(LinkFigures{"red", "red01", 80.5, 110.2, ""},
                          LinkFigures{"red01", "red", 0, 0,
                                      "10.0.0.1 port 1024 refuses connections: a firewall rejects "
                                      "them"},
                          LinkFigures{"red", "three", 1, 2, "wrong checksum"}));
  EXPECT_THAT(verdict.remarks, ElementsAre("red to red01 is slow: 3.10 times its like"));
}

TEST(JudgePi, TheThroughputOfAHostIsThatOfItsRanks) {
  const auto verdict =
      judge(ended("pi",
                  "pi rank=0 host=one darts=1 seconds=1 samples_per_s=1000 isa=avx2\n"
                  "pi rank=1 host=one darts=1 seconds=1 samples_per_s=1200 isa=avx2\n"
                  "pi rank=2 host=two darts=1 seconds=1 samples_per_s=500 isa=avx2\n"
                  "pi suspect host=two ratio=0.45\n"
                  "RESULT pi hits=785398163 darts=1000000000 size=4 ok=1\n"),
            two_nodes, {{"one", "red"}, {"two", "red01"}});
  EXPECT_THAT(verdict.throughput,
              ElementsAre(Pair("red", Throughput{2200, 2}), Pair("red01", Throughput{500, 1})));
  EXPECT_THAT(verdict.remarks, ElementsAre("red01 is slow: 0.45 of its like"));
}

}  // namespace
}  // namespace clustermpi
