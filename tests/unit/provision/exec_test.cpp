#include "provision/exec.hpp"

#include <gmock/gmock.h>

#include <filesystem>

namespace clustermpi {
namespace {

HostOutcome ended(int status, std::shared_ptr<const HostOutput> output = nullptr) {
  HostOutcome outcome;
  outcome.exit_status = status;
  outcome.output = std::move(output);
  return outcome;
}

HostOutcome failed(const std::string& code) {
  HostOutcome outcome;
  outcome.error = HostError{code, "", ""};
  return outcome;
}

TEST(FoldOutcomes, GroupsStandInTheOrderOfTheirFirstHost) {
  OutputStore store(std::filesystem::temp_directory_path());
  const auto same = std::make_shared<HostOutput>(store);
  const auto other = std::make_shared<HostOutput>(store);
  const ExecOutcomes outcomes{{"red", ended(0, same)},
                              {"red01", ended(0, other)},
                              {"red02", ended(0, same)},
                              {"red03", ended(1, same)}};
  const auto groups = fold_outcomes(outcomes, {"red03", "red02", "red01", "red", "never-ran"});
  ASSERT_EQ(groups.size(), 3u);
  EXPECT_THAT(groups[0].hosts, testing::ElementsAre("red03"));
  EXPECT_THAT(groups[1].hosts, testing::ElementsAre("red02", "red"));
  EXPECT_THAT(groups[2].hosts, testing::ElementsAre("red01"));
  EXPECT_EQ(groups[2].outcome->output, other);
}

TEST(WorstStatus, IsTheHighest) {
  EXPECT_EQ(worst_status({}), 0);
  EXPECT_EQ(worst_status({{"a", ended(0)}, {"b", ended(3)}, {"c", ended(2)}}), 3);
  EXPECT_EQ(worst_status({{"a", ended(3)}, {"b", failed("unreachable")}}), 4);
  EXPECT_EQ(worst_status({{"a", ended(5)}, {"b", failed("unreachable")}}), 5);
  EXPECT_EQ(worst_status({{"a", ended(255)}, {"b", failed("cancelled")}}), 130);
}

}  // namespace
}  // namespace clustermpi
