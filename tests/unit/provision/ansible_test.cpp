// Ansible itself on this machine, and what must not change its meaning. No node is needed.
#include "provision/ansible.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstdlib>
#include <fstream>
#include <nlohmann/json.hpp>
#include <string>

#include "provision/files.hpp"

namespace fs = std::filesystem;

namespace clustermpi {
namespace {

using Json = nlohmann::json;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::Not;

TEST(AnsibleCore, SaysItsVersion) {
  EXPECT_GE(ansible_core_version(), (Version{2, 14, 0}));
}

struct Recorder : Reporter {
  void on(const Event& event) override { said.push_back(event.host + ": " + event.text); }
  std::vector<std::string> said;
};

/// Playbooks on this machine instead of a node.
struct RunPlaybook : testing::Test {
  void SetUp() override {
    std::string name = testing::TempDir() + "ansible.XXXXXX";
    ASSERT_NE(::mkdtemp(name.data()), nullptr);
    workspace = name;
  }
  void TearDown() override { fs::remove_all(workspace); }

  PlaybookRun run(const std::string& tasks) {
    inventory = {{"_meta", {{"hostvars", {{"red01", {{"ansible_connection", "local"}}}}}}},
                 {"cluster", {{"hosts", {"red01"}}}}};
    write_file(workspace / "play.yml",
               "- hosts: cluster\n  gather_facts: false\n  tasks:\n" + tasks);
    PlaybookRun run;
    run.playbook = workspace / "play.yml";
    run.workspace = workspace;
    run.inventory = &inventory;
    run.log = workspace / "ansible.log";
    return run;
  }

  fs::path workspace;
  Json inventory;
  Recorder recorder;
};

TEST_F(RunPlaybook, TellsWhatAHostIsAtAndWhatItEndedWith) {
  const auto result = run_playbook(run("    - {name: Say it, raw: 'echo hello'}\n"), recorder);
  EXPECT_THAT(recorder.said, ElementsAre("red01: Say it"));
  EXPECT_TRUE(result.hosts.at("red01").finished);
  EXPECT_THAT(result.hosts.at("red01").changes, ElementsAre("Say it"));
  EXPECT_THAT(read_file(workspace / "ansible.log"), HasSubstr("Z changed red01 Say it\n"));
}

TEST_F(RunPlaybook, AFailedHostIsAValue) {
  const auto result =
      run_playbook(run("    - {name: Fail, raw: 'echo disk full >&2; false'}\n"), recorder);
  EXPECT_EQ(result.hosts.at("red01").error,
            (HostError{"install_failed", "Fail: disk full",
                       "the full output is in " + (workspace / "ansible.log").string()}));
}

TEST_F(RunPlaybook, WhatTheUserSetForAnsibleElsewhereChangesNothing) {
  ::setenv("ANSIBLE_STDOUT_CALLBACK", "minimal", 1);
  ::setenv("ANSIBLE_INVENTORY_ENABLED", "ini", 1);
  ::setenv("PYTHONPATH", workspace.c_str(), 1);
  std::ofstream(workspace / "jinja2.py") << "raise SystemExit('the wrong Python path')\n";
  const auto result = run_playbook(run("    - {name: Say it, raw: 'true'}\n"), recorder);
  ::unsetenv("ANSIBLE_STDOUT_CALLBACK");
  ::unsetenv("ANSIBLE_INVENTORY_ENABLED");
  ::unsetenv("PYTHONPATH");
  EXPECT_TRUE(result.hosts.at("red01").finished);
}

/// Asks as sudo does, and takes one password.
void write_sudo(const fs::path& file) {
  write_file(file,
             "#!/bin/sh\n"
             "while :; do\n"
             "  case $1 in -p) prompt=$2; shift 2 ;; -u) shift 2 ;; -*) shift ;; *) break ;; esac\n"
             "done\n"
             "printf '%s' \"$prompt\" >&2\n"
             "IFS= read -r given\n"
             "[ \"$given\" = 'rather $ecret' ] || { echo 'Sorry, try again.' >&2; exit 1; }\n"
             "exec \"$@\"\n",
             0755);
}

TEST_F(RunPlaybook, SudoIsGivenItsPasswordAndNoFileHasIt) {
  PlaybookRun asked = run("    - {name: As root, raw: 'true', become: true}\n");
  const fs::path sudo = fs::path(testing::TempDir()) / "clustermpi-sudo";
  write_sudo(sudo);
  inventory["_meta"]["hostvars"]["red01"]["ansible_become_exe"] = sudo.string();
  asked.become_password = std::make_shared<const Secret>(Secret("rather $ecret"));
  const auto result = run_playbook(asked, recorder);
  EXPECT_EQ(result.hosts.at("red01").error, std::nullopt);
  EXPECT_TRUE(result.hosts.at("red01").finished);
  for (const auto& entry : fs::recursive_directory_iterator(workspace)) {
    if (!entry.is_regular_file()) continue;
    EXPECT_THAT(read_file(entry.path()), Not(HasSubstr("$ecret"))) << entry.path();
  }
  fs::remove(sudo);
}

TEST_F(RunPlaybook, APlaybookThatCannotBeReadEndsTheRun) {
  PlaybookRun broken = run("");
  write_file(broken.playbook, "- hosts: cluster\n  nonsense: true\n");
  try {
    run_playbook(broken, recorder);
    FAIL() << "no error";
  } catch (const Error& error) {
    EXPECT_EQ(error.code(), ExitCode::local_failure);
    EXPECT_STREQ(error.what(),
                 "ansible-playbook ended with status 4 before the first task: ERROR! 'nonsense' is "
                 "not a valid "
                 "attribute for a Play");
    EXPECT_EQ(error.hint(), "see " + (workspace / "ansible.log").string());
  }
}

}  // namespace
}  // namespace clustermpi
