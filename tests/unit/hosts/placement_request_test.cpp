#include "hosts/placement_request.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "hosts/hostlist.hpp"
#include "hosts/hostlist_sources.hpp"

namespace clustermpi {
namespace {

using testing::ElementsAre;

TEST(RankWishes, TakeGroupsWhoseNamesHaveColons) {
  const HostGroups groups = {{"fast", {"a"}}, {"label:fast", {"a"}}};
  HostlistSources sources;
  sources.groups = [&]() -> const HostGroups& { return groups; };
  const RankWish any{"a", {}};
  const RankWish two{"a", Span{0, 2}};
  EXPECT_THAT(parse_rank_wishes("@fast", sources), ElementsAre(any));
  EXPECT_THAT(parse_rank_wishes("@fast:0-1", sources), ElementsAre(two));
  EXPECT_THAT(parse_rank_wishes("@label:fast", sources), ElementsAre(any));
  EXPECT_THAT(parse_rank_wishes("@label:fast:0-1", sources), ElementsAre(two));
  EXPECT_THROW((void)parse_rank_wishes("@fast"), HostlistError);
}

TEST(WordsOfARequest, SayAllButNp) {
  PlacementRequest request;
  request.np = 8;
  EXPECT_THAT(words_of(request), testing::ElementsAre("fill"));
  request = {Policy::weighted,
             0,
             2,
             4,
             true,
             {"pi4"},
             {{"red", 1.5}},
             {{"red", Span{0, 2}}, {"red01", {}}}};
  EXPECT_THAT(words_of(request),
              testing::ElementsAre("weighted", "threads=2", "per-node=4", "exclude-manager",
                                   "only-label=pi4", "weight=red=1.5", "red:0-1", "red01"));
}

}  // namespace
}  // namespace clustermpi
