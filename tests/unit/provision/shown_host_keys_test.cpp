#include "provision/shown_host_keys.hpp"

#include <gmock/gmock.h>

namespace clustermpi {
namespace {

using Verdict = KnownHosts::Verdict;

class Scripted : public Asker {
 public:
  explicit Scripted(bool answer) : answer_(answer) {}
  std::optional<Secret> secret(const std::string& /*prompt*/) override { return {}; }
  bool confirm(const std::string& question) override {
    questions.push_back(question);
    return answer_;
  }
  std::vector<std::string> questions;

 private:
  bool answer_;
};

KnownHosts::Answer unknown() {
  return {};
}

class ShownHostKeysTest : public testing::Test {
 protected:
  const Target red01{"red01", "192.168.1.11", 22, "pi"};
  const Target red10{"red10", "192.168.1.20", 2222, "pi"};
  const HostKey key{"ssh-ed25519", encode_base64("one")};
  const HostKey other{"ssh-rsa", encode_base64("two")};
  ShownHostKeys keys;
};

TEST_F(ShownHostKeysTest, AsksOnceForAllThatAreNew) {
  Scripted yes(true);
  EXPECT_FALSE(keys.take(red10, other, unknown()));
  EXPECT_FALSE(keys.take(red01, key, unknown()));
  EXPECT_FALSE(keys.take(red01, key, unknown()));  // another session with the same host
  EXPECT_TRUE(keys.ask(yes));
  EXPECT_THAT(yes.questions, testing::ElementsAre("These host keys are not known yet:\n"
                                                  "  red01  ssh-ed25519  " +
                                                  fingerprint(key) +
                                                  "  (192.168.1.11)\n"
                                                  "  red10  ssh-rsa  " +
                                                  fingerprint(other) +
                                                  "  (192.168.1.20 port 2222)\n"
                                                  "Trust all 2?"));
  EXPECT_TRUE(keys.take(red01, key, unknown()));
  EXPECT_TRUE(keys.take(red10, other, unknown()));
}

TEST_F(ShownHostKeysTest, YesIsSaidToThatKeyOfThatPlaceAlone) {
  Scripted yes(true);
  EXPECT_FALSE(keys.take(red01, key, unknown()));
  EXPECT_TRUE(keys.ask(yes));
  EXPECT_FALSE(keys.take(red01, other, unknown()));
  EXPECT_FALSE(keys.take(red10, key, unknown()));
}

TEST_F(ShownHostKeysTest, NoIsNotAskedAgainUntilItIsShownAgain) {
  Scripted no(false);
  EXPECT_FALSE(keys.take(red01, key, unknown()));
  EXPECT_FALSE(keys.ask(no));
  EXPECT_FALSE(keys.ask(no));
  EXPECT_EQ(no.questions.size(), 1u);
  EXPECT_FALSE(keys.take(red01, key, unknown()));
}

TEST_F(ShownHostKeysTest, OnlyUnknownKeysAreAskedFor) {
  Scripted yes(true);
  for (const Verdict verdict : {Verdict::known, Verdict::changed, Verdict::revoked}) {
    KnownHosts::Answer answer;
    answer.verdict = verdict;
    EXPECT_FALSE(keys.take(red01, key, answer));
  }
  KnownHosts::Answer by_certificate_only;
  by_certificate_only.file = "known_hosts";
  EXPECT_FALSE(keys.take(red10, key, by_certificate_only));
  EXPECT_FALSE(keys.ask(yes));
  EXPECT_TRUE(yes.questions.empty());
}

TEST_F(ShownHostKeysTest, RemembersWhatWasShownFirstAndWhetherItWasPinned) {
  EXPECT_EQ(keys.of("red01"), nullptr);
  (void)keys.take(red01, key, unknown());
  EXPECT_FALSE(keys.of("red01")->pinned);
  keys.take_pin("red01");
  KnownHosts::Answer known;
  known.verdict = Verdict::known;
  (void)keys.take(red01, key, known);
  EXPECT_EQ(keys.of("red01")->verdict, Verdict::unknown);
  EXPECT_TRUE(keys.of("red01")->pinned);
}

}  // namespace
}  // namespace clustermpi
