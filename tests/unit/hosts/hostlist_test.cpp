#include "hosts/hostlist.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <random>
#include <set>
#include <tuple>

#include "hosts/error.hpp"
#include "hosts/hostlist_sources.hpp"

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
      {"n[0-10/]", "a number is missing before ']'", 7},
      {"n[0-10/0]", "a step is at least 1", 7},
      {"n[5/2]", "a step needs a range before it, as in 0-10/2", 3},
      {"n[0-10/2", "'[' is never closed", 1},
      {"!a", "a name is missing before this '!'", 0},
      {"a!", "a name is missing after this '!'", 1},
      {"a,!", "a name is missing after this '!'", 2},
      {"a!&b", "a name is missing before this '&'", 2},
      {"a & ", "a name is missing after this '&'", 2},
      {"a^", "a name is missing after this '^'", 1},
      {"a!,b", "a name is missing before this comma", 2},
      {"@all", "a group cannot be named here", 0},
      {"a,^file", "a file cannot be named here", 2},
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

TEST(ExpandHostlist, TakesSteps) {
  EXPECT_THAT(expand_hostlist("n[0-10/5]"), ElementsAre("n0", "n5", "n10"));
  EXPECT_THAT(expand_hostlist("n[08-12/3]"), ElementsAre("n08", "n11"));
  EXPECT_THAT(expand_hostlist("n[1-3/1,7-9/9]"), ElementsAre("n1", "n2", "n3", "n7"));
  EXPECT_EQ(expand_hostlist("n[0-999999999/1000]").size(), 1'000'000u);
}

TEST(ExpandHostlist, WorksFromLeftToRight) {
  EXPECT_THAT(expand_hostlist("n[1-5]!n3"), ElementsAre("n1", "n2", "n4", "n5"));
  EXPECT_THAT(expand_hostlist("n[1-5] ! n[2-4] , n9"), ElementsAre("n1", "n5", "n9"));
  EXPECT_THAT(expand_hostlist("n[1-3],!n2"), ElementsAre("n1", "n3"));
  EXPECT_THAT(expand_hostlist("n[1-3] !n2,n2"), ElementsAre("n1", "n3", "n2"));
  EXPECT_THAT(expand_hostlist("n[1-5]&n[3-9]"), ElementsAre("n3", "n4", "n5"));
  EXPECT_THAT(expand_hostlist("n[1-5]^n[4-6]"), ElementsAre("n1", "n2", "n3", "n6"));
  EXPECT_THAT(expand_hostlist("n[1-5] ^ n[4-6]"), ElementsAre("n1", "n2", "n3", "n6"));
  EXPECT_THAT(expand_hostlist("n1,n1^n1"), IsEmpty());
  EXPECT_THAT(expand_hostlist("a,b&b,c!a"), ElementsAre("b", "c"));
}

const HostGroups example_groups = {{"all", {"red", "red01", "red02"}},
                                   {"manager", {"red"}},
                                   {"workers", {"red01", "red02"}},
                                   {"label:pi4", {"red02"}}};

/// Two files, and groups that know no facts.
HostlistSources example_sources() {
  HostlistSources sources;
  sources.groups = []() -> const HostGroups& { return example_groups; };
  sources.read_file = [](const std::string& file) -> std::string {
    if (file == "hosts.txt") return "# the old ones\nred[1-2]  # two\n\nn[1-5]!n3\r\n@manager";
    if (file == "faulty.txt") return "red1\n  n[3-1]\n";
    if (file == "circle.txt") return "red1,^circle.txt";
    throw Error(ExitCode::local_failure, "cannot read " + file + ": No such file or directory",
                "look where it is");
  };
  return sources;
}

Names expand_with_sources(const std::string& expression) {
  return Hostlist::parse(expression, example_sources()).names();
}

TEST(HostlistSources, GroupsAreTerms) {
  EXPECT_THAT(expand_with_sources("@workers"), ElementsAre("red01", "red02"));
  EXPECT_THAT(expand_with_sources("@pi4,@label:pi4,x"), ElementsAre("red02", "x"));
  EXPECT_THAT(expand_with_sources("@all!@manager"), ElementsAre("red01", "red02"));
  EXPECT_THAT(expand_with_sources("@all&red0[2-9]"), ElementsAre("red02"));
}

TEST(HostlistSources, FilesAreTerms) {
  EXPECT_THAT(expand_with_sources("^hosts.txt"),
              ElementsAre("red1", "red2", "n1", "n2", "n4", "n5", "red"));
  EXPECT_THAT(expand_with_sources("n9 ^hosts.txt&n[0-99]"),
              ElementsAre("n9", "n1", "n2", "n4", "n5"));
  EXPECT_THAT(expand_with_sources("n1^^hosts.txt"),
              ElementsAre("red1", "red2", "n2", "n4", "n5", "red"));
}

TEST(HostlistSources, AreAskedOnlyForWhatIsNamed) {
  HostlistSources sources;
  sources.groups = []() -> const HostGroups& { throw std::logic_error("nobody named a group"); };
  EXPECT_THAT(Hostlist::parse("red[1-2]", sources).names(), ElementsAre("red1", "red2"));
}

TEST(HostlistSources, PointAtWhatIsWrong) {
  struct Case {
    std::string input, message, expression;
    std::size_t position;
    std::string hint;
  };
  const std::vector<Case> cases = {
      {"a,@wokers", "there is no group 'wokers'", "a,@wokers", 2, "did you mean '@workers'?"},
      {"@gpu", "there is no group 'gpu'", "@gpu", 0, "the groups are all, pi4, manager, workers"},
      {"@arch:arm64", "there is no group 'arch:arm64'", "@arch:arm64", 0,
       "what hosts are is known after `clustermpi discover`"},
      {"@", "the name of a group is missing behind this '@'", "@", 0, ""},
      {"@pi[1-2]", "'[' cannot be part of a group's name", "@pi[1-2]", 3, ""},
      {"a ^,b", "the name of a file is missing behind this '^'", "a ^,b", 2, ""},
      {"a ^none", "cannot read none: No such file or directory", "a ^none", 2, "look where it is"},
      {"^faulty.txt", "faulty.txt, line 2: the range 3-1 runs backwards", "  n[3-1]", 4, ""},
      {"^circle.txt", "circle.txt, line 1: files that name files go more than 8 deep here",
       "red1,^circle.txt", 5, ""},
  };
  for (const Case& wrong : cases) {
    try {
      (void)expand_with_sources(wrong.input);
      ADD_FAILURE() << wrong.input << " was taken";
    } catch (const HostlistError& error) {
      EXPECT_EQ(error.what(), wrong.message);
      EXPECT_EQ(error.expression(), wrong.expression);
      EXPECT_EQ(error.position(), wrong.position) << wrong.input;
      EXPECT_EQ(error.hint(), wrong.hint);
    }
  }
}

TEST(HostlistSources, StdinIsAFileWithANameOfItsOwn) {
  HostlistSources sources;
  std::string text = "n2\nn[1-2]\n";
  sources.read_file = [&](const std::string& file) { return file == "-" ? text : ""; };
  EXPECT_THAT(Hostlist::parse("a ^- !n1", sources).names(), ElementsAre("a", "n2"));
  text = "n1\nn2]\n";
  try {
    (void)Hostlist::parse("^-", sources);
    FAIL() << "it was taken";
  } catch (const HostlistError& error) {
    EXPECT_STREQ(error.what(), "stdin, line 2: ']' without a '[' before it");
    EXPECT_EQ(error.expression(), "n2]");
  }
}

TEST(ExpandHostlist, RefusesAMinusAndKnowsWhatIsMeant) {
  const auto hint_for = [](const std::string& expression) {
    try {
      (void)expand_hostlist(expression);
      return std::string("it was taken");
    } catch (const HostlistError& error) {
      EXPECT_STREQ(error.what(), "no host's name begins with a '-'") << expression;
      return error.hint();
    }
  };
  EXPECT_EQ(hint_for("n[1-3],-n2"), "`!n2` takes n2 away");
  EXPECT_EQ(hint_for("n[1-3] -n[1,2]-ib,a"), "`!n[1,2]` takes n[1,2] away");
  EXPECT_EQ(hint_for("-"), "");
  EXPECT_EQ(fault_of("n[1-3],-n2").position, 7u);
}

TEST(ExpandHostlist, TakesExclusionsAwayBeforeWhatComesBehindThem) {
  EXPECT_THAT(expand_hostlist("n[1-4]!n1!n2,n1!n4!n3"), ElementsAre("n1"));
  EXPECT_THAT(expand_hostlist("n[1-4]!n1!n2&n[2-3]"), ElementsAre("n3"));
}

TEST(HostlistErrorText, PutsACaretBelowTheCharacter) {
  EXPECT_EQ(render(HostlistError("", "n[3-1]", 2)), "  n[3-1]\n    ^");
  EXPECT_EQ(render(HostlistError("", "a\n^b\t;", 5)), "  a?^b\t;\n      \t^");
  EXPECT_EQ(render(HostlistError("", "", 0)), "  \n  ^");
  const std::string render_of_long = render(HostlistError("", std::string(500, 'x'), 250));
  EXPECT_EQ(render_of_long,
            "  ..." + std::string(120, 'x') + "...\n  " + std::string(63, ' ') + "^");
}

TEST(HostlistValue, HasEachNameOnceInTheOrderGiven) {
  const Hostlist list(Names{"b", "a", "b", "c", "a"});
  EXPECT_THAT(list.names(), ElementsAre("b", "a", "c"));
  EXPECT_EQ(list.size(), 3u);
  EXPECT_TRUE(list.contains("a"));
  EXPECT_FALSE(list.contains("d"));
  EXPECT_TRUE(Hostlist().empty());
}

TEST(HostlistValue, DoesSetAlgebraInOrder) {
  const Hostlist a = Hostlist::parse("n[3,1,2]");
  const Hostlist b = Hostlist::parse("n[4,2,3]");
  EXPECT_THAT((a | b).names(), ElementsAre("n3", "n1", "n2", "n4"));
  EXPECT_THAT((a - b).names(), ElementsAre("n1"));
  EXPECT_THAT((a & b).names(), ElementsAre("n3", "n2"));
  EXPECT_THAT((a ^ b).names(), ElementsAre("n1", "n4"));
}

TEST(HostlistValue, IsSliced) {
  const Hostlist list = Hostlist::parse("d,c,b,a");
  EXPECT_THAT(list.slice("0").names(), ElementsAre("d"));
  EXPECT_THAT(list.slice("3,1-2").names(), ElementsAre("c", "b", "a"));
  EXPECT_THAT(list.slice("0-99/2").names(), ElementsAre("d", "b"));
  EXPECT_THAT(list.slice("4-7").names(), IsEmpty());
  const auto fault = [&](const std::string& indices) -> std::string {
    try {
      return list.slice(indices).fold();
    } catch (const HostlistError& error) {
      return std::to_string(error.position()) + ": " + error.what();
    }
  };
  EXPECT_EQ(fault(""), "0: a number is missing at the end");
  EXPECT_EQ(fault("1,"), "2: a number is missing at the end");
  EXPECT_EQ(fault("1;2"), "1: ';' among numbers and ranges such as 1-3,5");
  EXPECT_EQ(fault("3-1"), "0: the range 3-1 runs backwards");
}

TEST(HostlistValue, IsPutInNaturalOrder) {
  EXPECT_THAT(Hostlist::parse("n10,n9,n01,a,n1").in_natural_order().names(),
              ElementsAre("a", "n1", "n01", "n9", "n10"));
}

TEST(ExpandHostlist, RefusesMoreNamesThanAnyClusterHas) {
  EXPECT_EQ(expand_hostlist("n[1-1000000]").size(), 1'000'000u);
  EXPECT_EQ(fault_of("n[0-1000000]").message, "more than 1000000 names are written here");
  EXPECT_EQ(fault_of("a,n[1-999999],b").position, 14u);
  EXPECT_EQ(fault_of("n[0-999999999999999999]").message,
            "more than 1000000 names are written here");
  EXPECT_EQ(fault_of("[0-99999][0-99999][0-99999][0-99999][0-99999]").message,
            "more than 1000000 names are written here");
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

TEST(FoldHostlist, FoldsLargeFleetsLikeSmallOnes) {
  // Beyond some hundred names numbers are sorted in another way.
  const std::string blocks = "r[1-20]n[001-100]c[8-11]";
  Names names = expand_hostlist(blocks);
  std::mt19937 random(5);
  std::shuffle(names.begin(), names.end(), random);
  EXPECT_EQ(fold_hostlist(names), blocks);
  std::erase(names, "r7n050c9");
  EXPECT_EQ(fold_hostlist(names),
            "r[1-6,8-20]n[001-100]c[8-11],r7n[001-049,051-100]c[8-11],r7n050c[8,10-11]");
  Names far = {"n5", "n999999999999999999"};
  for (int i = 0; i < 2000; ++i) far.push_back("n" + std::to_string(1000 + i));
  std::shuffle(far.begin(), far.end(), random);
  EXPECT_EQ(fold_hostlist(far), "n[5,1000-2999,999999999999999999]");
}

TEST(FoldHostlist, ListsInNaturalOrder) {
  EXPECT_EQ(fold_hostlist(Names{"n10x", "n2x", "a", "n1y"}), "a,n1y,n[2,10]x");
}

TEST(FoldHostlist, LeavesNumbersThatAreTooLongAlone) {
  const std::string name = "n1234567890123456789012";
  EXPECT_EQ(fold_hostlist(Names{name, name}), name);
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

}  // namespace
}  // namespace clustermpi
