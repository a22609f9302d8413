#include "provision/connections.hpp"

#include <fmt/format.h>
#include <gmock/gmock.h>
#include <stdlib.h>

#include "hosts/error.hpp"
#include "provision/files.hpp"

namespace clustermpi {
namespace {

namespace fs = std::filesystem;
using testing::Contains;
using testing::ElementsAre;
using testing::IsEmpty;
using testing::SizeIs;

class ConnectionsTest : public testing::Test {
 protected:
  ConnectionsTest() {
    std::string name = (fs::temp_directory_path() / "clustermpi-ways-XXXXXX").string();
    folder_ = ::mkdtemp(name.data());
  }
  ~ConnectionsTest() override { fs::remove_all(folder_); }

  /// Hosts red (10.0.0.10), red01 and red02, with `ssh` in the inventory and `config` of the
  /// user's.
  Connections connections(const std::string& ssh, const std::string& config) {
    inventory_ = parse_inventory(
                     "[cluster]\nuser='pi'\n[[hosts]]\nnames='red,red0[1-2]'\n"
                     "address='10.0.0.[10-12]'\n[ssh]\n" +
                         ssh,
                     "cluster.toml")
                     .inventory;
    write_file(folder_ / "config", config, 0600);
    OpensshSettings settings(inventory_, Workspace(folder_ / "cluster.toml"), local_user(),
                             {folder_ / "config"}, cancel_);
    std::vector<const Host*> hosts;
    for (const Host& host : inventory_.hosts) hosts.push_back(&host);
    return find_connections(hosts, settings);
  }

  /// "user@address:port <- the hop before it <- ..." of each target.
  static std::vector<std::string> ways(const Connections& all) {
    std::vector<std::string> ways;
    for (const Target& target : all.targets) {
      std::string way = place(target);
      for (auto jump = target.jump; jump; jump = all.jumps.at(*jump).jump)
        way += " <- " + place(all.jumps.at(*jump));
      ways.push_back(way);
    }
    return ways;
  }
  static std::string place(const Target& target) {
    return fmt::format("{}@{}:{}", target.user, target.address, target.port);
  }

  std::string refusal(const std::string& ssh, const std::string& config) {
    try {
      (void)connections(ssh, config);
      return "none";
    } catch (const Error& error) {
      return fmt::format("{} / {}", error.what(), error.hint());
    }
  }

  fs::path folder_;
  Inventory inventory_;
  CancelToken cancel_;
};

TEST_F(ConnectionsTest, AreDirectWhereNothingElseIsSaid) {
  const Connections all = connections("", "Host red02\n  Port 2200\n  HostKeyAlias card\n");
  EXPECT_THAT(ways(all), ElementsAre("pi@10.0.0.10:22", "pi@10.0.0.11:22", "pi@10.0.0.12:2200"));
  EXPECT_THAT(all.jumps, IsEmpty());
  EXPECT_EQ(all.targets[0].name, "red");
  EXPECT_EQ(all.targets[2].host_key_alias, "card");
  EXPECT_EQ(all.targets[0].credentials, all.targets[2].credentials) << "a key is read once";
  EXPECT_EQ(all.connect_timeout, std::chrono::seconds(10));
  EXPECT_FALSE(all.strict);
}

TEST_F(ConnectionsTest, ShareTheHopsOfTheInventory) {
  const Connections all = connections("jump='ada@gate:2222,inner'", "Host inner\n  User ben\n");
  EXPECT_THAT(ways(all), testing::Each(testing::EndsWith(" <- ben@inner:22 <- ada@gate:2222")));
  EXPECT_THAT(all.jumps, SizeIs(2));
}

TEST_F(ConnectionsTest, TakeWhatTheUsersConfigurationSaysOfAHop) {
  const Connections all = connections(
      "jump='gate'",
      "Host gate\n  HostName gate.example.org\n  User ada\n  Port 2222\n  ProxyJump outer\n"
      "  IdentityFile /keys/gate\n  UserKnownHostsFile /kh/gate\n");
  const std::string user = local_user().name;
  EXPECT_THAT(ways(all), testing::Each(testing::EndsWith(" <- ada@gate.example.org:2222 <- " +
                                                         user + "@outer:22")));
  const Target& gate = all.jumps.at(*all.targets[0].jump);
  EXPECT_EQ(gate.name, "gate");
  EXPECT_THAT(gate.credentials->identities, ElementsAre("/keys/gate"));
  EXPECT_THAT(all.known_hosts, Contains("/kh/gate"));
}

TEST_F(ConnectionsTest, MayLeadThroughAHostOfTheCluster) {
  const Connections all = connections("jump='red'", "");
  EXPECT_THAT(ways(all), ElementsAre("pi@10.0.0.10:22", "pi@10.0.0.11:22 <- pi@10.0.0.10:22",
                                     "pi@10.0.0.12:22 <- pi@10.0.0.10:22"));
}

TEST_F(ConnectionsTest, MayDifferFromHostToHost) {
  const Connections all =
      connections("",
                  "Host red01\n  ProxyJump a,b\nHost red02\n  ProxyJump u@b\nHost b\n"
                  "  User u\n  ProxyJump a\nHost a\n  User v\n");
  EXPECT_THAT(ways(all), ElementsAre("pi@10.0.0.10:22", "pi@10.0.0.11:22 <- u@b:22 <- v@a:22",
                                     "pi@10.0.0.12:22 <- u@b:22 <- v@a:22"));
  EXPECT_THAT(all.jumps, SizeIs(2)) << "b is one hop, however it is called";
}

TEST_F(ConnectionsTest, MayHaveTokensInTheNameOfAHop) {
  const Connections all = connections("", "Host red0*\n  ProxyJump %r@gate-%n.lan\n");
  EXPECT_THAT(ways(all), ElementsAre("pi@10.0.0.10:22", "pi@10.0.0.11:22 <- pi@gate-red01.lan:22",
                                     "pi@10.0.0.12:22 <- pi@gate-red02.lan:22"));
}

TEST_F(ConnectionsTest, GiveEachHopANameOfItsOwn) {
  const Connections all =
      connections("", "Host red01\n  ProxyJump a@gate\nHost red02\n  ProxyJump b@gate:2200\n");
  ASSERT_THAT(all.jumps, SizeIs(2));
  EXPECT_EQ(all.jumps[0].name, "gate");
  EXPECT_EQ(all.jumps[1].name, "b@gate:2200");
}

TEST_F(ConnectionsTest, RefuseAWayInCircles) {
  EXPECT_EQ(refusal("jump='a'", "Host a\n  ProxyJump b\nHost b\n  ProxyJump a\n"),
            "the way to red leads back to itself: red -> a -> b -> a / one of them must be reached "
            "directly: give it `ProxyJump none` in ~/.ssh/config");
  EXPECT_EQ(refusal("", "Host *\n  ProxyJump gate\n"),
            "ssh refuses its configuration for gate: jumphost loop via gate / put that right; `ssh "
            "-G gate` shows when it is");
}

TEST_F(ConnectionsTest, RefuseACommandThatHandsOverASocket) {
  EXPECT_EQ(refusal("", "ProxyUseFdpass yes\nHost red01\n  ProxyCommand nc -F %h %p\n"),
            "the ProxyCommand of red01 hands over a socket (ProxyUseFdpass), which only ssh itself "
            "can take / give it a command that carries the bytes, or ProxyJump, in ~/.ssh/config");
  EXPECT_EQ(refusal("", "ProxyUseFdpass yes\n"), "none");
}

TEST_F(ConnectionsTest, KnowWhatTheUserTrusts) {
  const Connections all =
      connections("",
                  "GlobalKnownHostsFile /kh/global\nRevokedHostKeys /kh/revoked\nHost red01\n  "
                  "UserKnownHostsFile /kh/one /kh/two\n"
                  "  StrictHostKeyChecking yes\nHost *\n  UserKnownHostsFile /dev/null\n");
  EXPECT_THAT(all.known_hosts,
              testing::UnorderedElementsAre("/dev/null", "/kh/global", "/kh/one", "/kh/two"));
  EXPECT_THAT(all.revoked_keys, ElementsAre("/kh/revoked"));
  EXPECT_TRUE(all.strict);
  EXPECT_FALSE(connections("", "StrictHostKeyChecking no\n").strict);
}

TEST_F(ConnectionsTest, BringWhatIsTrustedAndWhatIsTrustedNoMore) {
  // Made with ssh-keygen for this test.
  const HostKey good{"ssh-ed25519",
                     "AAAAC3NzaC1lZDI1NTE5AAAAIIIwH6Nlo5tBN0hPl+36xcWGGQJPt/ZBOyl6BJiV/kk3"};
  const HostKey bad{"ssh-ed25519",
                    "AAAAC3NzaC1lZDI1NTE5AAAAIJuUQu41X5laK97FWVeiY0HiRCQAgh/RYrO5e87qnmcH"};
  write_file(folder_ / "kh", "10.0.0.10 ssh-ed25519 " + good.base64 + "\n10.0.0.11 ssh-ed25519 " +
                                 bad.base64 + "\n");
  write_file(folder_ / "revoked", "ssh-ed25519 " + bad.base64 + "\n");
  const auto known = read_known_hosts(
      folder_ / "pins", connections("", "UserKnownHostsFile " + (folder_ / "kh").string() +
                                            "\nRevokedHostKeys " + (folder_ / "revoked").string()));
  EXPECT_EQ(known->check("10.0.0.10", 22, good).verdict, KnownHosts::Verdict::known);
  EXPECT_EQ(known->check("10.0.0.11", 22, bad).verdict, KnownHosts::Verdict::revoked);
}

TEST_F(ConnectionsTest, CarryCredentialsAndCommands) {
  const Connections all = connections("identity='/keys/cluster'",
                                      "Host red01\n  ProxyCommand nc %h %p\n  IdentityAgent "
                                      "/run/agent\n  CertificateFile /c.pub\n");
  EXPECT_EQ(all.targets[1].proxy_command, "nc 10.0.0.11 22");
  EXPECT_FALSE(all.targets[1].jump);
  EXPECT_EQ(all.targets[1].credentials->agent, "/run/agent");
  EXPECT_THAT(all.targets[1].credentials->certificates, ElementsAre("/c.pub"));
  for (const Target& target : all.targets) {
    EXPECT_THAT(target.credentials->identities, ElementsAre("/keys/cluster"));
    EXPECT_TRUE(target.credentials->identities_only);
  }
}

}  // namespace
}  // namespace clustermpi
