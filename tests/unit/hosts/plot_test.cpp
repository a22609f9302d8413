#include "hosts/plot.hpp"

#include <gmock/gmock.h>

namespace clustermpi {
namespace {

using testing::HasSubstr;
using testing::Not;

TEST(GnuplotScript, DrawsEachCurveFromDataInTheScript) {
  const Plot plot{
      "ring: time", "cores", "seconds", 2, true, false, {{"measured", {{1, 2.5}, {4, 0.75}}}}, {}};
  EXPECT_EQ(gnuplot_script(plot),
            "set terminal svg size 800,500 background '#ffffff' noenhanced\n"
            "set grid\n"
            "set key below\n"
            "set offsets graph 0.02, graph 0.02, graph 0.05, 0\n"
            "set title 'ring: time'\n"
            "set xlabel 'cores'\n"
            "set ylabel 'seconds'\n"
            "set logscale x 2\n"
            "set logscale y 10\n"
            "set xtics (\"1\" 1, \"4\" 4)\n"
            "$curve0 << END\n"
            "1 2.5\n"
            "4 0.75\n"
            "END\n"
            "plot $curve0 with linespoints linewidth 2 pointtype 7 title 'measured'\n");
}

TEST(GnuplotScript, ADiagonalGoesAsFarAsTheCurves) {
  const Plot plot{"", "", "", 0, false, true, {{"a", {{1, 1}}}, {"b", {{8, 5}}}}, "ideal"};
  EXPECT_THAT(gnuplot_script(plot), HasSubstr("set yrange [0:*]\n"));
  EXPECT_THAT(gnuplot_script(plot),
              HasSubstr("[1:8] x with lines dashtype 3 linecolor 'gray40' title 'ideal'\n"));
}

TEST(GnuplotScript, TakesNoTextForACommand) {
  const Plot plot{"it's\nsystem('true')", "`x`", "$y", 0, false, false, {{"'", {{1, 1}}}}, {}};
  const std::string script = gnuplot_script(plot);
  EXPECT_THAT(script, HasSubstr("set title 'it''s system(''true'')'\n"));
  EXPECT_THAT(script, HasSubstr("set xlabel '`x`'\n"));
  EXPECT_THAT(script, HasSubstr("title ''''\n"));
  EXPECT_THAT(script, Not(HasSubstr("\nsystem")));
}

}  // namespace
}  // namespace clustermpi
