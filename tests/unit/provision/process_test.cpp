#include "provision/process.hpp"

#include <fcntl.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <signal.h>
#include <unistd.h>

#include <chrono>
#include <filesystem>
#include <thread>

#include "hosts/error.hpp"
#include "provision/files.hpp"

namespace clustermpi {
namespace {

using namespace std::chrono_literals;
using testing::ElementsAre;

std::chrono::milliseconds since(std::chrono::steady_clock::time_point begin) {
  return std::chrono::duration_cast<std::chrono::milliseconds>(std::chrono::steady_clock::now() -
                                                               begin);
}

bool runs(pid_t pid) {
  return ::kill(pid, 0) == 0;
}

bool is_gone_soon(pid_t pid) {
  for (int i = 0; i < 200 && runs(pid); ++i) std::this_thread::sleep_for(10ms);
  return !runs(pid);
}

TEST(RunProcess, GathersBothStreamsAndTheExitStatus) {
  const ProcessResult result = run_process({"sh", "-c", "echo out; echo err >&2; exit 7"});
  EXPECT_EQ(result.out, "out\n");
  EXPECT_EQ(result.err, "err\n");
  EXPECT_EQ(result.exit_status, 7);
  EXPECT_FALSE(result.ok());
}

TEST(RunProcess, TakesArgumentsAsTheyAre) {
  EXPECT_EQ(run_process({"printf", "%s|", "a b", "$HOME", "'\"", ""}).out, "a b|$HOME|'\"||");
}

TEST(RunProcess, TellsASignalAsAShellDoes) {
  EXPECT_EQ(run_process({"sh", "-c", "kill -KILL $$"}).exit_status, 128 + SIGKILL);
}

TEST(RunProcess, EmptyInputIsEndOfFileAtOnce) {
  EXPECT_EQ(run_process({"cat"}).out, "");
}

TEST(RunProcess, PassesMuchThroughWithoutDeadlock) {
  ProcessOptions options;
  options.input.assign(8u << 20, 'x');
  options.timeout = 60s;
  const ProcessResult result = run_process({"cat"}, options);
  EXPECT_TRUE(result.ok());
  EXPECT_EQ(result.out, options.input);
}

TEST(RunProcess, SurvivesAChildThatDoesNotReadItsInput) {
  ProcessOptions options;
  options.input.assign(8u << 20, 'x');
  EXPECT_TRUE(run_process({"true"}, options).ok());
}

TEST(RunProcess, HandsLinesOutAsTheyCome) {
  std::vector<std::string> out;
  std::vector<std::string> err;
  ProcessOptions options;
  options.on_stdout_line = [&](std::string_view line) { out.emplace_back(line); };
  options.on_stderr_line = [&](std::string_view line) { err.emplace_back(line); };
  const ProcessResult result =
      run_process({"sh", "-c", "printf 'one\\n\\ntwo'; printf 'bad\\n' >&2"}, options);
  EXPECT_THAT(out, ElementsAre("one", "", "two"));
  EXPECT_THAT(err, ElementsAre("bad"));
  EXPECT_EQ(result.out, "");
}

TEST(RunProcess, AddsToTheEnvironmentAndChangesTheFolder) {
  ProcessOptions options;
  options.environment = {{"GREETING", "hello"}};
  options.directory = "/";
  EXPECT_EQ(run_process({"sh", "-c", "echo $GREETING $PWD ${HOME:+home}"}, options).out,
            "hello / home\n");
}

TEST(RunProcess, ChildInheritsNoOtherDescriptors) {
  const int leaky =
      ::open("/dev/null", O_RDONLY);  // without O_CLOEXEC, as a careless library would
  const ProcessResult result = run_process({"sh", "-c", "ls /proc/self/fd | wc -l"});
  ::close(leaky);
  EXPECT_EQ(result.out, "4\n");  // 0, 1, 2, and the one that `ls` reads the folder by
}

TEST(RunProcess, EndsTheWholeGroupAfterTheTimeout) {
  ProcessOptions options;
  options.timeout = 200ms;
  const auto begin = std::chrono::steady_clock::now();
  const ProcessResult result = run_process({"sh", "-c", "sleep 60 & echo $!; wait"}, options);
  EXPECT_TRUE(result.timed_out);
  EXPECT_FALSE(result.ok());
  EXPECT_EQ(result.exit_status, 128 + SIGTERM);
  EXPECT_LT(since(begin), 2s);
  EXPECT_TRUE(is_gone_soon(std::stoi(result.out)));
}

TEST(RunProcess, KillsWhatIgnoresTheRequestToEnd) {
  ProcessOptions options;
  options.timeout = 100ms;
  const auto begin = std::chrono::steady_clock::now();
  const ProcessResult result =
      run_process({"sh", "-c", "trap '' TERM; while :; do sleep 1; done"}, options);
  EXPECT_EQ(result.exit_status, 128 + SIGKILL);
  EXPECT_GE(since(begin), 3s);
  EXPECT_LT(since(begin), 10s);
}

TEST(RunProcess, EndsOnCancel) {
  CancelToken cancel;
  ProcessOptions options;
  options.cancel = &cancel;
  std::thread later([&] {
    std::this_thread::sleep_for(100ms);
    cancel.cancel();
  });
  const auto begin = std::chrono::steady_clock::now();
  const ProcessResult result = run_process({"sleep", "60"}, options);
  later.join();
  EXPECT_TRUE(result.cancelled);
  EXPECT_LT(since(begin), 2s);
}

TEST(RunProcess, DoesNotWaitForADaemonThatHoldsThePipes) {
  const auto begin = std::chrono::steady_clock::now();
  const ProcessResult result = run_process({"sh", "-c", "setsid sleep 5 & echo started"});
  EXPECT_EQ(result.out, "started\n");
  EXPECT_LT(since(begin), 4s);
}

TEST(RunProcess, SaysWhatToInstall) {
  try {
    (void)run_process({"no-such-program"});
    FAIL() << "it ran";
  } catch (const Error& error) {
    EXPECT_EQ(error.code(), ExitCode::local_failure);
    EXPECT_STREQ(error.what(), "the program no-such-program is not installed");
    EXPECT_EQ(error.hint(), "");
  }
  EXPECT_EQ(package_of("systemd-nspawn"), "systemd-container");
  EXPECT_EQ(package_of("no-such-program"), "");
}

TEST(RunProcess, SaysWhyItCannotStart) {
  ProcessOptions options;
  options.directory = "/no/such/folder";
  try {
    (void)run_process({"/bin/true"}, options);
    FAIL() << "it ran";
  } catch (const Error& error) {
    EXPECT_STREQ(error.what(), "cannot start /bin/true: No such file or directory");
  }
}

TEST(StartDetached, OutlivesUsAndWritesItsLog) {
  const std::string log = testing::TempDir() + "detached." + std::to_string(::getpid());
  const pid_t pid =
      start_detached({"sh", "-c", "echo in session $(ps -o sid= $$); exec sleep 60"}, log);
  EXPECT_TRUE(runs(pid));
  for (int i = 0; i < 200 && read_file(log).empty(); ++i) std::this_thread::sleep_for(10ms);
  EXPECT_THAT(read_file(log), testing::StartsWith("in session "));
  EXPECT_NE(::getsid(pid), ::getsid(0));
  ::kill(pid, SIGKILL);
  std::filesystem::remove(log);
}

TEST(FindProgram, LooksInPathAndInTheSystemFolders) {
  EXPECT_EQ(find_program("no-such-program"), std::nullopt);
  EXPECT_EQ(find_program("/no/such/program"), std::nullopt);
  EXPECT_EQ(find_program("/etc/passwd"), std::nullopt);  // no program
  ASSERT_TRUE(find_program("sh"));
  const std::string before = std::getenv("PATH");
  ::setenv("PATH", "/nowhere", 1);
  const auto found = find_program("ldconfig");  // in /usr/sbin on every Debian
  ::setenv("PATH", before.c_str(), 1);
  EXPECT_EQ(found, "/usr/sbin/ldconfig");
}

}  // namespace
}  // namespace clustermpi
