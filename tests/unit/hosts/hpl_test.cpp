#include "hosts/hpl.hpp"

#include <gmock/gmock.h>

#include <sstream>

#include "tests/refusal.hpp"

namespace clustermpi {
namespace {

using test::refusal;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::Pair;
using testing::UnorderedElementsAre;

constexpr std::uint64_t gib = std::uint64_t{1} << 20;  // in KiB

/// As hpcc 1.5.0 prints it.
const std::string output =
    "Begin of PTRANS section.\n"
    "WALL  1000  1000 128 128   1   2     0.00 PASSED    2.344  0.00\n"
    "End of PTRANS section.\n"
    "Begin of HPL section.\n"
    "T/V                N    NB     P     Q               Time                 Gflops\n"
    "--------------------------------------------------------------------------------\n"
    "WR11C2R4        2000   128     1     2               2.04              2.612e+00\n"
    "--------------------------------------------------------------------------------\n"
    "||Ax-b||_oo/(eps*(||A||_oo*||x||_oo+||b||_oo)*N)=        0.0032136 ...... PASSED\n"
    "End of HPL section.\n"
    "Begin of Summary section.\n";

TEST(HplProblem, FillsThePartOfTheMemoryThatIsAskedFor) {
  // Four Pis of 4 GiB, all cores: 0.8 * 16 GiB / 8 bytes = 1.72e9 numbers, 41448 in a row.
  const std::vector<HplNode> pis{{"red", 4 * gib, "a", 4},
                                 {"red01", 4 * gib, "b", 4},
                                 {"red02", 4 * gib, "c", 4},
                                 {"red03", 4 * gib, "d", 4}};
  EXPECT_EQ(hpl_problem(pis, 0.8), (HplProblem{41280, 192, 4, 4}));
  EXPECT_EQ(hpl_problem(pis, 0.2), (HplProblem{20544, 192, 4, 4}));
}

TEST(HplProblem, TheRankWithTheLeastMemoryDecides) {
  // 1 GiB for 4 ranks: as if all 8 had 256 MiB.
  EXPECT_EQ(hpl_problem({{"pi4", 8 * gib, "a", 4}, {"pi3", 1 * gib, "b", 4}}, 0.5),
            hpl_problem({{"x", 1 * gib, "a", 4}, {"y", 1 * gib, "b", 4}}, 0.5));
}

TEST(HplProblem, NodesOfOneMachineShareItsMemory) {
  EXPECT_EQ(hpl_problem({{"n1", 4 * gib, "same", 2}, {"n2", 4 * gib, "same", 2}}, 0.5),
            hpl_problem({{"n", 4 * gib, "", 4}}, 0.5));
  EXPECT_EQ(hpl_problem({{"n1", 4 * gib, "", 2}, {"n2", 4 * gib, "", 2}}, 0.5),
            hpl_problem({{"n", 8 * gib, "", 4}}, 0.5));
}

TEST(HplProblem, TheGridIsAsSquareAsTheRanksAllow) {
  const auto grid = [](unsigned ranks) {
    const HplProblem problem = hpl_problem(ranks, 10'000);
    return std::pair(problem.p, problem.q);
  };
  EXPECT_EQ(grid(1), std::pair(1u, 1u));
  EXPECT_EQ(grid(6), std::pair(2u, 3u));
  EXPECT_EQ(grid(7), std::pair(1u, 7u));
  EXPECT_EQ(grid(16), std::pair(4u, 4u));
  EXPECT_EQ(grid(24), std::pair(4u, 6u));
}

TEST(HplProblem, ASmallOneHasSmallerBlocksAndIsAMultipleOfThem) {
  EXPECT_EQ(hpl_problem(4, hpl_quick_n), (HplProblem{256, 32, 2, 2}));
  EXPECT_EQ(hpl_problem(7, 100), (HplProblem{96, 8, 1, 7}));
  for (unsigned ranks = 1; ranks <= 64; ++ranks) {
    const HplProblem problem = hpl_problem(ranks, 5000);
    EXPECT_EQ(problem.p * problem.q, ranks);
    EXPECT_EQ(problem.n % problem.nb, 0u);
    EXPECT_GT(problem.n, 5000u - problem.nb);
  }
}

TEST(HplProblem, TooLittleMemoryIsRefusedWithTheHost) {
  EXPECT_EQ(refusal([] {
              (void)hpl_problem({{"red", gib, "a", 1}, {"red01", 0, "b", 1}}, 0.8);
            }),
            "red01 has too little memory for HPL on 2 ranks / start fewer ranks (-n), or give a "
            "larger part of the memory (--memory)");
}

TEST(HpccInput, HasItsValuesWhereHpccLooksForThem) {
  const std::string input = hpcc_input({41280, 192, 4, 6});
  std::vector<std::string> first_words;
  std::istringstream lines(input);
  for (std::string line; std::getline(lines, line);) first_words.push_back(line.substr(0, 5));
  ASSERT_EQ(first_words.size(), 36u);
  EXPECT_EQ(first_words[5], "41280");
  EXPECT_EQ(first_words[7], "192 N");
  EXPECT_EQ(first_words[10], "4 Ps");
  EXPECT_EQ(first_words[11], "6 Qs");
  EXPECT_EQ(first_words[12], "16.0 ");
}

TEST(HplFigures, AreThoseOfTheHplSection) {
  EXPECT_THAT(
      hpl_figures(output),
      UnorderedElementsAre(Pair("n", "2000"), Pair("nb", "128"), Pair("p", "1"), Pair("q", "2"),
                           Pair("seconds", "2.04"), Pair("gflops", "2.612e+00"),
                           Pair("residual", "0.0032136"), Pair("passed", "1")));
}

TEST(HplFigures, AResidualThatFailedIsOne) {
  std::string wrong = output;
  wrong.replace(wrong.rfind("PASSED"), 6, "FAILED");
  EXPECT_THAT(hpl_figures(wrong), testing::Contains(Pair("passed", "0")));
}

TEST(HplFigures, AreNoneWhereHplDidNotComeToItsEnd) {
  EXPECT_THAT(hpl_figures(""), IsEmpty());
  EXPECT_THAT(hpl_figures(output.substr(0, output.find("||Ax-b||"))), IsEmpty());
  EXPECT_THAT(hpl_figures(output.substr(0, output.find("Begin of HPL"))), IsEmpty());
}

TEST(HpccProgress, NamesTheTestThatBeganLast) {
  EXPECT_EQ(hpcc_progress("").number, 0u);
  const HpccProgress progress = hpcc_progress(output);
  EXPECT_EQ(progress.number, 2u);
  EXPECT_EQ(progress.test, "HPL");
  EXPECT_EQ(hpcc_progress("Begin of PTR").number, 0u);
}

SweepRun run_of(unsigned np, const std::string& gflops) {
  SweepRun run;
  run.point.np = np;
  run.exit_status = 0;
  run.figures = hpl_figures(output);
  run.figures["gflops"] = gflops;
  return run;
}

TEST(HplTable, HasTheFastestRunOfEachNumberOfRanks) {
  SweepRun wrong = run_of(4, "9.0e+00");
  wrong.fault = "HPL FAILED";
  const std::vector<SweepRun> runs{run_of(2, "2.5e+00"), run_of(2, "2.612e+00"),
                                   run_of(4, "4.0e+00"), wrong};
  EXPECT_EQ(hpl_table(runs, {{2, 1}, {4, 2}}),
            "cores  nodes     N   NB  P x Q    time  GFLOPS  a node   residual\n"
            "    2      1  2000  128  1 x 2  2.04 s    2.61    2.61  0.0032136\n"
            "    4      2  2000  128  1 x 2  2.04 s    4.00    2.00  0.0032136\n");
  EXPECT_EQ(hpl_summary(runs, {{2, 1}, {4, 2}}),
            "hpl PASSED: 4.00 GFLOPS in all, 2.00 a node (N 2000, NB 128, 1 x 2 ranks on 2 "
            "nodes)\n");
  EXPECT_THAT(hpl_summary({run_of(2, "1")}, {{2, 1}}), HasSubstr("on 1 node)\n"));
  EXPECT_EQ(hpl_summary({wrong}, {{4, 2}}), "");
  EXPECT_EQ(hpl_table({wrong}, {{4, 2}}), "");
  EXPECT_FALSE(hpl_plot({run_of(2, "1")}));
  EXPECT_EQ(hpl_plot(runs)->curves.front().points, (std::vector<PlotPoint>{{2, 2.612}, {4, 4}}));
}

}  // namespace
}  // namespace clustermpi
