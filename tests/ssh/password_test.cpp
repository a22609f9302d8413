// Passwords, and everything else that a server may put between us and a command. sshd runs in a
// mount namespace of its own, with a shadow file and PAM rules that are the test's: no user of this
// machine gets a password.
#include <gmock/gmock.h>

#include "tests/ssh/sshd.hpp"

namespace clustermpi::test {
namespace {

class PasswordTest : public SshTest {
 protected:
  void SetUp() override {
    if (::geteuid() != 0) GTEST_SKIP() << "needs root: sshd asks the shadow file for passwords";
    options.credentials.identities.clear();
    set_password("secret");
  }

  /// `aged` is the shadow file's day of the last change; 0: it must be changed now.
  void set_password(const std::string& password, const std::string& changed = "20000") {
    const auto hashed = run_process({"openssl", "passwd", "-6", password});
    ASSERT_TRUE(hashed.ok()) << hashed.err;
    const std::string hash = hashed.out.substr(0, hashed.out.find('\n'));
    write_file(file("shadow"), fmt::format("root:{}:{}:0:99999:7:::\n", hash, changed), 0600);
  }

  std::unique_ptr<Sshd> start(const std::string& extra) {
    SshdPlace place;
    place.run_before = fmt::format(
        "mount --make-rprivate / && mount --bind {} /etc/shadow && mount --bind {} /etc/pam.d/sshd",
        file("shadow").string(), file("pam").string());
    write_file(file("pam"), rules);
    auto sshd = std::make_unique<Sshd>(file("node"), std::vector{own_address(1)},
                                       "PermitRootLogin yes\n" + extra, place);
    write_file(sshd->authorized_keys(), read_file(user_key().string() + ".pub"));
    return sshd;
  }

  /// PAM's; they count from start() on.
  std::string rules = R"(auth required pam_unix.so
account required pam_unix.so
password required pam_unix.so
session optional pam_unix.so
)";

  void use(const std::string& password) {
    options.credentials.password = std::make_shared<const Secret>(password);
  }

  Result log_in(const Sshd& sshd) { return run_one(sshd.target("red01"), "echo in"); }
};

constexpr const char* with_password = "PasswordAuthentication yes\n";
constexpr const char* with_prompts =
    "UsePAM yes\nPasswordAuthentication no\nKbdInteractiveAuthentication yes\n";

TEST_F(PasswordTest, OpensTheDoor) {
  const auto sshd = start(with_password);
  use("secret");
  const Result result = log_in(*sshd);
  EXPECT_EQ(result.out, "in\n") << (result.error ? result.error->message : sshd->log());
}

TEST_F(PasswordTest, AnswersAPromptToo) {
  const auto sshd = start(with_prompts);
  use("secret");
  const Result result = log_in(*sshd);
  EXPECT_EQ(result.out, "in\n") << (result.error ? result.error->message : sshd->log());
  EXPECT_EQ(sshd->logged("Accepted keyboard-interactive"), 1u);
}

TEST_F(PasswordTest, AWrongOneIsSentOnceOnly) {
  for (const char* how : {with_password, with_prompts}) {
    const auto sshd = start(how);
    use("guessed");
    const Result result = log_in(*sshd);
    ASSERT_TRUE(result.error);
    EXPECT_EQ(*result.error, (HostError{"password_refused",
                                        fmt::format("{} port {} refuses the password of root",
                                                    sshd->address(), sshd->port()),
                                        "is it another one there, or another user?"}));
    EXPECT_LE(sshd->logged("Failed password") + sshd->logged("Failed keyboard-interactive"), 1u);
  }
}

TEST_F(PasswordTest, AServerThatTakesNoneIsNamed) {
  const auto sshd = start("PasswordAuthentication no\nKbdInteractiveAuthentication no\n");
  use("secret");
  const Result result = log_in(*sshd);
  ASSERT_TRUE(result.error);
  EXPECT_EQ(result.error->message,
            fmt::format("{} port {} lets nobody in by password", sshd->address(), sshd->port()));
}

TEST_F(PasswordTest, AnExpiredOneIsNamedHoweverWeLogIn) {
  set_password("secret", "0");
  for (const char* how : {"UsePAM yes\nPasswordAuthentication yes\n", with_prompts}) {
    const auto sshd = start(how);
    use("secret");
    const Result result = log_in(*sshd);
    ASSERT_TRUE(result.error) << how << sshd->log();
    EXPECT_EQ(*result.error,
              (HostError{"password_expired",
                         fmt::format("the password of root on {} port {} has expired",
                                     sshd->address(), sshd->port()),
                         fmt::format("log in once and choose a new one: `ssh -p {} root@{}`",
                                     sshd->port(), sshd->address())}))
        << how;
  }
  const auto sshd = start("UsePAM yes\n");
  options.credentials.password = nullptr;
  options.credentials.identities = {user_key()};
  EXPECT_EQ(log_in(*sshd).error.value_or(HostError{}).code, "password_expired");
}

TEST_F(PasswordTest, AKeyIsTriedBefore) {
  const auto sshd = start(with_password);
  options.credentials.identities = {user_key()};
  use("guessed");
  EXPECT_TRUE(log_in(*sshd).ok());
  EXPECT_EQ(sshd->logged("password"), 0u);
}

TEST_F(PasswordTest, APromptForSomethingElseIsQuoted) {
  rules = R"(auth required pam_unix.so
auth required pam_ftp.so users=root
account required pam_permit.so
)";
  const auto sshd = start(with_prompts);
  use("secret");
  const Result result = log_in(*sshd);
  ASSERT_TRUE(result.error) << sshd->log();
  EXPECT_EQ(result.error->code, "auth_failed");
  EXPECT_THAT(result.error->message,
              testing::StartsWith(fmt::format("{} port {} asks for more than the password: \"Guest",
                                              sshd->address(), sshd->port())));
}

}  // namespace
}  // namespace clustermpi::test
