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

}  // namespace
}  // namespace clustermpi
