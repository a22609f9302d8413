// The parts of a lab that need neither root nor a lab: names, networks, sources, records.
#include "provision/lab/lab.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>

#include "hosts/error.hpp"
#include "hosts/inventory.hpp"
#include "provision/files.hpp"
#include "provision/lab/apt.hpp"
#include "provision/lab/host_settings.hpp"
#include "provision/lab/inventory_file.hpp"
#include "provision/lab/mounts.hpp"
#include "provision/lab/names.hpp"
#include "provision/lab/network.hpp"
#include "provision/lab/store.hpp"

namespace clustermpi::lab {
namespace {

namespace fs = std::filesystem;
using testing::ElementsAre;

template <typename Action>
Error error_of(Action&& action) {
  try {
    action();
  } catch (const Error& error) {
    return error;
  }
  ADD_FAILURE() << "nothing was thrown";
  return Error(ExitCode::ok, "");
}

class InFolder : public testing::Test {
 protected:
  void SetUp() override {
    std::string name = testing::TempDir() + "lab.XXXXXX";
    ASSERT_NE(::mkdtemp(name.data()), nullptr);
    folder_ = name;
  }
  void TearDown() override { fs::remove_all(folder_); }
  fs::path folder_;
};

// ---- Names
// ---------------------------------------------------------------------------------------

TEST(LabNames, FollowFromTheLab) {
  EXPECT_EQ(node_name("lab", 1), "lab01");
  EXPECT_EQ(node_name("lab", 99), "lab99");
  EXPECT_EQ(lab_of("lab01"), "lab");
  EXPECT_EQ(lab_of("x-2-y07"), "x-2-y");
  EXPECT_EQ(lab_of("lab"), "");
  EXPECT_EQ(lab_of("01"), "");
  EXPECT_EQ(lab_of("lab1x"), "");
}

TEST(LabNames, TheLongestFitsANic) {
  const std::string longest = "abcdefghij";
  check_lab_name(longest);
  EXPECT_LE(bridge_name(longest).size(), 15U);
  EXPECT_LE(cable_name(node_name(longest, 99)).size(), 15U);
}

TEST(LabNames, RefusesWhatNoHostCanBeCalled) {
  for (const char* bad : {"", "Lab", "1lab", "lab-", "lab_1", "abcdefghijk", "l b", "../x"}) {
    const Error error = error_of([&] { check_lab_name(bad); });
    EXPECT_EQ(error.code(), ExitCode::usage);
    EXPECT_EQ(error.what(), "\"" + std::string(bad) + "\" cannot be the name of a lab");
    EXPECT_EQ(error.hint(),
              "take at most 10 lower-case letters, digits and hyphens, a letter first");
  }
}

TEST(LabRate, ReadsWhatPeopleWrite) {
  EXPECT_EQ(parse_rate("100mbit"), 100'000'000U);
  EXPECT_EQ(parse_rate("1gbit"), 1'000'000'000U);
  EXPECT_EQ(parse_rate("512kbit"), 512'000U);
  EXPECT_EQ(parse_rate("off"), 0U);
}

TEST(LabRate, RefusesWhatIsNone) {
  for (const char* bad : {"", "fast", "100", "mbit", "0mbit", "-1mbit", "1.5mbit", "1 gbit",
                          "101gbit", "99999999999999999999kbit", "1gbits"}) {
    const Error error = error_of([&] { (void)parse_rate(bad); });
    EXPECT_EQ(error.code(), ExitCode::usage);
    EXPECT_EQ(error.what(), "\"" + std::string(bad) + "\" is no rate");
    EXPECT_EQ(error.hint(), "write it as 100mbit, 1gbit or 512kbit, or off to lift the limit");
  }
}

// ---- Networks
// ------------------------------------------------------------------------------------

TEST(LabNetwork, TakesTheFirstFreeOne) {
  EXPECT_EQ(pick_network({}), "10.213.0");
  EXPECT_EQ(pick_network({"default", "192.168.1.0/24", ""}), "10.213.0");
  EXPECT_EQ(pick_network({"10.213.0.0/24", "10.213.1.7"}), "10.213.2");
}

TEST(LabNetwork, KeepsOutOfLargerNetworks) {
  EXPECT_EQ(pick_network({"10.213.0.0/17"}), "10.213.128");
  EXPECT_EQ(pick_network({"10.0.0.0/8"}), "");
  EXPECT_EQ(pick_network({"0.0.0.0/0"}), "");
}

// ---- apt
// -----------------------------------------------------------------------------------------

constexpr const char* debian_stanzas = R"(# a comment
Types: deb deb-src
URIs: http://mirror.example/debian
Suites: bookworm bookworm-updates
Components: main contrib
Signed-By: /usr/share/keyrings/debian-archive-keyring.gpg

Types: deb
URIs: http://mirror.example/debian-security
Suites:
 bookworm-security
Components: main

Types: deb
Enabled: no
URIs: http://off.example/debian
Suites: bookworm
Components: main

Types: deb
URIs: https://vendor.example/debian
Suites: bookworm
Components: main
Signed-By: /usr/share/keyrings/vendor.gpg
)";

TEST(LabApt, TakesOnlyDebiansOwnAndRenamesTheSuite) {
  const auto sources = debian_sources(parse_deb822(debian_stanzas), "bookworm", "trixie");
  ASSERT_EQ(sources.size(), 2U);
  EXPECT_THAT(sources[0].uris, ElementsAre("http://mirror.example/debian"));
  EXPECT_THAT(sources[0].suites, ElementsAre("trixie", "trixie-updates"));
  EXPECT_THAT(sources[0].components, ElementsAre("main", "contrib"));
  EXPECT_THAT(sources[1].suites, ElementsAre("trixie-security"));
}

TEST(LabApt, ReadsSourcesList) {
  const auto sources = parse_sources_list(
      "# deb http://no.example/debian bookworm main\n"
      "deb-src http://no.example/debian bookworm main\n"
      "deb http://mirror.example/debian bookworm main non-free # why not\n"
      "deb [arch=amd64 signed-by=/k/vendor.gpg] https://vendor.example/apt bookworm main\n"
      "deb [ trusted=yes ] file:/srv ./\n");
  ASSERT_EQ(sources.size(), 2U);
  EXPECT_EQ(sources[0],
            (AptSource{{"http://mirror.example/debian"}, {"bookworm"}, {"main", "non-free"}, ""}));
  EXPECT_EQ(sources[1].signed_by, "/k/vendor.gpg");
  EXPECT_EQ(debian_sources(sources, "bookworm", "bookworm").size(), 1U);
}

TEST(LabApt, KnowsTheAliasesOfSuites) {
  const std::vector<AptSource> sources{{{"http://m.example/debian"},
                                        {"stable", "stable-updates", "stable-backports", "sid"},
                                        {"main"},
                                        ""}};
  EXPECT_THAT(debian_sources(sources, "bookworm", "trixie").at(0).suites,
              ElementsAre("trixie", "trixie-updates"));
}

TEST(LabApt, TakesOverHowArchivesAreReached) {
  EXPECT_EQ(relevant_apt_conf("APT::Architecture \"amd64\";\n"
                              "Acquire \"\";\n"
                              "Acquire::http \"\";\n"
                              "Acquire::http::Proxy \"http://proxy.example:3142\";\n"
                              "Acquire::Check-Valid-Until \"false\";\n"
                              "DPkg::Post-Invoke:: \"rm -f /var/cache\";\n"),
            "Acquire::http::Proxy \"http://proxy.example:3142\";\n"
            "Acquire::Check-Valid-Until \"false\";\n");
}

// ---- Records
// -------------------------------------------------------------------------------------

LabRecord two_nodes() {
  return {.name = "lab",
          .network = "10.213.4",
          .inventory = "/somewhere/cluster.toml",
          .complete = true,
          .nodes = {{"lab01", "10.213.4.11", "bookworm", "amd64", 0},
                    {"lab02", "10.213.4.12", "trixie", "arm64", 1'000'000}}};
}

class LabStore : public InFolder {};

TEST_F(LabStore, KeepsARecord) {
  const Store store(folder_);
  EXPECT_EQ(store.load("lab"), std::nullopt);
  fs::create_directories(store.lab_folder("lab"));
  store.save(two_nodes());
  EXPECT_EQ(store.load("lab"), two_nodes());
  EXPECT_THAT(store.names(), ElementsAre("lab"));
}

TEST_F(LabStore, ALabKilledBeforeItsRecordWasWrittenCanBeLoaded) {
  const Store store(folder_);
  fs::create_directories(store.lab_folder("lab"));
  const auto record = store.load("lab");
  ASSERT_TRUE(record);
  EXPECT_EQ(record->name, "lab");
  EXPECT_FALSE(record->complete);
  EXPECT_TRUE(record->nodes.empty());
}

TEST_F(LabStore, ADamagedRecordIsNamed) {
  const Store store(folder_);
  fs::create_directories(store.lab_folder("lab"));
  const fs::path file = store.lab_folder("lab") / "state.json";
  write_file(file, "{\"name\": \"lab\"");
  const Error error = error_of([&] { (void)store.load("lab"); });
  EXPECT_EQ(error.what(), file.string() + " cannot be read: it is not what `lab up` wrote");
}

TEST_F(LabStore, OneAtATime) {
  {
    const FolderLock held = FolderLock::wait(folder_ / "lab");
    EXPECT_FALSE(FolderLock::try_now(folder_ / "lab"));
  }
  EXPECT_TRUE(FolderLock::try_now(folder_ / "lab"));
}

TEST_F(LabStore, MountsAreSeenAndFoldersRemoved) {
  EXPECT_TRUE(is_mount_point("/proc"));
  EXPECT_FALSE(is_mount_point(folder_));
  EXPECT_TRUE(mounts_below(folder_).empty());
  fs::create_directories(folder_ / "a" / "b");
  remove_folder(folder_ / "a");
  EXPECT_FALSE(fs::exists(folder_ / "a"));
  remove_folder(folder_ / "a");  // twice is no mistake
}

// ---- Settings of this machine
// ----------------------------------------------------------------------

class LabHostSettings : public InFolder {
 protected:
  void set(const std::string& key, const std::string& value) {
    fs::create_directories((folder_ / "sys" / key).parent_path());
    std::ofstream(folder_ / "sys" / key) << value << '\n';
  }
  [[nodiscard]] std::string get(const std::string& key) const {
    std::string value;
    std::ifstream(folder_ / "sys" / key) >> value;
    return value;
  }
  [[nodiscard]] HostSettings settings() const {
    return HostSettings(folder_ / "host.json", folder_ / "sys");
  }
};

TEST_F(LabHostSettings, AreRaisedAndPutBack) {
  set("net/ipv4/ip_forward", "0");
  set("fs/inotify/max_user_instances", "128");
  settings().prepare();
  EXPECT_EQ(get("net/ipv4/ip_forward"), "1");
  EXPECT_EQ(get("fs/inotify/max_user_instances"), "1024");
  settings().prepare();  // a second lab must not take ours for what was before
  settings().restore();
  EXPECT_EQ(get("net/ipv4/ip_forward"), "0");
  EXPECT_EQ(get("fs/inotify/max_user_instances").substr(0, 3), "128");
  EXPECT_FALSE(fs::exists(folder_ / "host.json"));
}

TEST_F(LabHostSettings, EnoughIsLeftAlone) {
  set("net/ipv4/ip_forward", "1");
  set("fs/inotify/max_user_instances", "8192");
  settings().prepare();
  EXPECT_EQ(get("fs/inotify/max_user_instances"), "8192");
  settings().restore();
  EXPECT_EQ(get("net/ipv4/ip_forward"), "1");
}

// ---- The inventory
// -------------------------------------------------------------------------------

TEST(LabInventory, IsOneThatTheOtherCommandsTake) {
  const ParsedInventory parsed = parse_inventory(inventory_text(two_nodes()), "cluster.toml");
  EXPECT_TRUE(parsed.diagnostics.empty());
  const Inventory& inventory = parsed.inventory;
  EXPECT_EQ(inventory.name, "lab");
  EXPECT_EQ(inventory.manager, "lab01");
  EXPECT_EQ(inventory.network, "10.213.4.0/24");
  EXPECT_EQ(inventory.identity, "/somewhere/.clustermpi/lab_ed25519");
  ASSERT_EQ(inventory.hosts.size(), 2U);
  EXPECT_EQ(inventory.hosts[1].name, "lab02");
  EXPECT_EQ(inventory.hosts[1].address, "10.213.4.12");
  EXPECT_EQ(inventory.hosts[1].user, "pi");
  EXPECT_TRUE(inventory.slurm);
}

TEST(LabInventory, LeavesSlurmOutWhereItIsNotWanted) {
  LabRecord lab = two_nodes();
  lab.slurm = false;
  EXPECT_FALSE(parse_inventory(inventory_text(lab), "cluster.toml").inventory.slurm);
}

class LabInventoryFile : public InFolder {
 protected:
  [[nodiscard]] LabRecord record() const {
    LabRecord lab = two_nodes();
    lab.inventory = folder_ / "cluster.toml";
    return lab;
  }
};

TEST_F(LabInventoryFile, SomebodyElsesIsNotOverwritten) {
  write_file(folder_ / "cluster.toml", "[cluster]\nname = \"red\"\n");
  const Error error = error_of([&] { check_inventory_is_ours(record()); });
  EXPECT_EQ(error.what(),
            (folder_ / "cluster.toml").string() + " exists and is not that of the lab \"lab\"");
  EXPECT_EQ(error.hint(), "name another file with --inventory, or overwrite this one with --force");
}

TEST_F(LabInventoryFile, GoesWithTheLabUnlessItWasEdited) {
  write_inventory(record());
  check_inventory_is_ours(record());
  check_inventory_is_unedited(record());
  forget_inventory(record());
  EXPECT_FALSE(fs::exists(folder_ / "cluster.toml"));

  write_file(folder_ / "cluster.toml", inventory_text(record()) + "\n[mpi]\n");
  const Error error = error_of([&] { check_inventory_is_unedited(record()); });
  EXPECT_EQ(error.what(),
            (folder_ / "cluster.toml").string() + " was edited since `lab up` wrote it");
  forget_inventory(record());
  EXPECT_TRUE(fs::exists(folder_ / "cluster.toml"));
}

TEST_F(LabInventoryFile, NothingOfTheLabStaysInTheWorkspace) {
  (void)make_identity(record());
  EXPECT_EQ(fs::status(identity_file(record())).permissions(),
            fs::perms::owner_read | fs::perms::owner_write);
  pin_host_key(
      record(), record().nodes[0],
      {"ssh-ed25519", "AAAAC3NzaC1lZDI1NTE5AAAAIICrl22B2Og2UUbUfKaD3TmtJkaD9VDIVmmBr1FIA/Jj"});
  EXPECT_TRUE(fs::exists(folder_ / ".clustermpi" / "known_hosts"));
  forget_inventory(record());
  EXPECT_FALSE(fs::exists(folder_ / ".clustermpi"));
}

}  // namespace
}  // namespace clustermpi::lab
