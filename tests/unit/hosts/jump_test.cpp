#include "hosts/jump.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <stdexcept>

namespace clustermpi {
namespace {

using testing::ElementsAre;

std::string fault_of(const std::string& jump) {
  try {
    (void)parse_jump(jump);
    return "none";
  } catch (const std::invalid_argument& fault) {
    return fault.what();
  }
}

TEST(ParseJump, ReadsHops) {
  EXPECT_THAT(parse_jump("gate"), ElementsAre(JumpHop{"", "gate", {}}));
  EXPECT_THAT(parse_jump("ada.l@example.org@gate:2200,[2001:db8::1]:22,10.0.0.1"),
              ElementsAre(JumpHop{"ada.l@example.org", "gate", 2200},
                          JumpHop{"", "2001:db8::1", 22}, JumpHop{"", "10.0.0.1", {}}));
}

TEST(ParseJump, ReadsWhatSshMakesOfAnIpv4Address) {
  EXPECT_THAT(parse_jump("pi@[10.0.0.1]:2200"), ElementsAre(JumpHop{"pi", "10.0.0.1", 2200}));
}

TEST(ParseJump, IsTheInverseOfToString) {
  for (const std::string jump : {"gate", "pi@gate:22", "pi@[::1]:33,x,b@y"})
    EXPECT_EQ(to_string(parse_jump(jump)), jump);
  EXPECT_EQ(to_string(std::vector<JumpHop>{}), "");
}

TEST(ParseJump, SaysWhatIsWrong) {
  EXPECT_EQ(fault_of(""), "has an empty hop in it");
  EXPECT_EQ(fault_of("a,,b"), "has an empty hop in it");
  EXPECT_EQ(fault_of("pi@"), "goes through a host that is missing");
  EXPECT_EQ(fault_of("@gate"), "has '' where a user should be");
  EXPECT_EQ(fault_of("-l@gate"), "has '-l' where a user should be");
  EXPECT_EQ(fault_of("gate:0"), "has '0' where a port between 1 and 65535 should be");
  EXPECT_EQ(fault_of("gate:ssh"), "has 'ssh' where a port between 1 and 65535 should be");
  EXPECT_EQ(fault_of("[::1"), "has a bracket that is not closed");
  EXPECT_EQ(fault_of("[::1]22"), "has '22' behind a bracket");
  EXPECT_EQ(fault_of("[gate]"), "has brackets around what is no IP address");
  EXPECT_EQ(fault_of("2001:db8::1"), "has an IPv6 address without brackets: write [2001:db8::1]");
  EXPECT_EQ(fault_of("none"), "is no host: leave 'jump' out instead");
}

TEST(ParseJump, RefusesWhatAShellWouldTakeForMore) {
  for (const std::string bad : {"a;b", "a b", "$(id)", "`id`", "a|b", "a&b", "-oX=y", "a'b", "a\"b",
                                "a\nb", "u;x@gate", "[::1;x]", "a\\b", "a>b", "a%h"})
    EXPECT_NE(fault_of(bad), "none") << bad;
}

}  // namespace
}  // namespace clustermpi
