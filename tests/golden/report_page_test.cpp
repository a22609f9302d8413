// The report page, byte for byte; tests/browser looks at the same files in a browser.
#include "hosts/report_page.hpp"

#include "tests/golden/golden.hpp"
#include "tests/unit/hosts/example_report.hpp"

namespace clustermpi {
namespace {

std::string frame() {
  return test::content_of(CLUSTERMPI_SOURCE_DIR "/templates/report.html");
}

TEST(GoldenReport, OfARunThatWentWell) {
  const std::string html = report_html(example::good_report(), frame());
  EXPECT_NE(html.find("red works"), std::string::npos);
  test::expect_golden("report/good.html", html);
}

TEST(GoldenReport, OfARunThatFailed) {
  const std::string html = report_html(example::bad_report(), frame());
  EXPECT_EQ(html.find("<script"), std::string::npos);
  test::expect_golden("report/bad.html", html);
}

}  // namespace
}  // namespace clustermpi
