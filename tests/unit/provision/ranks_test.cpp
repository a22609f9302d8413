#include "provision/launch/ranks.hpp"

#include <fmt/format.h>
#include <gmock/gmock.h>

#include <cstdlib>

#include "provision/launch/debugger.hpp"
#include "provision/remote_scripts.hpp"
#include "tests/shell.hpp"

namespace clustermpi {
namespace {

using testing::ElementsAre;

std::vector<std::string> pieces_of(const std::vector<std::string>& texts) {
  RankPieces pieces;
  std::vector<std::string> came;
  for (const std::string& text : texts) {
    pieces.feed(text, [&](unsigned rank, std::string_view kind, std::string_view bytes) {
      came.push_back(fmt::format("{} {} {}", rank, kind, bytes));
    });
  }
  return came;
}

TEST(RankPieces, AreTakenApartWhereverTheConnectionCutsThem) {
  EXPECT_THAT(pieces_of({"3 start 0\n3 out 4\na\nb\n12 err 1\nx3 out 0\n"}),
              ElementsAre("3 start ", "3 out a\nb\n", "12 err x", "3 out "));
  EXPECT_THAT(pieces_of({"3 o", "ut 4", "\na\n", "b\n1", "2 err 1\nx"}),
              ElementsAre("3 out a\n", "3 out b\n", "12 err x"));
}

TEST(RankPieces, AGreetingOfTheLoginShellIsNone) {
  EXPECT_THAT(pieces_of({"Welcome to red!\n\n1 2\n" + std::string(500, 'x') + "\n0 out 2\nhi"}),
              ElementsAre("0 out hi"));
}

TEST(RankCommand, IsTheProgramItselfWhereNothingComesBefore) {
  EXPECT_THAT(rank_command({}, {"a.out", "x"}), ElementsAre("a.out", "x"));
}

TEST(RankCommand, SaysWhatIsToBeDoneBefore) {
  const std::string script(remote::rank);
  RankStart start;
  start.empty_stdin = true;
  EXPECT_THAT(rank_command(start, {"a.out"}),
              ElementsAre("sh", "-c", script, "rank", "", "", "", "plain", "a.out"));
  start.directory = "/tmp";
  EXPECT_THAT(rank_command(start, {"a.out", "x"}),
              ElementsAre("sh", "-c", script, "rank", "", "/tmp", "", "plain", "a.out", "x"));
  start = {"red:/tmp/in", "", "/tmp/f", false, "gather"};
  EXPECT_THAT(rank_command(start, {"a.out"}), ElementsAre("sh", "-c", script, "rank", "red:/tmp/in",
                                                          "", "/tmp/f", "gather", "a.out"));
  start.how = "debug";
  EXPECT_THAT(rank_command(start, {"a.out"}), ElementsAre("sh", "-c", script, "rank", "red:/tmp/in",
                                                          "", "/tmp/f", "debug", "a.out"));
}

TEST(RankCommand, HasNoColonForLaunchersToBeginAnotherProgramAt) {
  const auto words = rank_command({}, {"expr", "abc", ":", "a.*"});
  ASSERT_THAT(words, ElementsAre("sh", "-c", "eval \"exec $1\"", "rank", testing::_));
  EXPECT_EQ(words.back(), fmt::format("sh -c {} rank '' '' '' plain expr abc : 'a.*'",
                                      shell_quote(remote::rank)));
  std::string line;
  for (const std::string& word : words) line += shell_quote(word) + " ";
  EXPECT_EQ(test::output_of(line), "3\n");
  EXPECT_THAT(rank_command({}, {"a.out", "::", "a:b"}), ElementsAre("a.out", "::", "a:b"));
}

TEST(RankDirectory, BeginsAtTheHome) {
  EXPECT_EQ(rank_directory("", "/home/pi"), "");
  EXPECT_EQ(rank_directory("/data", "/home/pi"), "/data");
  EXPECT_EQ(rank_directory("data/run 1", "/home/pi"), "/home/pi/data/run 1");
  EXPECT_EQ(rank_directory("~", "/home/pi"), "/home/pi");
  EXPECT_EQ(rank_directory("~/data", "/home/pi"), "/home/pi/data");
}

TEST(DebugPane, IsAGdbOnTheRanksHost) {
  EXPECT_THAT(
      debug_pane(3, "red01", "/tmp/f", "/c/.clustermpi/ssh_config"),
      ElementsAre(
          "sh", "-c", "\"$@\" || { echo 'This pane closes with Enter.'; read -r _; }", "pane",
          "ssh", "-t", "-q", "-F", "/c/.clustermpi/ssh_config", "red01",
          "gdb -q -ex 'set sysroot /' -ex 'set breakpoint pending off' -ex 'target remote | "
          "trap '\\'''\\'' INT; cat </tmp/f/3.from & exec cat >/tmp/f/3.to' -ex 'tbreak "
          "main' -ex continue"));
}

std::string refusal_of_window() {
  try {
    const DebugWindow window(2, "/tmp/f", "/no/such/ssh_config");
    return "none";
  } catch (const Error& error) {
    return fmt::format("{}: {}", error.what(), error.hint());
  }
}

TEST(DebugWindow, SaysWhatItLacks) {
  EXPECT_EQ(refusal_of_window(), "there is no /no/such/ssh_config yet: `clustermpi up` writes it");
  const std::string path = std::getenv("PATH");
  setenv("PATH", "/no/such/folder", 1);
  EXPECT_EQ(refusal_of_window(),
            "the program tmux is not installed: install it: apt-get install tmux");
  setenv("PATH", path.c_str(), 1);
}

}  // namespace
}  // namespace clustermpi
