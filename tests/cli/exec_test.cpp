// `exec` on real SSH servers: what is printed where, and what it exits with.
#include "tests/cli/app_on_sshd.hpp"

namespace clustermpi::test {
namespace {

using testing::HasSubstr;

class ExecTest : public AppOnSshd {
 protected:
  ExecTest() { pin_all(); }

  /// A command that does something else on the node of that number.
  static std::string on_node(unsigned node, const std::string& there,
                             const std::string& elsewhere) {
    return fmt::format("case $SSH_CONNECTION in *' {} '*) {};; *) {};; esac", own_address(node),
                       there, elsewhere);
  }
};

TEST_F(ExecTest, EqualOutputIsShownOnceUnderTheFoldedHosts) {
  const Outcome outcome = run({"exec", "--", on_node(2, "echo other", "echo same")});
  EXPECT_EQ(outcome.status, 0);
  EXPECT_EQ(outcome.out, "red[01,03-04]: same\nred02: other\n");
  EXPECT_EQ(outcome.err, "");
}

TEST_F(ExecTest, SeveralLinesStandBelowAHeader) {
  const Outcome outcome = run({"exec", "red0[1-2]", "--", "printf 'a\\n  b'"});
  EXPECT_EQ(outcome.out, "red[01-02]:\na\n  b\n");
}

TEST_F(ExecTest, StdoutAndStderrGoToOursAndTheWorstStatusIsPassedOn) {
  const Outcome outcome =
      run({"exec", "--", on_node(3, "echo out; echo bad >&2; exit 7", "echo out; exit 2")});
  EXPECT_EQ(outcome.status, 7);
  EXPECT_EQ(outcome.out, "red[01-02,04]: out\nred03: out\n");
  EXPECT_EQ(outcome.err,
            "red[01-02,04]: exit status 2\n"
            "red03: bad\n"
            "red03: exit status 7\n");
}

TEST_F(ExecTest, WordsAreJoinedAsSshJoinsThem) {
  EXPECT_EQ(run({"exec", "red01", "--", "echo", "a  b"}).out, "red01: a b\n");
  EXPECT_EQ(run({"exec", "red01", "--", "echo 'a  b'"}).out, "red01: a  b\n");
  EXPECT_EQ(run({"exec", "red01", "--", "echo", "-n", "--", "x", "|", "tr", "x", "y"}).out,
            "red01: -- y\n");
}

TEST_F(ExecTest, AHostThatCannotBeReachedDoesNotStopTheOthers) {
  const std::uint16_t closed = free_port(own_address(9));
  write_inventory("accept-new", fmt::format("[[hosts]]\nnames = \"red05\"\naddress = \"{}\"\n"
                                            "port = {}\n\n",
                                            own_address(9), closed));
  const Outcome outcome = run({"exec", "--", "echo", "here"});
  EXPECT_EQ(outcome.status, 4);
  EXPECT_EQ(outcome.out, "red[01-04]: here\n");
  EXPECT_EQ(outcome.err,
            fmt::format("    red05: cannot reach {} port {}: connection refused\n"
                        "        start its SSH server (`sudo systemctl enable --now ssh`), or "
                        "check the port\n",
                        own_address(9), closed));
  EXPECT_EQ(run({"exec", "--", "exit 9"}).status, 9);
}

TEST_F(ExecTest, WhatATimedOutHostHadPrintedIsShown) {
  const Outcome outcome =
      run({"exec", "--timeout", "0.5", "--", on_node(1, "echo begun; sleep 20", "true")});
  EXPECT_EQ(outcome.status, 4);
  EXPECT_EQ(outcome.out, "red01: begun\n");
  EXPECT_EQ(outcome.err,
            "    red01: the command on red01 did not end within 0.5 s\n"
            "        it was told to stop; give it longer with --timeout\n");
}

TEST_F(ExecTest, LiveShowsEachLineWithItsHost) {
  const Outcome outcome = run({"exec", "red01", "--live", "--", "echo a; printf b; echo c >&2"});
  EXPECT_EQ(outcome.out, "red01: a\nred01: b\n");
  EXPECT_EQ(outcome.err, "red01: c\n");
}

TEST_F(ExecTest, LiveLinesOfSeveralHostsAreNotMixed) {
  const Outcome outcome =
      run({"exec", "--live", "--", "for i in 1 2 3 4 5; do echo line-$i; done"});
  std::istringstream lines(outcome.out);
  std::size_t count = 0;
  for (std::string line; std::getline(lines, line); ++count)
    EXPECT_THAT(line, testing::MatchesRegex("red0[1-4]: line-[1-5]"));
  EXPECT_EQ(count, 20u);
}

TEST_F(ExecTest, ATerminalIsShieldedAndAPipeIsNot) {
  const std::vector<std::string> command{"exec", "red01", "--", "printf '\\033[31mred\\n'"};
  EXPECT_EQ(run(command).out, "red01: \033[31mred\n");
  out_is_terminal = true;
  EXPECT_EQ(run(command).out, "red01: \\x1b[31mred\n");
}

TEST_F(ExecTest, JsonIsOneDocument) {
  const Outcome outcome = run({"exec", "red0[1-2]", "--json", "--",
                               on_node(2, "exit 3", "printf 'a\\377\\n'; echo e >&2")});
  EXPECT_EQ(outcome.status, 3);
  EXPECT_EQ(outcome.err, "");
  auto document = nlohmann::json::parse(outcome.out);
  EXPECT_EQ(document["command"], "exec");
  EXPECT_EQ(document["ok"], false);
  for (auto& [host, entry] : document["hosts"].items()) {
    EXPECT_GE(entry["elapsed_ms"], 0);
    entry.erase("elapsed_ms");
  }
  EXPECT_EQ(document["hosts"]["red01"], (nlohmann::json{{"ok", true},
                                                        {"exit_status", 0},
                                                        {"stdout", "a\uFFFD\n"},
                                                        {"stderr", "e\n"},
                                                        {"truncated", false}}));
  EXPECT_EQ(document["hosts"]["red02"]["exit_status"], 3);
  EXPECT_EQ(document["hosts"].size(), 2u);
}

TEST_F(ExecTest, JsonCutsWhatIsLongerThan16MiB) {
  const Outcome outcome =
      run({"exec", "red01", "--json", "--", "head -c 17000000 /dev/zero | tr '\\0' x"});
  const auto entry = nlohmann::json::parse(outcome.out)["hosts"]["red01"];
  EXPECT_EQ(entry["truncated"], true);
  EXPECT_EQ(entry["stdout"].get<std::string>().size(), 16u << 20);
}

TEST_F(ExecTest, ALargeOutputIsPrintedWhole) {
  const Outcome outcome = run({"exec", "red01", "--", "seq 1000000"});
  std::string expected = "red01:\n";
  for (int i = 1; i <= 1'000'000; ++i) expected += std::to_string(i) + "\n";
  EXPECT_TRUE(outcome.out == expected) << outcome.out.size();
  for (const auto& left : fs::directory_iterator(file(".clustermpi")))
    EXPECT_THAT(left.path().filename().string(), testing::Not(testing::StartsWith("output")));
}

TEST_F(ExecTest, ACommandIsOnlyWhatStandsBehindTheDashes) {
  for (const std::vector<std::string>& arguments :
       {std::vector<std::string>{"exec", "red01"}, {"exec"}, {"exec", "red01", "--"}}) {
    const Outcome outcome = run(arguments);
    EXPECT_EQ(outcome.status, 2);
    EXPECT_EQ(outcome.err,
              "error: exec: no command is given behind `--`\n"
              "  as in `clustermpi exec 'red0[1-3]' -- uptime`; without a HOSTLIST it runs on all "
              "hosts\n");
  }
}

TEST_F(ExecTest, AHostThatIsNoneIsNamedWithTheNearest) {
  const Outcome one = run({"exec", "red1", "--", "true"});
  EXPECT_EQ(one.status, 2);
  EXPECT_EQ(one.err,
            "error: red1 is not a host of cluster.toml\n  did you mean 'red01' for 'red1'?\n");
  EXPECT_EQ(run({"exec", "red01,zebra", "elephant", "--", "true"}).err,
            "error: elephant,zebra are not hosts of cluster.toml\n  its hosts are red[01-04]\n");
}

TEST_F(ExecTest, LimitApplies) {
  EXPECT_EQ(run({"exec", "--limit", "red0[2-3]", "--", "echo x"}).out, "red[02-03]: x\n");
  EXPECT_EQ(run({"exec", "red0[1-2]", "--limit", "red0[2-3]", "--", "echo x"}).out, "red02: x\n");
  EXPECT_EQ(run({"exec", "red01", "--limit", "red02", "--", "true"}).err,
            "error: --limit leaves none of red01\n");
}

TEST_F(ExecTest, TakesDevNullAsItsStdin) {
  const Descriptor nothing(::open("/dev/null", O_RDONLY | O_CLOEXEC));
  in_fd = nothing.get();
  EXPECT_EQ(run({"exec", "red01", "--", "cat; echo end"}).out, "red01: end\n");
  in_fd = -1;
}

TEST_F(ExecTest, ADryRunContactsNobody) {
  const std::size_t logins = nodes->accepted_logins();
  const Outcome outcome = run({"exec", "--dry-run", "--sudo", "--", "id", "-u"});
  EXPECT_EQ(outcome.status, 0);
  EXPECT_EQ(outcome.out, "red[01-04]: would run as root: id -u\n");
  const Outcome json = run({"exec", "--dry-run", "--json", "red01", "--", "id"});
  EXPECT_EQ(nlohmann::json::parse(json.out)["hosts"]["red01"]["would_run"], "id");
  EXPECT_EQ(nodes->accepted_logins(), logins);
}

TEST_F(ExecTest, SudoRunsAllOfTheLineAsRoot) {
  if (current_user() != "root") GTEST_SKIP() << "not root: it would need this machine's sudo";
  EXPECT_EQ(run({"exec", "red01", "--sudo", "--", "id -u | tr 0 z"}).out, "red01: z\n");
}

TEST_F(ExecTest, LiveAndJsonExcludeEachOther) {
  const Outcome outcome = run({"exec", "--live", "--json", "--", "true"});
  EXPECT_EQ(outcome.status, 2);
  EXPECT_EQ(outcome.err,
            "error: exec: --live and --json exclude each other\n"
            "  --live prints each line as it comes, --json one document at the end\n");
}

TEST_F(ExecTest, StdinGoesToAll) {
  const Input input(*this, "one\ntwo\n");
  const Outcome outcome = run({"exec", "--", "cat"});
  EXPECT_EQ(outcome.status, 0);
  EXPECT_EQ(outcome.out, "red[01-04]:\none\ntwo\n");
}

TEST_F(ExecTest, StdinOfAnyLengthGoesToAll) {
  std::string text;
  for (int i = 0; i < 400'000; ++i) text += std::to_string(i) + "\n";
  const Input input(*this, text);
  EXPECT_EQ(run({"exec", "--", "wc -c"}).out, fmt::format("red[01-04]: {}\n", text.size()));
}

TEST_F(ExecTest, ACommandThatReadsOnlyTheBeginningHoldsNobodyUp) {
  const Input input(*this, std::string(5'000'000, 'x'));
  const Outcome outcome = run({"exec", "--", on_node(1, "head -c 3", "wc -c")});
  EXPECT_EQ(outcome.out, "red01: xxx\nred[02-04]: 5000000\n");
}

TEST_F(ExecTest, StdinThatStaysOpenIsNotWaitedFor) {
  const Input input(*this);
  EXPECT_EQ(run({"exec", "--", "echo", "done"}).out, "red[01-04]: done\n");
}

TEST_F(ExecTest, NoStdinGivesAnEmptyOne) {
  const Input input(*this);
  EXPECT_EQ(run({"exec", "-n", "--", "cat; echo end"}).out, "red[01-04]: end\n");
  EXPECT_EQ(run({"exec", "--no-stdin", "--", "cat"}).out, "");
}

TEST_F(ExecTest, NeedsNeitherFactsNorTheLock) {
  const WorkspaceLock lock{Workspace("cluster.toml")};
  EXPECT_EQ(run({"exec", "red01", "--", "echo x"}).out, "red01: x\n");
  EXPECT_FALSE(fs::exists(".clustermpi/facts.json"));
}

}  // namespace
}  // namespace clustermpi::test
