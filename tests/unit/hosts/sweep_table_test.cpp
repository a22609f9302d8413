#include "hosts/sweep_table.hpp"

#include <gmock/gmock.h>

namespace clustermpi {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;

SweepRun ended(unsigned np, double wall, const std::string& seconds = "",
               const ParameterValues& values = {}) {
  SweepRun run;
  run.point = {np, values, 1};
  run.wall_seconds = wall;
  run.exit_status = 0;
  if (!seconds.empty()) run.figures["seconds"] = seconds;
  return run;
}

SweepRun failed(unsigned np) {
  SweepRun run = ended(np, 0.1);
  run.exit_status = 1;
  run.fault = "exit status 1: \"no\", it said";
  return run;
}

TEST(SweepClock, IsTheProgramsWhereAllThatWereRightSayIt) {
  EXPECT_EQ(clock_of({ended(1, 2, "1.5"), ended(2, 1, "0.5"), failed(4)}), SweepClock::program);
  EXPECT_EQ(clock_of({ended(1, 2, "1.5"), ended(2, 1)}), SweepClock::wall);
  for (const char* none : {"0", "-1", "nan", "inf", "1.5s", "fast"})
    EXPECT_EQ(clock_of({ended(1, 2, none)}), SweepClock::wall) << none;
}

TEST(SweepRows, HaveTheMedianOfAllRuns) {
  const auto rows =
      sweep_rows({ended(1, 9), ended(1, 1), ended(1, 4), ended(2, 1), ended(2, 3), failed(2)},
                 SweepClock::wall);
  EXPECT_THAT(rows, ElementsAre(SweepRow{{}, 1, 3, 4, 1, 1}, SweepRow{{}, 2, 2, 2, 2, 1}));
}

TEST(SweepRows, CompareWithTheFewestRanksOfTheSameParameters) {
  const ParameterValues small{{"m", "1"}};
  const ParameterValues large{{"m", "2"}};
  const auto rows = sweep_rows({ended(4, 2, "", large), ended(2, 3, "", large),
                                ended(8, 1, "", small), ended(1, 4, "", small)},
                               SweepClock::wall);
  EXPECT_THAT(rows, ElementsAre(SweepRow{large, 2, 1, 3, 2, 1}, SweepRow{large, 4, 1, 2, 3, 0.75},
                                SweepRow{small, 1, 1, 4, 1, 1}, SweepRow{small, 8, 1, 1, 4, 0.5}));
}

TEST(SweepTable, ShowsCoresAndTimesAndSaysWhichTime) {
  const std::vector<SweepRun> runs{ended(1, 12, "10.5", {{"m", "1000"}}),
                                   ended(4, 4, "3", {{"m", "1000"}})};
  EXPECT_EQ(sweep_table(sweep_rows(runs, SweepClock::program), SweepClock::program),
            "   m  cores      time  speed-up  efficiency  runs\n"
            "1000      1  10.500 s      1.00       100 %     1\n"
            "1000      4   3.000 s      3.50        88 %     1\n"
            "time: as the program says (seconds= of its RESULT line), the median of the runs\n");
  EXPECT_THAT(sweep_table(sweep_rows(runs, SweepClock::wall), SweepClock::wall),
              HasSubstr("1000      1  12.000 s      1.00       100 %     1\n"
                        "1000      4   4.000 s      3.00        75 %     1\n"
                        "time: by the clock on the wall, the start of the ranks included, the "
                        "median of the runs\n"));
  EXPECT_EQ(sweep_table({}, SweepClock::wall), "nothing to show: no point was right\n");
}

TEST(SweepCsv, HasTheRowsAndEachRunWithItsFigures) {
  const std::vector<SweepRun> runs{ended(1, 2, "1.5"), failed(2)};
  EXPECT_EQ(sweep_rows_csv(sweep_rows(runs, SweepClock::program)),
            "cores,seconds,speedup,efficiency,runs\n1,1.500000,1.0000,1.0000,1\n");
  EXPECT_EQ(sweep_runs_csv(runs),
            "cores,repetition,wall_seconds,exit_status,fault,result_seconds\n"
            "1,1,2.000000,0,,1.5\n"
            "2,1,0.100000,1,\"exit status 1: \"\"no\"\", it said\",\n");
}

TEST(SweepPlots, HaveACurveForEachCombinationAndNeedTwoNumbersOfRanks) {
  const auto rows = sweep_rows(
      {ended(1, 4, "", {{"m", "1"}}), ended(2, 2, "", {{"m", "1"}}), ended(1, 8, "", {{"m", "2"}})},
      SweepClock::wall);
  const auto time = time_plot("julia", rows);
  ASSERT_TRUE(time);
  EXPECT_EQ(time->title, "julia: time");
  EXPECT_THAT(time->curves, ElementsAre(Curve{"m 1", {{1, 4}, {2, 2}}}, Curve{"m 2", {{1, 8}}}));
  const auto speedup = speedup_plot("julia", rows);
  ASSERT_TRUE(speedup);
  EXPECT_THAT(speedup->curves, ElementsAre(Curve{"m 1", {{1, 1}, {2, 2}}}, Curve{"m 2", {{1, 1}}}));
  EXPECT_FALSE(time_plot("julia", {rows.front()}));
  EXPECT_FALSE(speedup_plot("julia", {}));
}

}  // namespace
}  // namespace clustermpi
