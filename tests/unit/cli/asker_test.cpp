#include "cli/asker.hpp"

#include <gtest/gtest.h>

#include <thread>

#include "tests/cli/typist.hpp"

namespace clustermpi::cli {
namespace {

using test::Typist;

class AskerTest : public testing::Test {
 protected:
  TerminalAsker asker(const std::string& terminal, bool yes = false) {
    return TerminalAsker(
        terminal, yes, [this] { ++settled; }, cancel);
  }

  CancelToken cancel;
  int settled = 0;
};

TEST_F(AskerTest, ASecretIsTypedWithoutEcho) {
  Typist typist("Passphrase of id: ", "sesam oeffne\n");
  const auto secret = asker(typist.terminal()).secret("Passphrase of id");
  ASSERT_TRUE(secret);
  EXPECT_EQ(secret->text(), "sesam oeffne");
  EXPECT_EQ(typist.shown(), "Passphrase of id: ");
  EXPECT_EQ(typist.rest(), "\n");  // and nothing of what was typed
  EXPECT_TRUE(typist.echoes());
  EXPECT_EQ(settled, 1);
}

TEST_F(AskerTest, AnEmptyLineIsNoSecret) {
  Typist typist(": ", "\n");
  EXPECT_FALSE(asker(typist.terminal()).secret("Password"));
}

TEST_F(AskerTest, EndOfFileIsNoSecret) {
  Typist typist(": ", "half\x04\x04");
  EXPECT_FALSE(asker(typist.terminal()).secret("Password"));
  EXPECT_TRUE(typist.echoes());
}

TEST_F(AskerTest, CancellingEndsThePromptAndRestoresTheTerminal) {
  Typist typist("", "");
  std::jthread interrupt([&] {
    while (typist.echoes()) std::this_thread::sleep_for(std::chrono::milliseconds(1));
    cancel.cancel();
  });
  EXPECT_FALSE(asker(typist.terminal()).secret("Password"));
  EXPECT_TRUE(typist.echoes());
  EXPECT_EQ(typist.rest(), "Password: \n");
}

TEST_F(AskerTest, OnlyYesIsYes) {
  for (const auto& [answer, yes] : {std::pair{"y\n", true},
                                    {"Y\n", true},
                                    {"yes\n", true},
                                    {"\n", false},
                                    {"n\n", false},
                                    {"yo\n", false}}) {
    Typist typist("[y/N] ", answer);
    EXPECT_EQ(asker(typist.terminal()).confirm("Trust it?"), yes) << answer;
    EXPECT_EQ(typist.shown(), "Trust it? [y/N] ");
  }
}

TEST_F(AskerTest, AQuestionCannotSteerTheTerminal) {
  Typist typist("[y/N] ", "\n");
  (void)asker(typist.terminal()).confirm("a\033[2Jb");
  EXPECT_EQ(typist.shown(), "a\\x1b[2Jb [y/N] ");
}

TEST_F(AskerTest, WithoutATerminalNobodyIsAsked) {
  for (const std::string terminal : {"", "/nowhere/tty", "/dev/null"}) {
    EXPECT_FALSE(asker(terminal).secret("Password")) << terminal;
    EXPECT_FALSE(asker(terminal).confirm("Sure?")) << terminal;
    EXPECT_TRUE(asker(terminal, true).confirm("Sure?")) << terminal;
  }
}

}  // namespace
}  // namespace clustermpi::cli
