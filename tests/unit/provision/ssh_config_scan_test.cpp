#include "provision/ssh_config_scan.hpp"
#include "provision/host_patterns.hpp"

#include <gmock/gmock.h>
#include <stdlib.h>

#include <string>

#include "provision/files.hpp"

namespace clustermpi {
namespace {

using Patterns = std::vector<std::string>;

namespace fs = std::filesystem;
using testing::ElementsAre;
using testing::IsEmpty;

class ScanSshConfig : public testing::Test {
 protected:
  ScanSshConfig() {
    std::string name = (fs::temp_directory_path() / "clustermpi-scan-XXXXXX").string();
    home_ = ::mkdtemp(name.data());
    fs::create_directories(home_ / ".ssh" / "config.d");
  }
  ~ScanSshConfig() override { fs::remove_all(home_); }

  SshConfigScan scan(const std::string& text) {
    write("config", text);
    return scan_ssh_config({home_ / ".ssh/config"}, home_);
  }
  void write(const std::string& name, const std::string& text) {
    write_file(home_ / ".ssh" / name, text);
  }

  fs::path home_;
};

TEST_F(ScanSshConfig, FindsHostLines) {
  const SshConfigScan scan = this->scan(
      "# Host no\nUser ada\nHost red* !red02\n\tPort 2200\n  hOST=blue  green\nHost = gate\r\n"
      "  ControlPath ~/.ssh/%r@%h:%p\nMatch all\n  HostName Gate.Example.ORG\n");
  EXPECT_THAT(scan.host_lines,
              ElementsAre(Patterns{"red*", "!red02"}, Patterns{"blue", "green"}, Patterns{"gate"}));
  EXPECT_THAT(scan.host_names, ElementsAre("gate.example.org"));
  EXPECT_FALSE(scan.each_host_alone);
  EXPECT_FALSE(scan.fleeting);
}

TEST_F(ScanSshConfig, FollowsIncludes) {
  write("config.d/10-a", "Host a\n");
  write("config.d/20-b", "Host b\nInclude config.d/10-a\n");
  write("other", "Host c\n");
  const SshConfigScan scan = this->scan("Include config.d/* ~/.ssh/other\nInclude /none\nHost d\n");
  EXPECT_THAT(scan.host_lines, ElementsAre(Patterns{"a"}, Patterns{"b"}, Patterns{"a"},
                                           Patterns{"c"}, Patterns{"d"}));
  EXPECT_EQ(scan.files.size(), 5u);
  EXPECT_FALSE(scan.each_host_alone);
}

TEST_F(ScanSshConfig, EndsWhereAFileIncludesItself) {
  EXPECT_TRUE(scan("Include config\n").fleeting);
}

TEST_F(ScanSshConfig, LetsEachHostBeAskedAloneWhereSomethingElseTellsThemApart) {
  for (const std::string text : {"Match host red*\n Port 2\n", "Match final all\n",
                                 "HostName %h.lan\n", "IdentityFile ~/.ssh/%n\n", "Host \"red*\"\n",
                                 "HostName \"blue01\"\n", "Host red* # ours\n"}) {
    EXPECT_TRUE(scan(text).each_host_alone) << text;
    EXPECT_FALSE(scan(text).fleeting) << text;
  }
}

TEST_F(ScanSshConfig, KeepsNoAnswerThatDependsOnMoreThanFiles) {
  for (const std::string text :
       {"Match exec \"true\"\n", "Match host a exec true\n", "Match !localnetwork 10.0.0.0/8\n",
        "Match something\n", "CanonicalizeHostname yes\n", "UserKnownHostsFile ${HOME}/kh\n",
        "Include \"a b\"\n", "Include ~other/config\n", "Include ${X}\n", "\"Host\" a\n"})
    EXPECT_TRUE(scan(text).fleeting) << text;
  EXPECT_FALSE(scan("CanonicalizeHostname no\n").each_host_alone);
}

TEST_F(ScanSshConfig, NotesGlobalKnownHostsFiles) {
  EXPECT_THAT(scan("GlobalKnownHostsFile /a /b # both\nHost x\nGlobalKnownHostsFile none\n"
                   "GlobalKnownHostsFile /a /b\n")
                  .global_known_hosts,
              ElementsAre("/a /b", "none"));
}

TEST_F(ScanSshConfig, CountsMissingFilesAsEmpty) {
  EXPECT_THAT(scan_ssh_config({home_ / "none"}, home_).files, IsEmpty());
}

TEST(MatchesPatterns, ApplyAsInOpenSsh) {
  EXPECT_TRUE(matches_patterns({"red*"}, "red01"));
  EXPECT_TRUE(matches_patterns({"red*"}, "red"));
  EXPECT_TRUE(matches_patterns({"*"}, "red"));
  EXPECT_TRUE(matches_patterns({"*d*1"}, "red01"));
  EXPECT_TRUE(matches_patterns({"red0?"}, "red01"));
  EXPECT_TRUE(matches_patterns({"blue", "red"}, "red"));
  EXPECT_FALSE(matches_patterns({"red"}, "red01"));
  EXPECT_FALSE(matches_patterns({"red0?"}, "red0"));
  EXPECT_FALSE(matches_patterns({"*d*2"}, "red01"));
  EXPECT_FALSE(matches_patterns({"RED"}, "red"));
  EXPECT_FALSE(matches_patterns({"red*", "!red01"}, "red01"));
  EXPECT_FALSE(matches_patterns({"!red01"}, "red02")) << "an exclusion alone matches nothing";
}

}  // namespace
}  // namespace clustermpi
