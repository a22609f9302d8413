// Against the real ssh: what we read, share and keep must be what it says of each host.
#include "provision/openssh_settings.hpp"

#include <gmock/gmock.h>
#include <stdlib.h>

#include <fmt/format.h>
#include <thread>

#include "hosts/error.hpp"
#include "hosts/writers.hpp"
#include "provision/files.hpp"
#include "provision/process.hpp"

namespace clustermpi {
namespace {

namespace fs = std::filesystem;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

const LocalUser ada{"ada", 1000, "/home/ada", "desk.example.org"};

TEST(SshAnswer, IsReadWithTokensFilledIn) {
  ::setenv("SSH_AUTH_SOCK", "/run/agent", 1);
  ::setenv("CLUSTERMPI_TEST_KEYS", "/keys", 1);
  const HostSettings settings = read_settings(
      "host red\nuser pi\nhostname red.lan\nport 2200\naddressfamily inet6\nidentitiesonly yes\n"
      "stricthostkeychecking true\nhostkeyalias red-key\nidentityfile ~/.ssh/%n_%h_%p_%r\n"
      "identityfile %d/%u.%i/%L%%%l\nidentityfile ${CLUSTERMPI_TEST_KEYS}/%k\nidentityfile none\n"
      "certificatefile /c/%C\nuserknownhostsfile /a ~/b\nglobalknownhostsfile none\n"
      "revokedhostkeys ~/revoked\nconnecttimeout 60\nproxycommand nc %h %p # 100%%\n",
      {"red"}, ada);
  EXPECT_EQ(settings.address, "red.lan");
  EXPECT_EQ(settings.port, 2200);
  EXPECT_EQ(settings.user, "pi");
  EXPECT_EQ(settings.host_key_alias, "red-key");
  EXPECT_THAT(settings.identities,
              ElementsAre("/home/ada/.ssh/red_red.lan_2200_pi",
                          "/home/ada/ada.1000/desk%desk.example.org", "/keys/red-key"));
  // printf desk.example.orgred.lan2200pi | sha1sum
  EXPECT_THAT(settings.certificates, ElementsAre("/c/46a7e3ff73bc4e80402233bdef2035343b6a9c71"));
  EXPECT_TRUE(settings.identities_only);
  EXPECT_EQ(settings.agent, "/run/agent");
  EXPECT_EQ(settings.proxy_command, "nc red.lan 2200 # 100%");
  EXPECT_THAT(settings.user_known_hosts, ElementsAre("/a", "/home/ada/b"));
  EXPECT_THAT(settings.global_known_hosts, IsEmpty());
  EXPECT_EQ(settings.revoked_host_keys, "/home/ada/revoked");
  EXPECT_TRUE(settings.strict);
  EXPECT_EQ(settings.connect_timeout, std::chrono::seconds(60));
}

TEST(SshAnswer, NamesTheAgent) {
  const auto agent = [](const std::string& says) {
    return read_settings("hostname red\nport 22\nuser pi\n" + says, {"red"}, ada).agent;
  };
  ::setenv("SSH_AUTH_SOCK", "/run/agent", 1);
  ::setenv("CLUSTERMPI_TEST_AGENT", "/run/other", 1);
  EXPECT_EQ(agent("identityagent none\n"), "");
  EXPECT_EQ(agent("identityagent SSH_AUTH_SOCK\n"), "/run/agent");
  EXPECT_EQ(agent("identityagent $CLUSTERMPI_TEST_AGENT\n"), "/run/other");
  EXPECT_EQ(agent("identityagent /run/%d\n"), "/run/%d") << "ssh has filled in its tokens";
  ::unsetenv("SSH_AUTH_SOCK");
  EXPECT_EQ(agent(""), "");
}

TEST(SshAnswer, RefusesWhatNobodyCanFillIn) {
  const auto refusal = [](const std::string& path) {
    try {
      (void)read_settings("hostname red\nport 22\nuser pi\nidentityfile " + path, {"red"}, ada);
      return std::string("none");
    } catch (const Error& error) {
      return fmt::format("{} / {}", error.what(), error.hint());
    }
  };
  EXPECT_EQ(refusal("/k/%z"),
            "ssh's configuration for red has an unknown token in /k/%z / ssh_config(5) lists them "
            "under TOKENS; a plain % is %%");
  EXPECT_EQ(refusal("/k/${CLUSTERMPI_TEST_UNSET}"),
            "ssh's configuration for red names the environment variable CLUSTERMPI_TEST_UNSET, "
            "which is not set / set it, or write the value into ~/.ssh/config");
}

class OpensshSettingsTest : public testing::Test {
 protected:
  OpensshSettingsTest() {
    std::string name = (fs::temp_directory_path() / "clustermpi-settings-XXXXXX").string();
    folder_ = ::mkdtemp(name.data());
    inventory_ = parse_inventory(
                     "[cluster]\nuser='pi'\n"
                     "[[hosts]]\nnames='red,red0[1-6]'\naddress='10.0.0.[10-16]'\n"
                     "[[hosts]]\nnames='blue0[1-3]'\n"
                     "[[hosts]]\nnames='Green'\naddress='Green.LAN'\nport=2200\n"
                     "[[hosts]]\nnames='six'\naddress='2001:db8::6'\nuser='ubuntu'\n",
                     "cluster.toml")
                     .inventory;
  }
  ~OpensshSettingsTest() override { fs::remove_all(folder_); }

  fs::path configure(const std::string& text) {
    write_file(folder_ / "config", text, 0600);
    return folder_ / "config";
  }
  /// A new run with that configuration of the user's.
  OpensshSettings settings() {
    return {inventory_, workspace_(), local_user(), {folder_ / "config"}, cancel_};
  }
  [[nodiscard]] Workspace workspace_() const { return Workspace(folder_ / "cluster.toml"); }
  [[nodiscard]] std::vector<const Host*> all() const {
    std::vector<const Host*> hosts;
    for (const Host& host : inventory_.hosts) hosts.push_back(&host);
    return hosts;
  }
  /// What ssh says when it is asked about this host alone.
  [[nodiscard]] HostSettings alone(const std::string& host, const std::string& config) const {
    write_file(folder_ / "asked", config, 0600);
    const auto result = run_process({"ssh", "-T", "-G", "-F", folder_ / "asked", host});
    EXPECT_TRUE(result.ok()) << result.err;
    return read_settings(result.out, {host}, local_user());
  }
  [[nodiscard]] std::string question() const {
    return ssh_config(inventory_, {local_user().home, {folder_ / "config"}, {}, {}});
  }
  [[nodiscard]] std::string rendered() const {
    return render_ssh_config(inventory_, workspace_(), local_user(), {folder_ / "config"});
  }
  std::string refusal() {
    try {
      (void)settings().of(all());
      return "none";
    } catch (const Error& error) {
      return fmt::format("{} / {}", error.what(), error.hint());
    }
  }

  fs::path folder_;
  Inventory inventory_;
  CancelToken cancel_;
};

struct Configuration {
  std::string text;
  std::size_t questions;  // that 12 hosts cost
};

/// @FOLDER@ is that of the test.
const std::vector<Configuration> configurations = {
    {"", 4},
    {"Host *\n  IdentityFile ~/.ssh/work\n  ControlPath ~/.ssh/%r@%h:%p\n  ForwardAgent yes\n", 4},
    {"Host red0[1]\n  Port 2022\n", 12},
    {"Host red*\n  Port 2022\n  IdentityAgent none\nHost red0? !red04\n  IdentityFile /k/a\n"
     "  IdentitiesOnly yes\nHost *\n  User nobody\n  Port 2023\n",
     5},
    {"Host blue*\n  HostName 10.9.9.9\n  HostKeyAlias Blues\n", 4},
    {"Host blue*\n  HostName blue02\n", 5},
    {"Host blue*\n  HostName blue01\n", 5},
    {"HostName %h.example.org\nUserKnownHostsFile /kh/%h /kh/%%n ~/x\n", 12},
    {"Host red0*\n  UserKnownHostsFile /dev/null\n  StrictHostKeyChecking no\n", 5},
    {"Host six\n  StrictHostKeyChecking yes\n  AddressFamily inet6\n  ConnectTimeout 1m\n", 4},
    {"ProxyJump gate\nHost gate\n  ProxyJump none\n", 4},
    {"Match host 10.0.0.1?,green.lan\n  Port 2222\n  CertificateFile /c/%n-cert.pub\n", 12},
    {"Match final host *.lan\n  IdentityFile /k/lan\nHost Green\n  ProxyCommand nc %h %p\n", 12},
    {"Match originalhost blue0* user pi exec \"true\"\n  Port 4\n", 12},
    {"CanonicalizeHostname no\nHost \"red01\" blue01\n  port=7\n  hostkeyalias = X\n", 12},
    {"Include @FOLDER@/more.d/*\nHost blue*\n  Port 1\n", 6},
    {"Host red01\n  Include @FOLDER@/more.d/*\nHost red0*\n  Port 3\n", 8},
    {"GlobalKnownHostsFile /g/a /g/b\nRevokedHostKeys ~/.ssh/revoked\n", 4},
};

class RealSsh : public OpensshSettingsTest, public testing::WithParamInterface<std::size_t> {
 protected:
  RealSsh() {
    std::string text = configurations.at(GetParam()).text;
    const std::string marker = "@FOLDER@";
    for (std::size_t at = 0; (at = text.find(marker)) != std::string::npos;)
      text.replace(at, marker.size(), folder_.string());
    configure(text);
    fs::create_directory(folder_ / "more.d");
    write_file(folder_ / "more.d" / "one", "Host blue01\n  Port 1001\n", 0600);
    write_file(folder_ / "more.d" / "two", "Host red05 six\n  IdentityFile /k/two\n", 0600);
  }
};

TEST_P(RealSsh, SaysTheSameOfEachHostAlone) {
  OpensshSettings shared = settings();
  const std::vector<HostSettings> found = shared.of(all());
  for (std::size_t i = 0; i < found.size(); ++i)
    EXPECT_EQ(found[i], alone(inventory_.hosts[i].name, question())) << inventory_.hosts[i].name;
  EXPECT_EQ(shared.times_asked(), configurations.at(GetParam()).questions);
}

TEST_P(RealSsh, FindsTheSameInTheRenderedFile) {
  const std::vector<HostSettings> found = settings().of(all());
  for (std::size_t i = 0; i < found.size(); ++i) {
    HostSettings in_file = alone(inventory_.hosts[i].name, rendered());
    EXPECT_TRUE(in_file.strict) << "ssh itself asks nobody";
    EXPECT_EQ(in_file.global_known_hosts.at(0), workspace_().known_hosts());
    in_file.global_known_hosts.erase(in_file.global_known_hosts.begin());
    in_file.strict = found[i].strict;
    EXPECT_EQ(found[i], in_file) << inventory_.hosts[i].name;
  }
}

INSTANTIATE_TEST_SUITE_P(Configurations, RealSsh,
                         testing::Range<std::size_t>(0, configurations.size()));

TEST_F(OpensshSettingsTest, AnswersAreKeptForTheNextRun) {
  configure("Host red*\n  Port 2022\n");
  OpensshSettings first = settings();
  const auto found = first.of(all());
  EXPECT_GT(first.times_asked(), 0u);
  OpensshSettings second = settings();
  EXPECT_EQ(second.of(all()), found);
  EXPECT_EQ(second.times_asked(), 0u);
  EXPECT_EQ(std::distance(fs::directory_iterator(folder_ / ".clustermpi"), {}), 1)
      << "the file that ssh was asked about is gone";
}

TEST_F(OpensshSettingsTest, AnswersAreKeptOnlyWhileEverythingStaysTheSame) {
  write_file(folder_ / "included", "Host red01\n  Port 1\n", 0600);
  configure("Include " + (folder_ / "incl*").string() + "\n");
  const auto port_of_red01 = [&] { return settings().of({inventory_.find("red01")})[0].port; };
  EXPECT_EQ(port_of_red01(), 1);
  write_file(folder_ / "included", "Host red01\n  Port 2\n", 0600);
  EXPECT_EQ(port_of_red01(), 2) << "an included file has changed";
  write_file(folder_ / "incl", "Host red01\n  Port 3\n", 0600);
  EXPECT_EQ(port_of_red01(), 3) << "a file is new";
  inventory_.hosts[1].port = 4;
  EXPECT_EQ(port_of_red01(), 4) << "the inventory has changed";
}

TEST_F(OpensshSettingsTest, WhatAProgramDecidesIsAskedEachTime) {
  const fs::path flag = folder_ / "flag";
  configure("Match exec \"test -e " + flag.string() + "\"\n  Port 5\n");
  EXPECT_EQ(settings().of({inventory_.find("red01")})[0].port, 22);
  write_file(flag, "");
  EXPECT_EQ(settings().of({inventory_.find("red01")})[0].port, 5);
}

TEST_F(OpensshSettingsTest, ADamagedCacheIsAskedForAgain) {
  configure("Port 6\n");
  const auto ask = [&] { return settings().of({inventory_.find("red01")})[0].port; };
  EXPECT_EQ(ask(), 6);
  write_file(folder_ / ".clustermpi" / "ssh_settings.json", "{\"of\": ");
  EXPECT_EQ(ask(), 6);
}

TEST_F(OpensshSettingsTest, AHopHasItsOwnWords) {
  configure("Host gate\n  HostName 10.1.1.1\n  User me\n  ProxyJump outer\n");
  OpensshSettings settings = this->settings();
  HostSettings gate = settings.of({"gate"});
  EXPECT_EQ(gate.address, "10.1.1.1");
  EXPECT_EQ(gate.user, "me");
  EXPECT_EQ(gate.proxy_jump, "outer");
  gate = settings.of({"gate", "you", 2200, "first"});
  EXPECT_EQ(gate.user, "you");
  EXPECT_EQ(gate.port, 2200);
  EXPECT_EQ(gate.proxy_jump, "first");
}

TEST_F(OpensshSettingsTest, SaysInSshsWordsWhatIsWrong) {
  const fs::path file = configure("Host *\n  Prot 22\n");
  EXPECT_EQ(refusal(), "ssh refuses its configuration for " + inventory_.hosts[0].name + ": " +
                           file.string() +
                           ": line 2: Bad configuration option: prot / put that right; `ssh -G "
                           "red` shows when it is");
}

TEST_F(OpensshSettingsTest, NeedsSsh) {
  configure("");
  const std::string path = ::getenv("PATH");
  ::setenv("PATH", folder_.c_str(), 1);
  EXPECT_EQ(refusal(),
            "the program ssh is not installed / install it: apt-get install openssh-client");
  ::setenv("PATH", path.c_str(), 1);
}

TEST_F(OpensshSettingsTest, EndsAtOnceWhenItIsCancelled) {
  configure("Match exec \"sleep 60\"\n  Port 2\n");
  const auto start = std::chrono::steady_clock::now();
  std::jthread impatient([&] {
    std::this_thread::sleep_for(std::chrono::milliseconds(300));
    cancel_.cancel();
  });
  EXPECT_EQ(refusal(), "interrupted / run the same command again to go on");
  EXPECT_LT(std::chrono::steady_clock::now() - start, std::chrono::seconds(10));
}

}  // namespace
}  // namespace clustermpi
