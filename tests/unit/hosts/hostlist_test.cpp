#include "hosts/hostlist.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <random>
#include <set>

namespace clustermpi {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;
using Names = std::vector<std::string>;

struct Fault {
  std::string message;
  std::size_t position = 0;
};

Fault fault_of(const std::string& expression) {
  try {
    const Names names = expand_hostlist(expression);
    return {"no error, " + std::to_string(names.size()) + " names", 0};
  } catch (const HostlistError& error) {
    return {error.what(), error.position()};
  }
}

TEST(ExpandHostlist, TakesPlainNames) {
  EXPECT_THAT(expand_hostlist("red"), ElementsAre("red"));
  EXPECT_THAT(expand_hostlist("red,blue"), ElementsAre("red", "blue"));
  EXPECT_THAT(expand_hostlist("pi-4.local,192.168.1.7,fe80::1%eth0"),
              ElementsAre("pi-4.local", "192.168.1.7", "fe80::1%eth0"));
}

TEST(ExpandHostlist, OfNothingIsNothing) {
  EXPECT_THAT(expand_hostlist(""), IsEmpty());
  EXPECT_THAT(expand_hostlist(" \t\n"), IsEmpty());
}

TEST(ExpandHostlist, KeepsTheWidthOfPaddedNumbers) {
  EXPECT_THAT(expand_hostlist("n[08-11]"), ElementsAre("n08", "n09", "n10", "n11"));
  EXPECT_THAT(expand_hostlist("n[8-11]"), ElementsAre("n8", "n9", "n10", "n11"));
  EXPECT_THAT(expand_hostlist("n[098-101]"), ElementsAre("n098", "n099", "n100", "n101"));
  EXPECT_THAT(expand_hostlist("n[98-101]"), ElementsAre("n98", "n99", "n100", "n101"));
  EXPECT_THAT(expand_hostlist("n[08-9]"), ElementsAre("n08", "n09"));
}

TEST(ExpandHostlist, TakesTheExampleOfTheManual) {
  EXPECT_THAT(expand_hostlist("red,red0[1-3]"), ElementsAre("red", "red01", "red02", "red03"));
}

TEST(ExpandHostlist, TakesSeveralRangesAndNumbers) {
  EXPECT_THAT(expand_hostlist("n[1-3,7,10-11]"), ElementsAre("n1", "n2", "n3", "n7", "n10", "n11"));
}

TEST(ExpandHostlist, TakesSeveralBracketsAndTextAfterThem) {
  EXPECT_THAT(expand_hostlist("r[1-2]n[1-2]"), ElementsAre("r1n1", "r1n2", "r2n1", "r2n2"));
  EXPECT_THAT(expand_hostlist("n[1-2]-ib"), ElementsAre("n1-ib", "n2-ib"));
  EXPECT_THAT(expand_hostlist("[1-2][0-1]"), ElementsAre("10", "11", "20", "21"));
  EXPECT_EQ(expand_hostlist("r[1-2]n[1-2]c[1-2]").size(), 8u);
}

TEST(ExpandHostlist, SeparatesByCommasAndWhiteSpace) {
  EXPECT_THAT(expand_hostlist(" a  b,c ,\td\n"), ElementsAre("a", "b", "c", "d"));
}

TEST(ExpandHostlist, DropsDuplicatesAndKeepsTheOrderWritten) {
  EXPECT_THAT(expand_hostlist("n[3,1-3,2],n1,a,n3"), ElementsAre("n3", "n1", "n2", "a"));
  EXPECT_THAT(expand_hostlist("n1,n01,n001,n1"), ElementsAre("n1", "n01", "n001"));
}

TEST(ExpandHostlist, PointsAtWhatIsWrong) {
  const std::vector<std::tuple<std::string, std::string, std::size_t>> cases = {
      {"n[3-1]", "the range 3-1 runs backwards", 2},
      {"n[]", "a number is missing before ']'", 2},
      {"n[a-c]", "a number is missing before 'a'", 2},
      {"n[1-]", "a number is missing before ']'", 4},
      {"n[-3]", "a number is missing before '-'", 2},
      {"n[1,,2]", "a number is missing before ','", 4},
      {"n[1,]", "a number is missing before ']'", 4},
      {"n[1-3", "'[' is never closed", 1},
      {"n[", "'[' is never closed", 1},
      {"n[1,", "'[' is never closed", 1},
      {"a,n[[1-2],4]", "a number is missing before '['", 4},
      {"n1]", "']' without a '[' before it", 2},
      {"n[1-2]]", "']' without a '[' before it", 6},
      {"n[1 2]", "' ' between brackets: numbers and ranges such as 1-3,5 go there", 3},
      {"n[0-10:2]", "':' between brackets: numbers and ranges such as 1-3,5 go there", 6},
      {"n[8-011]", "'8' and '011' are padded to different widths", 4},
      {"n[1-1234567890123456789]", "a number has at most 18 digits", 4},
      {",a", "a name is missing before this comma", 0},
      {"a,,b", "a name is missing before this comma", 2},
      {"a,b, ", "a name is missing after this comma", 3},
      {"a;b", "';' cannot be part of a host name", 1},
      {"pi@red", "'@' cannot be part of a host name", 2},
      {"caf\xc3\xa9", "byte 0xc3 cannot be part of a host name", 3},
      {std::string("a\0b", 3), "byte 0x00 cannot be part of a host name", 1},
  };
  for (const auto& [expression, message, position] : cases) {
    const Fault fault = fault_of(expression);
    EXPECT_EQ(fault.message, message) << expression;
    EXPECT_EQ(fault.position, position) << expression;
  }
}

TEST(ExpandHostlist, RefusesMoreNamesThanAnyClusterHas) {
  EXPECT_EQ(expand_hostlist("n[1-1000000]").size(), 1'000'000u);
  EXPECT_EQ(fault_of("n[0-1000000]").message, "more than 1000000 names");
  EXPECT_EQ(fault_of("a,n[1-999999],b").position, 14u);
  EXPECT_EQ(fault_of("n[0-999999999999999999]").message, "more than 1000000 names");
  EXPECT_EQ(fault_of("[0-99999][0-99999][0-99999][0-99999][0-99999]").message,
            "more than 1000000 names");
}

TEST(FoldHostlist, MakesRanges) {
  EXPECT_EQ(fold_hostlist(Names{"red03", "red", "red01", "red02"}), "red,red[01-03]");
  EXPECT_EQ(fold_hostlist(Names{"n1", "n2", "n4"}), "n[1-2,4]");
  EXPECT_EQ(fold_hostlist(Names{"n7"}), "n7");
  EXPECT_EQ(fold_hostlist(Names{}), "");
}

TEST(FoldHostlist, DropsDuplicates) {
  EXPECT_EQ(fold_hostlist(Names{"n1", "n1", "a", "a"}), "a,n1");
}

TEST(FoldHostlist, TellsPaddedNamesApart) {
  EXPECT_EQ(fold_hostlist(Names{"n1", "n01", "n001"}), "n[1,01,001]");
  EXPECT_EQ(fold_hostlist(Names{"n08", "n09", "n10", "n11"}), "n[08-11]");
  EXPECT_EQ(fold_hostlist(Names{"n8", "n9", "n10", "n11"}), "n[8-11]");
  EXPECT_EQ(fold_hostlist(Names{"n9", "n09", "n10"}), "n[9,09-10]");
  // [08-100] would be read alike here, but not by every tool that takes such lists.
  EXPECT_EQ(fold_hostlist(Names{"n98", "n099", "n100"}), "n[98,099-100]");
  EXPECT_EQ(fold_hostlist(Names{"n09", "n99", "n100"}), "n[09,99-100]");
}

TEST(FoldHostlist, FoldsTextAfterNumbersAndAddresses) {
  EXPECT_EQ(fold_hostlist(Names{"n1-ib", "n2-ib"}), "n[1-2]-ib");
  EXPECT_EQ(fold_hostlist(Names{"10.0.0.2", "10.0.0.1"}), "10.0.0.[1-2]");
}

TEST(FoldHostlist, FoldsWholeBlocksInEveryDimension) {
  EXPECT_EQ(fold_hostlist(expand_hostlist("r[1-2]n[1-4]c[0-1]")), "r[1-2]n[1-4]c[0-1]");
  EXPECT_EQ(fold_hostlist(Names{"r1n1", "r1n2", "r2n1"}), "r1n[1-2],r2n1");
}

TEST(FoldHostlist, ListsInNaturalOrder) {
  EXPECT_EQ(fold_hostlist(Names{"n10x", "n2x", "a", "n1y"}), "a,n1y,n[2,10]x");
}

TEST(FoldHostlist, LeavesNumbersThatAreTooLongAlone) {
  const std::string name = "n1234567890123456789012";
  EXPECT_EQ(fold_hostlist(Names{name, name}), name);
}

std::string random_name(std::mt19937& random) {
  static const Names stems = {"n", "red", "r1n", "x-", ""};
  static const Names suffixes = {"", "-ib", "c", ".lan"};
  const auto pick = [&](const Names& from) { return from[random() % from.size()]; };
  const std::string digits = std::to_string(random() % 120);
  const std::string zeros(random() % 3, '0');
  std::string name = pick(stems) + zeros + digits + pick(suffixes);
  if (random() % 3 == 0) name += std::to_string(random() % 4);
  return name;
}

TEST(FoldHostlist, IsTheInverseOfExpand) {
  std::mt19937 random(20240607);
  for (int round = 0; round < 300; ++round) {
    Names names(random() % 80);
    for (std::string& name : names) name = random_name(random);
    const std::string folded = fold_hostlist(names);
    const Names again = expand_hostlist(folded);
    EXPECT_EQ(std::set<std::string>(again.begin(), again.end()),
              std::set<std::string>(names.begin(), names.end()))
        << folded;
    EXPECT_EQ(fold_hostlist(again), folded);
  }
}

TEST(NaturalLess, ComparesDigitsAsNumbers) {
  EXPECT_TRUE(natural_less("red2", "red10"));
  EXPECT_FALSE(natural_less("red10", "red2"));
  EXPECT_TRUE(natural_less("red", "red1"));
  EXPECT_TRUE(natural_less("n1", "n01"));
  EXPECT_TRUE(natural_less("n01", "n2"));
  EXPECT_TRUE(natural_less("n99999999999999999998", "n99999999999999999999"));
  EXPECT_FALSE(natural_less("red", "red"));
}

TEST(NaturalLess, IsATotalOrder) {
  std::mt19937 random(7);
  Names names(60);
  for (std::string& name : names) name = random_name(random);
  for (const std::string& a : names) {
    for (const std::string& b : names) {
      EXPECT_EQ(natural_less(a, b) || natural_less(b, a), a != b) << a << " " << b;
      for (const std::string& c : names) {
        if (natural_less(a, b) && natural_less(b, c)) {
          EXPECT_TRUE(natural_less(a, c)) << a << " " << b << " " << c;
        }
      }
    }
  }
}

}  // namespace
}  // namespace clustermpi
