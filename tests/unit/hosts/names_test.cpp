// Names by themselves: which may be a host's, and which one was meant. Names in their places of
// cluster.toml are in inventory_test.cpp.
#include "hosts/names.hpp"

#include <gtest/gtest.h>

#include "hosts/inventory.hpp"

namespace clustermpi {
namespace {

TEST(HostNameFault, KnowsTheWordsOfSlurmsConfiguration) {
  for (const std::string name : {"all", "ALL", "default", "Default", "all.example.org"})
    EXPECT_EQ(host_name_fault(name), "is a word of Slurm's configuration and cannot name a host")
        << name;
  for (const std::string name : {"alle", "default1", "localhost", "none"})
    EXPECT_EQ(host_name_fault(name), "") << name;
}

TEST(NearestWord, TakesSmallSlipsOnly) {
  const std::vector<std::string> words = {"manager", "name", "network", "user"};
  EXPECT_EQ(nearest_word("managre", words), "manager");
  EXPECT_EQ(nearest_word("Name", words), "name");
  EXPECT_EQ(nearest_word("nmae", words), "name");
  EXPECT_EQ(nearest_word("xyz", words), "");
  EXPECT_EQ(nearest_word("", words), "");
  EXPECT_EQ(nearest_word("name", {}), "");
}

}  // namespace
}  // namespace clustermpi
