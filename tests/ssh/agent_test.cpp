// Logging in with the keys of an ssh-agent.
#include <gmock/gmock.h>
#include <sys/un.h>

#include <thread>

#include "provision/ssh/agent.hpp"
#include "tests/ssh/fake_server.hpp"

namespace clustermpi::test {
namespace {

/// A real ssh-agent.
class SshAgent {
 public:
  explicit SshAgent(fs::path socket) : socket_(std::move(socket)) {
    const std::string path = socket_.string();
    const char* argv[] = {"/usr/bin/ssh-agent", "-D", "-a", path.c_str(), nullptr};
    posix_spawn_file_actions_t actions;
    ::posix_spawn_file_actions_init(&actions);
    ::posix_spawn_file_actions_addopen(&actions, 1, "/dev/null", O_WRONLY, 0);
    const int error =
        ::posix_spawn(&pid_, argv[0], &actions, nullptr, const_cast<char* const*>(argv), environ);
    ::posix_spawn_file_actions_destroy(&actions);
    if (error != 0) throw std::runtime_error("cannot start ssh-agent: install openssh-client");
    for (int i = 0; i < 500 && !fs::exists(socket_); ++i)
      std::this_thread::sleep_for(milliseconds(10));
  }
  ~SshAgent() {
    freeze(false);
    ::kill(pid_, SIGTERM);
    ::waitpid(pid_, nullptr, 0);
  }
  SshAgent(const SshAgent&) = delete;
  SshAgent& operator=(const SshAgent&) = delete;

  [[nodiscard]] std::string socket() const { return socket_.string(); }

  void add(const fs::path& key) { talk({"ssh-add", "-q", key}); }
  /// Answers nothing, as one that waits for its user does.
  void freeze(bool frozen = true) { ::kill(pid_, frozen ? SIGSTOP : SIGCONT); }
  void lock() {
    // ssh-add reads the password from a terminal only, or from a program.
    const fs::path answer = socket_.string() + ".askpass";
    write_file(answer, "#!/bin/sh\necho locked\n", 0700);
    talk({"env", "SSH_ASKPASS=" + answer.string(), "SSH_ASKPASS_REQUIRE=force", "ssh-add", "-x"});
  }

 private:
  void talk(std::vector<std::string> command) {
    command.insert(command.begin(), {"env", "SSH_AUTH_SOCK=" + socket()});
    const auto done = run_process(command);
    if (!done.ok()) throw std::runtime_error("ssh-add: " + done.err);
  }

  fs::path socket_;
  pid_t pid_ = -1;
};

class AgentTest : public SshTest {
 protected:
  AgentTest() {
    options.credentials.identities.clear();
    options.credentials.agent = agent.socket();
  }

  /// `count` keys that no server knows.
  void add_strangers(int count) {
    for (int i = 0; i < count; ++i) {
      const auto key = file(fmt::format("stranger{}", i));
      make_key(key);
      agent.add(key);
    }
  }

  SshAgent agent{file("agent.sock")};
  std::unique_ptr<Sshd> sshd = start_sshd();
  Target node = sshd->target("red01");
};

TEST_F(AgentTest, ItsKeyLogsIn) {
  agent.add(user_key());
  const Result result = run_one(node, "echo in");
  EXPECT_EQ(result.out, "in\n") << (result.error ? result.error->message : "");
}

TEST_F(AgentTest, EveryKindOfKeyLogsIn) {
  for (const std::string type : {"rsa", "ecdsa"}) {
    SshAgent other(file(type + ".sock"));
    options.credentials.agent = other.socket();
    make_key(file(type), type);
    other.add(file(type));
    write_file(sshd->authorized_keys(), read_file(file(type + ".pub")));
    const Result result = run_one(node, "true");
    EXPECT_TRUE(result.ok()) << type << ": " << (result.error ? result.error->message : "");
  }
}

TEST_F(AgentTest, ACertificateInTheAgentLogsIn) {
  const auto trusting = start_sshd_for_certified(file("certified"));
  agent.add(file("certified"));
  const Result result = run_one(trusting->target("red01"), "true");
  EXPECT_TRUE(result.ok()) << (result.error ? result.error->message : "");
}

TEST_F(AgentTest, OfTenKeysTheOneThatTheFileNamesIsTheOnlyOneTried) {
  add_strangers(9);
  agent.add(user_key());
  fs::remove(user_key());  // its public half says which
  options.credentials.identities = {user_key()};
  const auto strict = start_sshd("strict", "MaxAuthTries 1\n");
  const Result result = run_one(strict->target("red01"), "true");
  EXPECT_TRUE(result.ok()) << (result.error ? result.error->message : "");
  EXPECT_EQ(strict->logged("Failed publickey"), 0u) << strict->log();
}

TEST_F(AgentTest, ThePublicFileItselfMayBeNamed) {
  add_strangers(2);
  agent.add(user_key());
  fs::remove(user_key());
  options.credentials.identities = {user_key().string() + ".pub"};
  options.credentials.identities_only = true;
  EXPECT_TRUE(run_one(node, "true").ok());
}

TEST_F(AgentTest, WithIdentitiesOnlyItsOtherKeysAreNotOffered) {
  add_strangers(1);
  agent.add(user_key());
  make_key(file("mine"));
  options.credentials.identities = {file("mine")};
  options.credentials.identities_only = true;
  const Result result = run_one(node, "true");
  ASSERT_TRUE(result.error);
  EXPECT_EQ(result.error->message, fmt::format("red01 refuses {}@{} port {}: tried {}", node.user,
                                               node.address, node.port, file("mine").string()));
}

TEST_F(AgentTest, TheKeyThatOpenedOneHostIsTheFirstForTheNext) {
  add_strangers(3);
  agent.add(user_key());
  const auto second = start_sshd("second", "MaxAuthTries 1\n", {own_address(2)});
  Fleet fleet_ = fleet({node, second->target("red02")});
  ASSERT_TRUE(fleet_.run({job(0, "true")}).front().ok());
  const Result result = fleet_.run({job(1, "true")}).front();
  EXPECT_TRUE(result.ok()) << (result.error ? result.error->message : "");
}

TEST_F(AgentTest, TooManyKeysAreNamed) {
  add_strangers(3);
  const auto strict = start_sshd("strict", "MaxAuthTries 2\n");
  const Result result = run_one(strict->target("red01"), "true");
  ASSERT_TRUE(result.error);
  EXPECT_EQ(result.error->message,
            fmt::format("red01 refuses {}@{} port {}: tried test of the agent, test of the agent; "
                        "it says: Too many authentication failures",
                        node.user, node.address, strict->port()));
  EXPECT_EQ(result.error->hint,
            "the agent has more keys than the host hears out: name the right one, `identity` below "
            "[ssh] in the inventory");
}

TEST_F(AgentTest, ALockedAgentIsPassedOver) {
  agent.add(user_key());
  agent.lock();
  const Result result = run_one(node, "true");
  ASSERT_TRUE(result.error);
  EXPECT_EQ(result.error->message,
            "no key to log in to red01 with: the agent at " + agent.socket() + " shows none");
  EXPECT_EQ(result.error->hint, "is it locked? `ssh-add -l` lists its keys");
  options.credentials.identities = {user_key()};
  EXPECT_TRUE(run_one(node, "true").ok());
}

TEST_F(AgentTest, AnAgentThatIsGoneIsPassedOver) {
  options.credentials.agent = file("nowhere.sock");
  options.credentials.identities = {user_key()};
  EXPECT_TRUE(run_one(node, "true").ok());
}

TEST_F(AgentTest, AnAgentThatHangsHoldsUpNobodyElse) {
  agent.add(user_key());
  agent.freeze();
  // Hosts with credentials of their own go on.
  auto with_file = std::make_shared<Credentials>();
  with_file->identities = {user_key()};
  Target other = sshd->target("red02");
  other.credentials = with_file;
  options.credentials.identities = {file("absent")};
  std::vector<std::size_t> order;
  const auto results =
      fleet({node, other}).run({job(0, "true"), job(1, "true")}, [&](const Result& result) {
        order.push_back(result.host);
      });
  EXPECT_TRUE(results[1].ok());
  ASSERT_TRUE(results[0].error);
  EXPECT_EQ(results[0].error->message, "no key to log in to red01 with: there is no " +
                                           file("absent").string() + ", and the agent at " +
                                           agent.socket() + " does not answer");
  EXPECT_EQ(order, (std::vector<std::size_t>{1, 0}));
}

TEST_F(AgentTest, AnAgentThatHangsWhileItSignsIsNamed) {
  agent.add(user_key());
  options.auth_timeout = milliseconds(1500);
  const auto second = start_sshd("second", "", {own_address(2)});
  Fleet fleet_ = fleet({node, second->target("red02")});
  ASSERT_TRUE(fleet_.run({job(0, "true")}).front().ok());
  agent.freeze();
  const Result result = fleet_.run({job(1, "true")}).front();
  ASSERT_TRUE(result.error);
  EXPECT_EQ(*result.error, (HostError{"timeout",
                                      "the agent at " + agent.socket() +
                                          " did not sign the login to red02 within 1.5 s",
                                      "does it wait for you to confirm, or to touch a token?"}));
}

TEST_F(AgentTest, SixtyFourHostsLogInWithIt) {
  add_strangers(1);
  agent.add(user_key());
  std::vector<std::unique_ptr<Sshd>> farm;
  std::vector<Target> targets;
  std::vector<Job> jobs;
  for (unsigned i = 0; i < 4; ++i) {
    std::vector<std::string> addresses;
    for (unsigned k = 1; k <= 16; ++k) addresses.push_back(own_address(100 + i * 16 + k));
    farm.push_back(start_sshd(fmt::format("farm{}", i), "", addresses));
    for (unsigned k = 0; k < 16; ++k) {
      targets.push_back(farm.back()->target(fmt::format("n{:02}", targets.size()), k));
      jobs.push_back(job(jobs.size(), "true"));
    }
  }
  for (const Result& result : fleet(targets).run(jobs))
    EXPECT_TRUE(result.ok()) << (result.error ? result.error->message : "");
}

TEST(AgentIdentities, AnAnswerThatLiesAboutItsLengthsIsNone) {
  using namespace std::string_literals;
  EXPECT_TRUE(parse_agent_identities("\x0c\0\0\0\0"s).value().empty());
  EXPECT_FALSE(parse_agent_identities(""));
  EXPECT_FALSE(parse_agent_identities("\x05"));
  EXPECT_FALSE(parse_agent_identities("\x0c\0\0\0\1"s));
  EXPECT_FALSE(parse_agent_identities("\x0c\xff\xff\xff\xff\0\0\0\1x\0\0\0\0"s));
  EXPECT_FALSE(parse_agent_identities("\x0c\0\0\0\1\xff\xff\xff\xff"s));
}

}  // namespace
}  // namespace clustermpi::test
