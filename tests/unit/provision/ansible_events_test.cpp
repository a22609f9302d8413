// What the program makes of the lines of playbooks/callback_plugins/events.py.
#include "provision/ansible_events.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>
#include <utility>
#include <vector>

namespace clustermpi {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::Not;

struct Recorder : Reporter {
  void on(const Event& event) override { said.push_back(event.host + ": " + event.text); }
  std::vector<std::string> said;
};

struct AnsibleEventsTest : testing::Test {
  std::map<std::string, PlaybookHost> finish(int exit_status = 0) {
    return std::move(events).finish(exit_status);
  }

  Recorder recorder;
  AnsibleEvents events{{"red01", "red02"}, "/w/ansible.log", recorder};
};

constexpr const char* both_well =
    R"({"event":"recap","hosts":{"red01":{"ok":3,"changed":1,"failures":0,"unreachable":0},)"
    R"("red02":{"ok":3,"changed":0,"failures":0,"unreachable":0}}})";

TEST_F(AnsibleEventsTest, ReportsWhatEachHostIsAtWithoutTheRole) {
  events.read(R"({"event":"start","host":"red01","task":"python : Install packages"})");
  events.read(R"({"event":"start","host":"red02","task":"Reboot"})");
  EXPECT_THAT(recorder.said, ElementsAre("red01: Install packages", "red02: Reboot"));
}

TEST_F(AnsibleEventsTest, ChecksOfRoleArgumentsAreNoProgressOfAHost) {
  events.read(
      R"({"event":"start","host":"red01","task":"base : Validating arguments against arg spec 'main' - x"})");
  EXPECT_TRUE(recorder.said.empty());
}

TEST_F(AnsibleEventsTest, CountsOnlyHostsThatTheRecapVouchesFor) {
  events.read(R"({"event":"changed","host":"red01","task":"base : Write","paths":["/etc/hosts"]})");
  events.read(both_well);
  const auto hosts = finish();
  EXPECT_TRUE(hosts.at("red01").finished);
  EXPECT_EQ(hosts.at("red01").ok, 3U);
  EXPECT_EQ(hosts.at("red01").changed, 1U);
  EXPECT_THAT(hosts.at("red01").changes, ElementsAre("Write"));
  EXPECT_FALSE(hosts.at("red01").error.has_value());
  EXPECT_TRUE(hosts.at("red02").changes.empty());
}

TEST_F(AnsibleEventsTest, AHostMissingInTheRecapFailsWhateverTheExitStatus) {
  events.read(
      R"({"event":"recap","hosts":{"red01":{"ok":3,"changed":0,"failures":0,"unreachable":0}}})");
  const auto hosts = finish(0);
  EXPECT_FALSE(hosts.at("red01").error.has_value());
  EXPECT_EQ(hosts.at("red02").error,
            (HostError{"install_failed",
                       "Ansible ended with status 0 and did not say what became of red02",
                       "see /w/ansible.log, then run the same command again"}));
}

TEST_F(AnsibleEventsTest, AHostThatTheRecapCallsFailedHasFailedAlsoWithoutAnEvent) {
  events.read(
      R"({"event":"recap","hosts":{"red01":{"ok":1,"failures":1,"unreachable":0},"red02":{"ok":1}}})");
  const auto hosts = finish(2);
  EXPECT_TRUE(hosts.at("red01").error.has_value());
  EXPECT_FALSE(hosts.at("red02").error.has_value());
}

TEST_F(AnsibleEventsTest, AFailureHasTheLastWordsOfTheProgramThatFailed) {
  events.read(
      R"({"event":"failed","host":"red01","task":"python : Install packages","msg":"non-zero return code",)"
      R"("stderr":"E: noise\napt-get update failed: Could not resolve 'mirror.example'\n\nShared connection to 10.0.0.1 closed.\r\n"})");
  events.read(both_well);
  EXPECT_EQ(
      finish(2).at("red01").error,
      (HostError{"install_failed",
                 "Install packages: apt-get update failed: Could not resolve 'mirror.example'",
                 "the full output is in /w/ansible.log"}));
}

TEST_F(AnsibleEventsTest, AFailureHasTheModulesOwnMessageWhereItHasOne) {
  events.read(
      R"({"event":"failed","host":"red01","task":"Write","msg":"[Errno 28] No space left on device","stderr":"x"})");
  EXPECT_EQ(finish(2).at("red01").error->message, "Write: [Errno 28] No space left on device");
}

TEST_F(AnsibleEventsTest, ACrashedModuleIsNamedByTheEndOfItsTraceback) {
  events.read(
      R"({"event":"failed","host":"red01","task":"Write","msg":"MODULE FAILURE\nSee stdout/stderr for the exact error",)"
      R"("module_stderr":"Traceback\n  File x\nModuleNotFoundError: No module named 'shutil'\n"})");
  EXPECT_EQ(finish(2).at("red01").error->message,
            "Write: ModuleNotFoundError: No module named 'shutil'");
}

TEST_F(AnsibleEventsTest, AnUnreachableHostIsNoFailedInstall) {
  events.read(
      R"({"event":"unreachable","host":"red02","task":"Read","msg":"Failed to connect to the host via ssh: No route to host"})");
  const auto error = finish(4).at("red02").error;
  EXPECT_EQ(error->code, "unreachable");
  EXPECT_EQ(error->message, "Read: Failed to connect to the host via ssh: No route to host");
}

TEST_F(AnsibleEventsTest, WhatANodeSaysCannotSteerATerminal) {
  const std::string line =
      R"({"event":"failed","host":"red01","task":"Write","msg":"\u001b[2Jgone"})";
  EXPECT_THAT(events.read(line), Not(HasSubstr("\x1b")));
  EXPECT_THAT(finish(2).at("red01").error->message, Not(HasSubstr("\x1b")));
}

TEST_F(AnsibleEventsTest, ALineThatIsNoEventGoesToTheLogAsItIs) {
  EXPECT_EQ(events.read("Traceback (most recent call last):"),
            "Traceback (most recent call last):");
  EXPECT_EQ(events.read("[1, 2]"), "[1, 2]");
  EXPECT_EQ(events.read(R"({"event":"start","host":7})"), R"({"event":"start","host":7})");
  EXPECT_FALSE(events.began());
  EXPECT_TRUE(recorder.said.empty());
}

TEST_F(AnsibleEventsTest, HostsThatWereNotAskedForAreLeftOut) {
  events.read(R"({"event":"failed","host":"localhost","task":"Make","msg":"no"})");
  EXPECT_EQ(finish().size(), 2U);
}

TEST_F(AnsibleEventsTest, TheLogKeepsAllThatAFailedTaskSaid) {
  EXPECT_EQ(
      events.read(
          R"({"event":"failed","host":"red01","task":"a : B","msg":"m","stderr":"one\ntwo"})"),
      "failed red01 a : B\n  msg: m\n  stderr: one\ntwo");
}

}  // namespace
}  // namespace clustermpi
