#include "provision/host_state.hpp"

#include <gmock/gmock.h>

#include "hosts/error.hpp"

namespace clustermpi {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;

TEST(ManagedList, ReadsKindsNamesAndConditions) {
  const auto items = parse_managed_list(
      "# what the role leaves\n"
      "package openmpi-bin\n"
      "package g++ when=openmpi_compilers  # builders only\n"
      "\n"
      "block   /etc/hosts\n",
      "managed.list");
  EXPECT_THAT(items, ElementsAre(ManagedItem{"package", "openmpi-bin", ""},
                                 ManagedItem{"package", "g++", "openmpi_compilers"},
                                 ManagedItem{"block", "/etc/hosts", ""}));
}

TEST(ManagedList, NamesTheLineThatItCannotRead) {
  try {
    (void)parse_managed_list("file /etc/hosts\npakage openmpi-bin\n", "managed.list");
    FAIL() << "a misspelt kind was taken";
  } catch (const Error& error) {
    EXPECT_STREQ(
        error.what(),
        "managed.list:2: expected `KIND NAME [when=VARIABLE]`, found `pakage openmpi-bin`");
  }
}

TEST(HostState, ABareNodeSaysNothing) {
  const HostState state = parse_host_state("");
  EXPECT_FALSE(state.inputs);
  EXPECT_THAT(state.items, IsEmpty());
}

TEST(HostState, DriftIsWhatIsNotAsRecorded) {
  const HostState state = parse_host_state(
      "inputs abc123\n"
      "item package openmpi-bin 4.1.4-3+b1 4.1.4-3+b1\n"
      "item block /etc/hosts aaaa bbbb\n"
      "item file /etc/ssh/ssh_known_hosts cccc -\n"
      "something a later version prints\n");
  EXPECT_EQ(state.inputs, "abc123");
  EXPECT_THAT(state.drift(),
              ElementsAre(ItemState{"block", "/etc/hosts", "aaaa", "bbbb"},
                          ItemState{"file", "/etc/ssh/ssh_known_hosts", "cccc", "-"}));
}

}  // namespace
}  // namespace clustermpi
