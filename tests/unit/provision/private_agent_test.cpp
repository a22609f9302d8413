// The agent of one run: it holds the key, and nothing of it is left afterwards.
#include "provision/private_agent.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include <chrono>
#include <filesystem>
#include <thread>

#include "hosts/error.hpp"
#include "provision/files.hpp"

namespace fs = std::filesystem;

namespace clustermpi {
namespace {

using namespace std::chrono_literals;
using testing::HasSubstr;

struct PrivateAgentTest : testing::Test {
  void SetUp() override {
    std::string name = testing::TempDir() + "agent.XXXXXX";
    ASSERT_NE(::mkdtemp(name.data()), nullptr);
    folder = name;
    ASSERT_TRUE(run_process({"ssh-keygen", "-q", "-t", "ed25519", "-N", "open it's me", "-C",
                             "test", "-f", key().string()})
                    .ok());
  }
  void TearDown() override { fs::remove_all(folder); }

  [[nodiscard]] fs::path key() const { return folder / "key"; }

  [[nodiscard]] static ProcessResult keys_of(const fs::path& socket) {
    ProcessOptions options;
    options.environment["SSH_AUTH_SOCK"] = socket.string();
    return run_process({"ssh-add", "-L"}, options);
  }

  /// ssh-add says 2 where no agent answers.
  static bool ends(const fs::path& socket) {
    for (int i = 0; i < 300; ++i) {
      if (keys_of(socket).exit_status == 2) return true;
      std::this_thread::sleep_for(20ms);
    }
    return false;
  }

  fs::path folder;
};

TEST_F(PrivateAgentTest, HoldsAKeyThatHasAPassphrase) {
  PrivateAgent agent(folder);
  agent.add(key(), Secret("open it's me"));
  EXPECT_EQ(keys_of(agent.socket()).out, read_file(folder / "key.pub"));
}

TEST_F(PrivateAgentTest, RefusesAWrongPassphrase) {
  PrivateAgent agent(folder);
  try {
    agent.add(key(), Secret("wrong"));
    FAIL() << "it took a wrong passphrase";
  } catch (const Error& error) {
    EXPECT_EQ(std::string(error.what()),
              "ssh-add does not take " + key().string() + " with that passphrase");
  }
}

TEST_F(PrivateAgentTest, EndsWithItsObject) {
  fs::path socket;
  {
    PrivateAgent agent(folder);
    socket = agent.socket();
    EXPECT_EQ(keys_of(socket).exit_status, 1);  // it answers, and has no key
  }
  EXPECT_EQ(keys_of(socket).exit_status, 2);
  EXPECT_FALSE(fs::exists(folder / "askpass"));
}

TEST_F(PrivateAgentTest, EndsWithAProcessThatIsKilled) {
  const pid_t owner = ::fork();
  ASSERT_GE(owner, 0);
  if (owner == 0) {
    const PrivateAgent agent(folder);
    write_file(folder / "ready", "");
    ::pause();
    ::_exit(0);
  }
  for (int i = 0; i < 500 && !fs::exists(folder / "ready"); ++i) std::this_thread::sleep_for(10ms);
  EXPECT_EQ(keys_of(folder / "agent").exit_status, 1);
  ::kill(owner, SIGKILL);
  ::waitpid(owner, nullptr, 0);
  EXPECT_TRUE(ends(folder / "agent"));
}

TEST_F(PrivateAgentTest, StartsWhereAKilledRunLeftItsSocket) {
  write_file(folder / "agent", "");
  PrivateAgent agent(folder);
  EXPECT_EQ(keys_of(agent.socket()).exit_status, 1);
}

TEST_F(PrivateAgentTest, APathThatNoSocketCanHaveIsNamed) {
  const fs::path deep = folder / std::string(120, 'x');
  fs::create_directories(deep);
  try {
    const PrivateAgent agent(deep);
    FAIL() << "it listens there";
  } catch (const Error& error) {
    EXPECT_THAT(error.what(), HasSubstr("the path is too long"));
    EXPECT_EQ(error.hint(), "move the inventory to a folder with a shorter path");
  }
}

}  // namespace
}  // namespace clustermpi
