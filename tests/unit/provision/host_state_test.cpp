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
      "package g++ when=base_compilers  # builders only\n"
      "\n"
      "block   /etc/hosts\n",
      "managed.list");
  EXPECT_THAT(items, ElementsAre(ManagedItem{"package", "openmpi-bin", ""},
                                 ManagedItem{"package", "g++", "base_compilers"},
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
  EXPECT_THAT(parse_host_states(""), IsEmpty());
}

TEST(HostState, DriftIsWhatIsNotAsRecorded) {
  const HostStates states = parse_host_states(
      "playbook mpi\n"
      "inputs abc123\n"
      "item package openmpi-bin 4.1.4-3+b1 4.1.4-3+b1\n"
      "item block /etc/hosts aaaa bbbb\n"
      "item file /etc/ssh/ssh_known_hosts cccc -\n"
      "something a later version prints\n"
      "playbook slurm\n"
      "inputs def456\n"
      "item service munge active inactive\n");
  const HostState& state = states.at("mpi");
  EXPECT_EQ(state.inputs, "abc123");
  EXPECT_THAT(state.drift(),
              ElementsAre(ItemState{"block", "/etc/hosts", "aaaa", "bbbb"},
                          ItemState{"file", "/etc/ssh/ssh_known_hosts", "cccc", "-"}));
  EXPECT_EQ(states.at("slurm").inputs, "def456");
  EXPECT_THAT(states.at("slurm").items,
              ElementsAre(ItemState{"service", "munge", "active", "inactive"}));
}

const std::vector<ManagedItem> wanted{{"package", "python3", ""},
                                      {"package", "chrony|ntpsec", ""},
                                      {"package", "openmpi-bin", ""},
                                      {"block", "/etc/hosts", ""},
                                      {"file", "/etc/ssh/clustermpi_known_hosts", ""}};

TEST(OutstandingChanges, ABareHostLacksPackagesAndFiles) {
  EXPECT_THAT(outstanding_changes({}, "new", wanted, {{"python3", "3.11.2-1"}, {"ntpsec", "1.2"}}),
              ElementsAre("install openmpi-bin",
                          "write a block in /etc/hosts, /etc/ssh/clustermpi_known_hosts"));
}

TEST(OutstandingChanges, AHostAsTheLastRunLeftItNeedsNothing) {
  const HostState state{"same", {{"block", "/etc/hosts", "aaaa", "aaaa"}}};
  EXPECT_THAT(outstanding_changes(state, "same", wanted, {}), IsEmpty());
}

TEST(OutstandingChanges, ChangedSettingsAndEachDriftAreNamed) {
  const HostState state{"old",
                        {{"block", "/etc/hosts", "aaaa", "bbbb"},
                         {"file", "/etc/ssh/clustermpi_known_hosts", "cccc", "-"},
                         {"package", "openmpi-bin", "4.1.4", "-"},
                         {"package", "python3", "3.11.2-1", "3.11.2-2"},
                         {"package", "chrony|ntpsec", "ntpsec=1.2", "ntpsec=1.2"},
                         {"service", "systemd-timesyncd", "enabled", "disabled"}}};
  EXPECT_THAT(outstanding_changes(state, "new", wanted, {}),
              ElementsAre("apply the changed settings",
                          "put the block in /etc/hosts right: it was changed by hand",
                          "put /etc/ssh/clustermpi_known_hosts right: it was removed by hand",
                          "install openmpi-bin again: it was removed",
                          "check python3: it went from 3.11.2-1 to 3.11.2-2",
                          "put the service systemd-timesyncd right: it is disabled"));
}

TEST(OutstandingChanges, APythonEnvironmentIsMadeAndPutRight) {
  const std::vector<ManagedItem> venv{{"package", "python3-venv", ""}, {"venv", "~/ENV3", ""}};
  EXPECT_THAT(outstanding_changes({}, "new", venv, {}),
              ElementsAre("install python3-venv", "make the Python environment ~/ENV3"));
  const std::string recorded = "debian:mpi4py,aaaa";
  EXPECT_THAT(
      outstanding_changes({"same", {{"venv", "~/ENV3", recorded, recorded}}}, "same", venv, {}),
      IsEmpty());
  EXPECT_THAT(
      outstanding_changes({"same", {{"venv", "~/ENV3", recorded, "-"}}}, "same", venv, {}),
      ElementsAre("make the Python environment ~/ENV3 again: it is gone, or its Python is"));
  EXPECT_THAT(
      outstanding_changes({"same", {{"venv", "~/ENV3", recorded, "debian:mpi4py,bbbb"}}}, "same",
                          venv, {}),
      ElementsAre("put the Python environment ~/ENV3 right: packages in it changed or went"));
}

TEST(OutstandingChanges, WhatTheInventoryAsksForSinceThenIsNamed) {
  const HostState state{"old", {{"package", "python3", "3.11.2-1", "3.11.2-1"}}};
  const std::vector<ManagedItem> more{
      {"package", "python3", ""}, {"package", "slurmd", ""}, {"file", "/etc/slurm/slurm.conf", ""}};
  EXPECT_THAT(
      outstanding_changes(state, "new", more, {{"python3", "3.11.2-1"}}),
      ElementsAre("install slurmd", "write /etc/slurm/slurm.conf", "apply the changed settings"));
}

}  // namespace
}  // namespace clustermpi
