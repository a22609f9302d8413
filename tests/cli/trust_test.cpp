// Host keys from the first contact on: trust, hostkey, and what every command asks.
#include "tests/cli/app_on_sshd.hpp"
#include "tests/cli/typist.hpp"

namespace clustermpi::test {
namespace {

using testing::HasSubstr;

class TrustTest : public AppOnSshd {
 protected:
  [[nodiscard]] std::string row(unsigned node, const std::string& state) const {
    return fmt::format("red0{}  ssh-ed25519  {}  {}\n", node, print(), state);
  }
  [[nodiscard]] std::string rows(const std::string& state) const {
    return row(1, state) + row(2, state) + row(3, state) + row(4, state);
  }
  [[nodiscard]] std::string question() const {
    std::string text = "These host keys are not known yet:\n";
    for (unsigned node = 1; node <= 4; ++node)
      text += fmt::format("  red0{}  ssh-ed25519  {}  ({})\n", node, print(), place(node));
    return text + "Trust all 4? [y/N] ";
  }
};

TEST_F(TrustTest, AcceptNewPinsAndSaysSo) {
  const Outcome first = run({"trust"});
  EXPECT_EQ(first.status, 0);
  EXPECT_EQ(first.out, rows("newly pinned"));
  EXPECT_THAT(first.err, HasSubstr("red03: new host key pinned: ssh-ed25519 " + print()));
  const Outcome second = run({"trust", "red0[1-2]"});
  EXPECT_EQ(second.out, row(1, "known") + row(2, "known"));
  EXPECT_EQ(second.err, "");
}

TEST_F(TrustTest, StrictAsksOnceForAll) {
  write_inventory("strict");
  Typist typist("[y/N] ", "y\n");
  terminal = typist.terminal();
  const Outcome outcome = run({"trust"});
  EXPECT_EQ(typist.shown(), question());
  EXPECT_EQ(outcome.status, 0);
  EXPECT_EQ(outcome.out, rows("newly pinned"));
  EXPECT_EQ(run({"trust"}).out, rows("known"));
}

TEST_F(TrustTest, NoIsNo) {
  write_inventory("ask");
  Typist typist("[y/N] ", "\n");
  terminal = typist.terminal();
  const Outcome outcome = run({"trust", "red01"});
  EXPECT_THAT(typist.shown(), HasSubstr("Trust it? [y/N] "));
  EXPECT_EQ(outcome.status, 4);
  EXPECT_EQ(outcome.out, row(1, "not trusted"));
  EXPECT_FALSE(fs::exists(pins()));
}

TEST_F(TrustTest, YesAnswersWithoutATerminal) {
  write_inventory("ask");
  EXPECT_EQ(run({"trust", "--yes"}).out, rows("newly pinned"));
}

TEST_F(TrustTest, WithNobodyToAskItSaysWhatToDo) {
  write_inventory("strict");
  const Outcome outcome = run({"trust", "red02"});
  EXPECT_EQ(outcome.status, 4);
  EXPECT_EQ(outcome.out, row(2, "not trusted"));
  EXPECT_EQ(outcome.err,
            fmt::format("    red02: the host key of {} is not known: ssh-ed25519 {}\n"
                        "        compare with `ssh-keygen -lf /etc/ssh/ssh_host_ed25519_key.pub` "
                        "on the host, then `clustermpi hostkey accept red02`\n",
                        place(2), print()));
}

TEST_F(TrustTest, AHostThatLetsNobodyInMayBeTrusted) {
  fs::remove(nodes->authorized_keys());
  const Outcome outcome = run({"trust", "red01"});
  EXPECT_EQ(outcome.status, 0);
  EXPECT_EQ(outcome.out, row(1, "newly pinned"));
  EXPECT_THAT(outcome.err, HasSubstr("warning: red01: its key is trusted, but the login fails: "));
}

TEST_F(TrustTest, JsonHasKeyAndState) {
  const auto document = nlohmann::json::parse(run({"trust", "red01", "--json"}).out);
  EXPECT_EQ(document,
            (nlohmann::json{{"command", "trust"},
                            {"ok", true},
                            {"hosts",
                             {{"red01",
                               {{"ok", true},
                                {"state", "newly pinned"},
                                {"key", {{"type", "ssh-ed25519"}, {"fingerprint", print()}}}}}}}}));
}

TEST_F(TrustTest, EveryCommandAsksWherePolicyIsAsk) {
  write_inventory("ask");
  Typist typist("[y/N] ", "y\n");
  terminal = typist.terminal();
  const Outcome outcome = run({"exec", "--", "echo", "x"});
  EXPECT_EQ(typist.shown(), question());
  EXPECT_EQ(outcome.status, 0);
  EXPECT_EQ(outcome.out, "red[01-04]: x\n");
}

TEST_F(TrustTest, HostsWhoseKeyIsKnownRunOnce) {
  pin_all();
  ASSERT_EQ(run({"hostkey", "forget", "red03"}).status, 0);
  write_inventory("ask");
  Typist typist("[y/N] ", "y\n");
  terminal = typist.terminal();
  const Outcome outcome = run({"exec", "--", "echo ran >>" + file("ran").string()});
  EXPECT_THAT(typist.shown(), HasSubstr("Trust it?"));
  EXPECT_EQ(outcome.status, 0);
  EXPECT_EQ(read_file(file("ran")), "ran\nran\nran\nran\n");
}

TEST_F(TrustTest, NoInputIsLostToAQuestion) {
  pin_all();
  ASSERT_EQ(run({"hostkey", "forget", "red0[1-2]"}).status, 0);
  write_inventory("ask");
  Typist typist("[y/N] ", "y\n");
  terminal = typist.terminal();
  const Input input(*this, std::string(3'000'000, 'x'));
  EXPECT_EQ(run({"exec", "--", "wc -c"}).out, "red[01-04]: 3000000\n");
  EXPECT_THAT(typist.shown(), HasSubstr("Trust all 2?"));
}

TEST_F(TrustTest, StrictAsksNobodyElsewhere) {
  write_inventory("strict");
  const Outcome outcome = run({"exec", "red01", "--yes", "--", "true"});
  EXPECT_EQ(outcome.status, 4);
  EXPECT_THAT(outcome.err, HasSubstr("is not known"));
}

TEST_F(TrustTest, TheStoryOfAReflashedNode) {
  pin_all();
  const std::string old_key = print();
  nodes->stop();
  fs::remove(nodes->host_key());
  const std::uint16_t port = nodes->port();
  nodes.reset();
  start_nodes();
  ASSERT_NE(print(), old_key);
  write_inventory();
  // The new server has another port: what is on file is moved there.
  std::string pinned = read_file(pins());
  for (std::size_t at = 0; (at = pinned.find(fmt::format("]:{} ", port), at)) != std::string::npos;
       ++at)
    pinned.replace(at, fmt::format("]:{} ", port).size(), fmt::format("]:{} ", nodes->port()));
  write_file(pins(), pinned, 0600);

  const std::size_t line =
      static_cast<std::size_t>(std::count(
          pinned.begin(), pinned.begin() + static_cast<std::ptrdiff_t>(pinned.find(own_address(2))),
          '\n')) +
      1;
  const std::string refusal = fmt::format(
      "    red02: the host key of {} has changed: it shows ssh-ed25519 {}, but {}:{} has "
      "ssh-ed25519 {}\n"
      "        if red02 was re-flashed or replaced: `clustermpi hostkey forget red02`; otherwise "
      "another machine answers in its place\n",
      place(2), print(), pins().string(), line, old_key);
  const Outcome refused = run({"exec", "red02", "--", "true"});
  EXPECT_EQ(refused.status, 4);
  EXPECT_EQ(refused.err, refusal);

  const Outcome trusted = run({"trust", "red02", "--yes"});
  EXPECT_EQ(trusted.status, 4);
  EXPECT_EQ(trusted.out, row(2, "changed"));
  EXPECT_EQ(trusted.err, refusal);
  EXPECT_EQ(run({"hostkey", "show", "red02"}).out,
            fmt::format("red02: ssh-ed25519 {}  {}:{}\n", old_key, pins().string(), line));

  EXPECT_EQ(run({"hostkey", "forget", "red02"}).out,
            "red02: its host key is forgotten; `clustermpi hostkey accept red02` or, by default, "
            "the next contact pins the new one\n");
  const Outcome accepted = run({"exec", "red02", "--", "echo", "back"});
  EXPECT_EQ(accepted.out, "red02: back\n");
  EXPECT_EQ(accepted.err, fmt::format("    red02: new host key pinned: ssh-ed25519 {}\n", print()));
}

TEST_F(TrustTest, HostkeyShowContactsNobody) {
  EXPECT_EQ(run({"hostkey", "show", "red01"}).out, "red01: no host key is on file\n");
  ASSERT_EQ(run({"exec", "red01", "--", "true"}).status, 0);
  nodes->stop();
  const auto document = nlohmann::json::parse(run({"hostkey", "show", "red0[1-2]", "--json"}).out);
  EXPECT_EQ(document["command"], "hostkey show");
  EXPECT_EQ(document["hosts"]["red01"], (nlohmann::json{{"ok", true},
                                                        {"keys",
                                                         {{{"type", "ssh-ed25519"},
                                                           {"fingerprint", print()},
                                                           {"revoked", false},
                                                           {"authority", false},
                                                           {"file", pins().string()},
                                                           {"line", 1}}}}}));
  EXPECT_EQ(document["hosts"]["red02"]["keys"], nlohmann::json::array());
}

}  // namespace
}  // namespace clustermpi::test
