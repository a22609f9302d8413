// A key with a passphrase: asked for where a host would take it, once for all hosts.
#include "provision/locked_keys.hpp"

#include <gmock/gmock.h>

#include <deque>

#include "tests/ssh/sshd.hpp"

namespace clustermpi::test {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;

struct Typist : Asker {
  std::optional<Secret> secret(const std::string& prompt) override {
    prompts.push_back(prompt);
    if (answers.empty()) return {};
    std::string answer = answers.front();
    answers.pop_front();
    return Secret(std::move(answer));
  }
  bool confirm(const std::string& /*question*/) override { return false; }

  std::deque<std::string> answers;
  std::vector<std::string> prompts;
};

struct LockedKeys : SshTest {
  LockedKeys() {
    make_key(user_key(), "ed25519", "open it's me");
    sshd = start_sshd();
  }

  /// Runs `true` on two hosts, asks, and runs it again.
  std::vector<Result> run_twice() {
    Fleet both = fleet({sshd->target("red01"), sshd->target("red02")});
    for (const Result& result : both.run({job(0, "true"), job(1, "true")})) {
      EXPECT_TRUE(result.error && result.error->code == "passphrase_needed");
    }
    opened = unlock_keys(both, typist, known,
                         [this](const std::string& text) { warnings.push_back(text); });
    return both.run({job(0, "true"), job(1, "true")});
  }

  [[nodiscard]] std::string prompt() const { return "Passphrase for " + user_key().string(); }

  std::unique_ptr<Sshd> sshd;
  Typist typist;
  Passphrases known;
  std::vector<std::string> warnings;
  bool opened = false;
};

TEST_F(LockedKeys, AreOpenedOnceForAllHosts) {
  typist.answers = {"open it's me"};
  for (const Result& result : run_twice()) EXPECT_TRUE(result.ok());
  EXPECT_TRUE(opened);
  EXPECT_THAT(typist.prompts, ElementsAre(prompt()));
  ASSERT_TRUE(known.contains(user_key()));
  EXPECT_EQ(known.at(user_key())->text(), "open it's me");
}

TEST_F(LockedKeys, AreAskedForAgainAfterASlip) {
  typist.answers = {"opne", "open it's me"};
  for (const Result& result : run_twice()) EXPECT_TRUE(result.ok());
  EXPECT_THAT(typist.prompts, ElementsAre(prompt(), "That is not it. " + prompt()));
  EXPECT_THAT(warnings, IsEmpty());
}

TEST_F(LockedKeys, AreGivenUpAfterThreeWrongPassphrases) {
  typist.answers = {"1", "2", "3", "open it's me"};
  for (const Result& result : run_twice()) {
    EXPECT_TRUE(result.error && result.error->code == "passphrase_needed");
  }
  EXPECT_FALSE(opened);
  EXPECT_THAT(known, IsEmpty());
  EXPECT_THAT(warnings,
              ElementsAre("3 wrong passphrases for " + user_key().string() + ": it is not used"));
}

TEST_F(LockedKeys, StayLockedWhereNobodyAnswers) {
  run_twice();
  EXPECT_FALSE(opened);
  EXPECT_THAT(typist.prompts, ElementsAre(prompt()));
  EXPECT_THAT(warnings, IsEmpty());
}

}  // namespace
}  // namespace clustermpi::test
