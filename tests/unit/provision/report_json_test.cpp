// report.json, which is what `--json` prints of `verify` and `up`.
#include <gmock/gmock.h>

#include <nlohmann/json.hpp>

#include "provision/up.hpp"
#include "tests/unit/example_cluster.hpp"

namespace clustermpi {
namespace {

using nlohmann::json;

class ReportJsonTest : public test::ExampleCluster {
 protected:
  [[nodiscard]] json verdict_of(const Verdict& verdict) {
    cluster.verdicts = {verdict};
    return to_json(report, cluster).at("verification").at(verdict.program);
  }

  RunReport report;
};

TEST_F(ReportJsonTest, HasOfEachCheckWhatThePageHas) {
  Verdict pi;
  pi.program = "pi";
  pi.ok = true;
  pi.remarks = {"red01 is slow: 0.65 of its like"};
  pi.throughput = {{"red01", {268e6, 4}}};
  const json found = verdict_of(pi);
  EXPECT_EQ(found.at("remarks"), json({"red01 is slow: 0.65 of its like"}));
  EXPECT_EQ(found.at("throughput"), json({{"red01", {{"samples_per_s", 268e6}, {"ranks", 4}}}}));
  EXPECT_EQ(found.at("links"), json::array());
}

TEST_F(ReportJsonTest, HasEachWayThatLinksMeasured) {
  Verdict links;
  links.program = "links";
  links.links = {{"red", "red01", 82.5, 112.4, ""}, {"red01", "red", 0, 0, "no answer"}};
  const json found = verdict_of(links);
  EXPECT_EQ(found.at("links"),
            json({{{"from", "red"}, {"to", "red01"}, {"latency_us", 82.5}, {"mbps", 112.4}},
                  {{"from", "red01"},
                   {"to", "red"},
                   {"latency_us", 0.0},
                   {"mbps", 0.0},
                   {"problem", "no answer"}}}));
  EXPECT_EQ(found.at("remarks"), json::array());
  EXPECT_EQ(found.at("throughput"), json::object());
}

}  // namespace
}  // namespace clustermpi
