#include "hosts/hostlist_forms.hpp"

#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "hosts/hostlist.hpp"

namespace clustermpi {
namespace {

using Names = std::vector<std::string>;

std::string fold(const Names& names) {
  return slurm_hostlist(names);
}

TEST(SlurmHostlist, FoldsWhatIsNumbered) {
  EXPECT_EQ(fold({}), "");
  EXPECT_EQ(fold({"red"}), "red");
  EXPECT_EQ(fold({"red", "red01", "red02", "red03"}), "red,red[01-03]");
  EXPECT_EQ(fold({"n8", "n9", "n10", "n11"}), "n[8-11]");
  EXPECT_EQ(fold({"n08", "n09", "n10"}), "n[08-10]");
  EXPECT_EQ(fold({"n1", "n3", "n4"}), "n[1,3-4]");
  EXPECT_EQ(fold({"10.0.0.1", "10.0.0.2", "10.0.1.1"}), "10.0.0.[1-2],10.0.1.1");
}

TEST(SlurmHostlist, KeepsTheOrderSoThatListsPairUp) {
  EXPECT_EQ(fold({"10.0.0.10", "10.0.0.9", "10.0.0.11"}), "10.0.0.[10,9,11]");
  EXPECT_EQ(fold({"b1", "a1", "b2"}), "b1,a1,b2");
}

TEST(SlurmHostlist, TellsNumbersOfDifferentWidthApart) {
  EXPECT_EQ(fold({"n1", "n02", "n3"}), "n[1,02,3]");
  EXPECT_EQ(fold({"n09", "n010"}), "n[09,010]");
  EXPECT_EQ(fold({"n99", "n100"}), "n[99-100]");
}

TEST(SlurmHostlist, WritesNothingBehindABracketAndNoStep) {
  EXPECT_EQ(fold({"r1-ib", "r2-ib"}), "r1-ib,r2-ib");
  EXPECT_EQ(fold({"n0", "n2", "n4"}), "n[0,2,4]");
  EXPECT_EQ(fold({"r1n1", "r1n2", "r2n1", "r2n2"}), "r1n[1-2],r2n[1-2]");
}

TEST(SlurmHostlist, TakesLongNumbersForText) {
  EXPECT_EQ(fold({"n12345678901234567890", "n12345678901234567891"}),
            "n12345678901[234567890-234567891]");
}

TEST(SlurmHostlist, BeginsANewRangeWhereSlurmWouldGiveUp) {
  Names names;
  for (int i = 1; i <= 65537; ++i) names.push_back("n" + std::to_string(i));
  EXPECT_EQ(fold(names), "n[1-65536,65537]");
}

TEST(SlurmHostlist, CanBeReadAgain) {
  const Names names = {"red", "red01", "red02", "blue9", "blue10", "x7y", "x8y", "n1", "n001"};
  EXPECT_EQ(expand_hostlist(fold(names)), names);
}

TEST(FoldFor, SlurmGetsNothingBehindABracketAndNaturalOrder) {
  const Names names = {"n2-ib", "n10", "n9", "n1-ib", "n9", "r2n1", "r1n2", "r1n1"};
  EXPECT_EQ(fold_for(HostlistReader::slurm, names), "n1-ib,n2-ib,n[9-10],r1n[1-2],r2n1");
  EXPECT_EQ(fold_for(HostlistReader::slurm, expand_hostlist("n[1-4]-ib,n[1-4],m2")),
            "m2,n[1-4],n1-ib,n2-ib,n3-ib,n4-ib")
      << "names of another shape between them do not keep numbers apart";
}

TEST(FoldFor, PdshGetsTwoBracketsAtMostAndShortRanges) {
  EXPECT_EQ(fold_for(HostlistReader::pdsh, expand_hostlist("r[1-2]n[1-2]-ib")), "r[1-2]n[1-2]-ib");
  EXPECT_EQ(fold_for(HostlistReader::pdsh, expand_hostlist("r[1-2]n[1-2]c[08-11]")),
            "r1n[1-2]c[08-11],r2n[1-2]c[08-11]");
  EXPECT_EQ(fold_for(HostlistReader::pdsh, expand_hostlist("n[1-40000]")),
            "n[1-16384,16385-32768,32769-40000]");
}

TEST(FoldFor, ClusterShellGetsWhatPeopleGet) {
  const Names names = expand_hostlist("r[1-2]n[1-2]c[08-11],n[1-40000]");
  EXPECT_EQ(fold_for(HostlistReader::clustershell, names), fold_hostlist(names));
}

}  // namespace
}  // namespace clustermpi
