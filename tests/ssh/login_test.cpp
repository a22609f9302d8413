// Keys: which are tried, and what is said when none opens the door.
#include <gmock/gmock.h>

#include "tests/ssh/sshd.hpp"

namespace clustermpi::test {
namespace {

class LoginTest : public SshTest {
 protected:
  std::unique_ptr<Sshd> sshd = start_sshd();
  Target node = sshd->target("red01");

  [[nodiscard]] std::string place() const {
    return fmt::format("{} port {}", node.address, node.port);
  }
};

TEST_F(LoginTest, WrongKeyNamesUserPlaceKeyAndNextAction) {
  make_key(file("stranger"));
  options.credentials.identities = {file("stranger")};
  const Result result = run_one(node, "true");
  ASSERT_TRUE(result.error);
  EXPECT_EQ(
      *result.error,
      (HostError{"auth_failed",
                 fmt::format("red01 refuses {}@{}: tried {}", node.user, place(),
                             file("stranger").string()),
                 fmt::format("put a key there: `ssh-copy-id -i {}.pub -p {} {}@{}`",
                             file("stranger").string(), node.port, node.user, node.address)}));
  EXPECT_EQ(result.exit_status, -1);
}

TEST_F(LoginTest, KeysAreTriedInOrder) {
  make_key(file("stranger"));
  options.credentials.identities = {file("absent"), file("stranger"), user_key()};
  EXPECT_TRUE(run_one(node, "true").ok());
}

TEST_F(LoginTest, EveryKindOfKeyLogsIn) {
  for (const std::string type : {"rsa", "ecdsa"}) {
    make_key(file(type), type);
    write_file(sshd->authorized_keys(), read_file(file(type + ".pub")));
    options.credentials.identities = {file(type)};
    const Result result = run_one(node, "true");
    EXPECT_TRUE(result.ok()) << type << ": " << result.error->message;
  }
}

TEST_F(LoginTest, AKeyWithAPassphraseIsWantedOnlyWhereItOpens) {
  make_key(file("locked"), "ed25519", "secret");
  options.credentials.identities = {file("locked")};
  const std::string key = file("locked").string();
  Fleet strangers = fleet({node});
  const Result refused = strangers.run({job(0, "true")}).front();
  ASSERT_TRUE(refused.error);
  EXPECT_EQ(refused.error->message,
            fmt::format("red01 refuses {}@{}: tried {}", node.user, place(), key));
  EXPECT_TRUE(strangers.locked_keys().empty());

  write_file(sshd->authorized_keys(), read_file(key + ".pub"));
  Fleet fleet_ = fleet({node});
  const Result wanted = fleet_.run({job(0, "true")}).front();
  ASSERT_TRUE(wanted.error);
  EXPECT_EQ(
      *wanted.error,
      (HostError{"passphrase_needed", "red01 would take " + key + ", but that has a passphrase",
                 "run this at a terminal, where it is asked for, or `ssh-add " + key + "` first"}));
  EXPECT_EQ(fleet_.locked_keys(), std::vector<fs::path>{key});
  EXPECT_FALSE(fleet_.unlock(key, Secret("guessed")));
  EXPECT_TRUE(fleet_.unlock(key, Secret("secret")));
  EXPECT_TRUE(fleet_.run({job(0, "true")}).front().ok());
  EXPECT_TRUE(fleet_.locked_keys().empty());
}

TEST_F(LoginTest, AKeyWithAPassphraseInTheOldFormatNeedsItsPublicHalf) {
  const std::string key = file("old").string();
  const auto made = run_process(
      {"ssh-keygen", "-q", "-t", "rsa", "-m", "PEM", "-N", "secret", "-C", "test", "-f", key});
  ASSERT_TRUE(made.ok()) << made.err;
  write_file(sshd->authorized_keys(), read_file(key + ".pub"));
  options.credentials.identities = {key};
  EXPECT_EQ(run_one(node, "true").error->code, "passphrase_needed");
  fs::remove(key + ".pub");
  EXPECT_EQ(run_one(node, "true").error->message,
            "no key to log in to red01 with: " + key + " has a passphrase");
}

TEST_F(LoginTest, ACertificateBesideTheKeyIsShown) {
  const auto trusting = start_sshd_for_certified(file("certified"));
  options.credentials.identities = {file("certified")};
  const Result result = run_one(trusting->target("red01"), "true");
  EXPECT_TRUE(result.ok()) << (result.error ? result.error->message : "");
  EXPECT_EQ(trusting->logged("ED25519-CERT"), 1u) << trusting->log();
}

TEST_F(LoginTest, AKindOfKeyThatTheServerDoesNotTakeIsRefused) {
  make_key(file("rsa"), "rsa");
  const auto picky = start_sshd("picky", "PubkeyAcceptedAlgorithms ssh-ed25519\n");
  write_file(picky->authorized_keys(), read_file(file("rsa.pub")));
  node = picky->target("red01");
  options.credentials.identities = {file("rsa")};
  EXPECT_EQ(run_one(node, "true").error->message,
            fmt::format("red01 refuses {}@{}: tried {}", node.user, place(), file("rsa").string()));
}

TEST_F(LoginTest, NoKeyAtAll) {
  options.credentials.identities = {file("absent")};
  const Result result = run_one(node, "true");
  ASSERT_TRUE(result.error);
  EXPECT_EQ(*result.error,
            (HostError{"auth_failed",
                       "no key to log in to red01 with: there is no " + file("absent").string(),
                       "make one with `ssh-keygen -t ed25519`, and put it on the host with "
                       "`ssh-copy-id`"}));
}

TEST_F(LoginTest, AFileThatIsNoKeyIsNamed) {
  write_file(file("notes"), "milk, bread\n");
  options.credentials.identities = {file("notes")};
  const Result result = run_one(node, "true");
  ASSERT_TRUE(result.error);
  EXPECT_EQ(result.error->message, "no key to log in to red01 with: " + file("notes").string() +
                                       " cannot be read as a private key");
}

TEST_F(LoginTest, AServerThatHasEnoughSaysSo) {
  const auto strict = start_sshd("strict", "MaxAuthTries 1\n");
  node = strict->target("red01");
  make_key(file("first"));
  make_key(file("second"));
  options.credentials.identities = {file("first"), file("second"), user_key()};
  const Result result = run_one(node, "true");
  ASSERT_TRUE(result.error);
  EXPECT_EQ(result.error->code, "auth_failed");
  EXPECT_EQ(result.error->message,
            fmt::format("red01 refuses {}@{}: tried {}; it says: Too many authentication failures",
                        node.user, place(), file("first").string()));
}

TEST_F(LoginTest, ASecondFactorIsNamed) {
  const auto both = start_sshd("both", "AuthenticationMethods publickey,password\n");
  node = both->target("red01");
  const Result result = run_one(node, "true");
  ASSERT_TRUE(result.error);
  EXPECT_EQ(
      result.error->message,
      fmt::format("{} takes the key of {} but wants a second proof besides", place(), node.user));
}

}  // namespace
}  // namespace clustermpi::test
