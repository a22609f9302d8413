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

TEST_F(LoginTest, AKeyWithAPassphraseIsNamed) {
  make_key(file("locked"), "ed25519", "secret");
  options.credentials.identities = {file("locked")};
  const Result result = run_one(node, "true");
  ASSERT_TRUE(result.error);
  const std::string key = file("locked").string();
  EXPECT_EQ(
      *result.error,
      (HostError{"auth_failed", "no key to log in to red01 with: " + key + " has a passphrase",
                 "use a key without one, or take it off a copy: `ssh-keygen -p -f " + key + "`"}));
}

TEST_F(LoginTest, AKeyWithAPassphraseIsMentionedBesideTheRefusedOne) {
  make_key(file("locked"), "ed25519", "secret");
  make_key(file("stranger"));
  options.credentials.identities = {file("locked"), file("stranger")};
  const Result result = run_one(node, "true");
  ASSERT_TRUE(result.error);
  EXPECT_EQ(result.error->message,
            fmt::format("red01 refuses {}@{}: tried {} (not tried, has a passphrase: {})",
                        node.user, place(), file("stranger").string(), file("locked").string()));
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
