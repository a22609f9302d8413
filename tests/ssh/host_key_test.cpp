// Which host keys are let in, and what is said about the others.
#include <gmock/gmock.h>

#include "tests/ssh/sshd.hpp"

namespace clustermpi::test {
namespace {

class HostKeyTest : public SshTest {
 protected:
  HostKeyTest() {
    options.on_new_host_key = [this](const std::string& host, const std::string& print,
                                     const std::string& type) {
      accepted.push_back(host + " " + print + " " + type);
    };
  }

  std::unique_ptr<Sshd> sshd = start_sshd();
  Target node = sshd->target("red01");
  std::vector<std::string> accepted;

  [[nodiscard]] std::string print() const { return fingerprint(public_key(sshd->host_key())); }
  [[nodiscard]] std::string place() const {
    return fmt::format("{} port {}", node.address, node.port);
  }
  [[nodiscard]] std::string known_name() const {
    return fmt::format("[{}]:{}", node.address, node.port);
  }
  [[nodiscard]] std::string known_line(const fs::path& key) const {
    const HostKey shown = public_key(key);
    return fmt::format("{} {} {}\n", known_name(), shown.type, shown.base64);
  }
};

TEST_F(HostKeyTest, AcceptNewPinsOnceAndSaysSo) {
  EXPECT_TRUE(run_one(node, "true").ok());
  EXPECT_TRUE(run_one(node, "true").ok());
  EXPECT_THAT(accepted, testing::ElementsAre("red01 " + print() + " ssh-ed25519"));
  EXPECT_EQ(read_file(pins()), known_line(sshd->host_key()));
  EXPECT_EQ(fs::status(pins()).permissions(), fs::perms::owner_read | fs::perms::owner_write);
}

TEST_F(HostKeyTest, TwoNamesOfOneServerPinOnce) {
  Target other = node;
  other.name = "red02";
  for (const Result& result : fleet({node, other}).run({job(0, "true"), job(1, "true")}))
    EXPECT_TRUE(result.ok());
  EXPECT_EQ(accepted.size(), 1u);
  EXPECT_EQ(read_file(pins()), known_line(sshd->host_key()));
}

TEST_F(HostKeyTest, StrictRefusesAnUnknownKey) {
  options.host_key_policy = HostKeyPolicy::strict;
  const Result result = run_one(node, "true");
  ASSERT_TRUE(result.error);
  EXPECT_EQ(
      *result.error,
      (HostError{"host_key_unknown",
                 fmt::format("the host key of {} is not known: ssh-ed25519 {}", place(), print()),
                 "compare with `ssh-keygen -lf /etc/ssh/ssh_host_ed25519_key.pub` on the host, "
                 "then `clustermpi hostkey accept red01`"}));
  EXPECT_FALSE(fs::exists(pins()));
  EXPECT_EQ(sshd->accepted_logins(), 0u);
}

TEST_F(HostKeyTest, AskIsRefusedWithTheCommandThatAsks) {
  options.host_key_policy = HostKeyPolicy::ask;
  const Result result = run_one(node, "true");
  ASSERT_TRUE(result.error);
  EXPECT_EQ(result.error->code, "host_key_unknown");
  EXPECT_EQ(result.error->hint, "`clustermpi hostkey accept red01` shows it and trusts it");
}

TEST_F(HostKeyTest, StrictTakesAKnownKey) {
  options.host_key_policy = HostKeyPolicy::strict;
  write_file(pins(), known_line(sshd->host_key()));
  EXPECT_TRUE(run_one(node, "true").ok());
}

TEST_F(HostKeyTest, ChangedKeyIsRefusedWithBothFingerprintsAndThePlace) {
  make_key(file("old"));
  write_file(pins(), "# mine\n" + known_line(file("old")));
  const Result result = run_one(node, "true");
  ASSERT_TRUE(result.error);
  EXPECT_EQ(*result.error,
            (HostError{"host_key_changed",
                       fmt::format(
                           "the host key of {} has changed: it shows ssh-ed25519 {}, but {}:2 "
                           "has ssh-ed25519 {}",
                           place(), print(), pins().string(), fingerprint(public_key(file("old")))),
                       "if red01 was re-flashed or replaced: `clustermpi hostkey forget red01`; "
                       "otherwise another machine answers in its place"}));
  EXPECT_TRUE(accepted.empty());
  EXPECT_EQ(sshd->accepted_logins(), 0u);
}

TEST_F(HostKeyTest, ForgottenKeyIsAcceptedAnew) {
  make_key(file("old"));
  write_file(pins(), known_line(file("old")));
  EXPECT_EQ(known_hosts().forget(node.address, node.port), 1u);
  EXPECT_TRUE(run_one(node, "true").ok());
  EXPECT_EQ(read_file(pins()), known_line(sshd->host_key()));
}

TEST_F(HostKeyTest, ChangedKeyInTheUsersOwnFileNamesItsCommand) {
  make_key(file("old"));
  others = {file("user_known_hosts")};
  write_file(others[0], known_line(file("old")));
  const Result result = run_one(node, "true");
  ASSERT_TRUE(result.error);
  EXPECT_EQ(
      result.error->hint,
      fmt::format("if red01 was re-flashed or replaced: `ssh-keygen -f {} -R '{}'`; otherwise "
                  "another machine answers in its place",
                  others[0].string(), known_name()));
}

TEST_F(HostKeyTest, AKeyOfAnotherTypeDoesNotSlipIn) {
  // Only an RSA key is on file; the server has none, so it shows another one.
  make_key(file("old"), "rsa");
  write_file(pins(), known_line(file("old")));
  const Result result = run_one(node, "true");
  ASSERT_TRUE(result.error);
  EXPECT_EQ(result.error->code, "host_key_changed");
}

TEST_F(HostKeyTest, ThePinnedTypeIsNegotiated) {
  // The server has two keys; the one we know is not the one that would be chosen.
  make_key(file("second"), "ecdsa");
  const auto two = start_sshd("two", fmt::format("HostKey {}\n", file("second").string()));
  node = two->target("red02");
  options.host_key_policy = HostKeyPolicy::strict;
  write_file(pins(), known_line(file("second")));
  const Result result = run_one(node, "true");
  EXPECT_TRUE(result.ok()) << result.error->message;
}

TEST_F(HostKeyTest, RevokedKeyIsRefusedEvenWhereItIsPinned) {
  const std::string line = known_line(sshd->host_key());
  write_file(pins(), line + "@revoked *" + line.substr(line.find(' ')));
  const Result result = run_one(node, "true");
  ASSERT_TRUE(result.error);
  EXPECT_EQ(*result.error,
            (HostError{"host_key_revoked",
                       fmt::format("the host key of {} is revoked: {}:2 has ssh-ed25519 {}",
                                   place(), pins().string(), print()),
                       "give red01 a new host key; whoever revoked this one does not trust it"}));
}

TEST_F(HostKeyTest, HashedNamesAreKnown) {
  options.host_key_policy = HostKeyPolicy::strict;
  write_file(pins(), known_line(sshd->host_key()));
  ASSERT_TRUE(run_process({"ssh-keygen", "-q", "-H", "-f", pins()}).ok());
  ASSERT_THAT(read_file(pins()), testing::StartsWith("|1|"));
  EXPECT_TRUE(run_one(node, "true").ok());
}

TEST_F(HostKeyTest, APinThatCannotBeWrittenFailsTheHost) {
  fs::create_directory(file("gone"));
  KnownHosts lost(file("gone") / "known_hosts");
  fs::remove(file("gone"));
  const Result result = Fleet({node}, options, lost, cancel).run({job(0, "true")}).front();
  ASSERT_TRUE(result.error);
  EXPECT_EQ(result.error->code, "local_failure");
  EXPECT_EQ(result.error->message, fmt::format("cannot write {}: No such file or directory",
                                               (file("gone") / "known_hosts").string()));
}

}  // namespace
}  // namespace clustermpi::test
