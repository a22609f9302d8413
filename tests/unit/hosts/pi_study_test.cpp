#include "hosts/pi_study.hpp"

#include <gmock/gmock.h>

namespace clustermpi {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;
using testing::Pair;

const std::string output =
    "pi rank=0 host=red isa=avx2\n"
    "       darts         mean   standard deviation\n"
    "        1024  3.140563965          0.053287134\n"
    "       16384  3.141590000          0.012000000\n"
    "        4096  3.142211914          0.024680000\n"
    "RESULT pi size=4 ok=1\n";

TEST(PiStudy, IsTheLinesOfThreeNumbers) {
  EXPECT_THAT(
      study_figures(output),
      ElementsAre(Pair("deviation_1024", "0.053287134"), Pair("deviation_16384", "0.012000000"),
                  Pair("deviation_4096", "0.024680000"), Pair("mean_1024", "3.140563965"),
                  Pair("mean_16384", "3.141590000"), Pair("mean_4096", "3.142211914")));
  EXPECT_THAT(study_figures("1 2\n1 2 3 4\n1 2 x\n"), IsEmpty());
}

TEST(PiStudy, ItsRowsComeByTheNumberOfDarts) {
  auto figures = study_figures(output);
  figures["mean_7"] = "3";  // with no deviation
  figures["ok"] = "1";
  EXPECT_THAT(study_rows(figures),
              ElementsAre(StudyRow{1024, 3.140563965, 0.053287134},
                          StudyRow{4096, 3.142211914, 0.02468}, StudyRow{16384, 3.14159, 0.012}));
}

TEST(PiStudy, IsATableACsvAndTwoPictures) {
  const std::vector<StudyRow> rows{{1024, 3.14, 0.05}, {4096, 3.1416, 0}};
  EXPECT_EQ(study_table(rows),
            "darts         mean  standard deviation\n"
            " 1024  3.140000000         0.050000000\n"
            " 4096  3.141600000         0.000000000\n");
  EXPECT_EQ(study_csv(rows),
            "darts,mean,standard_deviation\n"
            "1024,3.140000000,0.050000000\n"
            "4096,3.141600000,0.000000000\n");
  EXPECT_THAT(study_mean_plot(rows).curves.front().points,
              ElementsAre(PlotPoint{1024, 3.14}, PlotPoint{4096, 3.1416}));
  EXPECT_THAT(study_deviation_plot(rows).curves.front().points, ElementsAre(PlotPoint{1024, 0.05}));
}

}  // namespace
}  // namespace clustermpi
