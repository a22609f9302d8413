#include "cli/rank_profile.hpp"

#include <gmock/gmock.h>

namespace clustermpi::cli {
namespace {

TEST(FunctionShares, AreThoseOfRanksOfWhichEachHasItsOwnUnit) {
  const auto [ranks, shares] =
      function_shares({"75 work(int)\n25 wait\n", "no count\n500 work(int)\n500 wait\n"});
  EXPECT_EQ(ranks, 2u);
  ASSERT_EQ(shares.size(), 2u);
  EXPECT_EQ(shares[0].name, "work(int)");
  EXPECT_DOUBLE_EQ(shares[0].mean, 0.625);
  EXPECT_DOUBLE_EQ(shares[0].lowest, 0.5);
  EXPECT_DOUBLE_EQ(shares[0].highest, 0.75);
  EXPECT_DOUBLE_EQ(shares[1].mean, 0.375);
}

TEST(FunctionShares, AFunctionThatARankNeverCalledCostsItNothing) {
  const auto shares = function_shares({"1 a\n1 b\n", "1 a\n"}).functions;
  ASSERT_EQ(shares.size(), 2u);
  EXPECT_EQ(shares[1].name, "b");
  EXPECT_DOUBLE_EQ(shares[1].lowest, 0);
  EXPECT_DOUBLE_EQ(shares[1].highest, 0.5);
}

TEST(FunctionShares, ARankWithoutAProfileIsLeftOut) {
  const auto [ranks, shares] = function_shares({"", "2 a\n", "perf: nothing\n"});
  EXPECT_EQ(ranks, 1u);
  ASSERT_EQ(shares.size(), 1u);
  EXPECT_EQ(shares.front().mean, 1);
  EXPECT_EQ(function_shares({"", "perf: nothing\n"}).ranks, 0u);
}

}  // namespace
}  // namespace clustermpi::cli
