// What happens to one command: status, input, output, limits, cancel.
#include <gmock/gmock.h>

#include <map>

#include "tests/ssh/sshd.hpp"

namespace clustermpi::test {
namespace {

using testing::HasSubstr;

class CommandTest : public SshTest {
 protected:
  std::unique_ptr<Sshd> sshd = start_sshd();
  Target node = sshd->target("red01");
};

TEST_F(CommandTest, OutputAndErrorsAreKeptApart) {
  const Result result = run_one(node, "echo to out; echo to err >&2");
  EXPECT_TRUE(result.ok());
  EXPECT_EQ(result.out, "to out\n");
  EXPECT_EQ(result.err, "to err\n");
  EXPECT_FALSE(result.truncated);
}

TEST_F(CommandTest, ExitStatusComesBack) {
  const Result result = run_one(node, "exit 17");
  EXPECT_EQ(result.exit_status, 17);
  EXPECT_FALSE(result.error);
  EXPECT_FALSE(result.ok());
}

TEST_F(CommandTest, SignalIsReportedAsAShellDoes) {
  EXPECT_EQ(run_one(node, "kill -9 $$").exit_status, 128 + SIGKILL);
  EXPECT_EQ(run_one(node, "kill -TERM $$").exit_status, 128 + SIGTERM);
}

TEST_F(CommandTest, WithoutInputStdinIsAtItsEnd) {
  EXPECT_EQ(run_one(node, "cat; echo done").out, "done\n");
}

TEST_F(CommandTest, LargeInputArrivesWhole) {
  std::string data(20u << 20, '\0');
  for (std::size_t i = 0; i < data.size(); ++i) data[i] = static_cast<char>(i * 2654435761u >> 13);
  Job sum = job(0, "sha256sum");
  sum.input = std::make_shared<const std::string>(data);
  const Result result = fleet({node}).run({sum}).front();
  EXPECT_EQ(result.out, sha256(data) + "  -\n");
}

TEST_F(CommandTest, InputThatNobodyReadsIsNoError) {
  Job early = job(0, "head -c 5");
  early.input = std::make_shared<const std::string>(8u << 20, 'x');
  const Result result = fleet({node}).run({early}).front();
  EXPECT_TRUE(result.ok());
  EXPECT_EQ(result.out, "xxxxx");
}

TEST_F(CommandTest, LargeOutputIsGatheredWhole) {
  Job print = job(0, "head -c 20000000 /dev/zero | tr '\\0' x");
  print.output_limit = 32u << 20;
  const Result result = fleet({node}).run({print}).front();
  EXPECT_TRUE(result.ok());
  EXPECT_EQ(result.out, std::string(20'000'000, 'x'));
  EXPECT_FALSE(result.truncated);
}

TEST_F(CommandTest, OutputBeyondTheLimitIsDroppedAndSaid) {
  Job print = job(0, "head -c 20000000 /dev/zero; exit 3");
  print.output_limit = 1000;
  const Result result = fleet({node}).run({print}).front();
  EXPECT_EQ(result.out.size(), 1000u);
  EXPECT_TRUE(result.truncated);
  EXPECT_EQ(result.exit_status, 3);
}

TEST_F(CommandTest, StreamedOutputIsNotGathered) {
  std::map<Stream, std::size_t> bytes;
  std::size_t largest = 0;
  Job print = job(0, "head -c 20000000 /dev/zero; echo oops >&2");
  print.on_output = [&](Stream stream, std::string_view data) {
    bytes[stream] += data.size();
    largest = std::max(largest, data.size());
  };
  const Result result = fleet({node}).run({print}).front();
  EXPECT_TRUE(result.ok());
  EXPECT_EQ(bytes[Stream::out], 20'000'000u);
  EXPECT_EQ(bytes[Stream::err], 5u);
  EXPECT_EQ(result.out, "");
  EXPECT_LE(largest, 64u * 1024) << "memory must not grow with the output";
}

TEST_F(CommandTest, ACallbackThatThrowsFailsThatCommandOnly) {
  Job print = job(0, "echo hello; sleep 30");
  print.on_output = [](Stream, std::string_view) { throw std::runtime_error("disk full"); };
  const auto results = fleet({node}).run({print, job(0, "echo fine")});
  ASSERT_TRUE(results[0].error);
  EXPECT_EQ(*results[0].error, (HostError{"local_failure", "disk full", ""}));
  EXPECT_EQ(results[1].out, "fine\n");
}

TEST_F(CommandTest, SeveralJobsShareOneSession) {
  const auto results =
      fleet({node}).run({job(0, "echo $SSH_CONNECTION"), job(0, "echo $SSH_CONNECTION")});
  EXPECT_TRUE(results[0].ok());
  EXPECT_EQ(results[0].out, results[1].out);
  EXPECT_EQ(sshd->accepted_logins(), 1u);
}

TEST_F(CommandTest, MoreJobsThanTheServerHasChannelsWaitTheirTurn) {
  const auto narrow = start_sshd("narrow", "MaxSessions 2\n");
  std::vector<Job> jobs;
  for (int i = 0; i < 24; ++i) jobs.push_back(job(0, fmt::format("sleep 0.01; echo {}", i)));
  const auto results = fleet({narrow->target("red01")}).run(jobs);
  for (std::size_t i = 0; i < results.size(); ++i) {
    EXPECT_TRUE(results[i].ok()) << i;
    EXPECT_EQ(results[i].out, fmt::format("{}\n", i));
  }
  EXPECT_EQ(narrow->accepted_logins(), 1u);
}

TEST_F(CommandTest, ServerThatRunsNoCommandsIsNamed) {
  const auto closed = start_sshd("closed", "MaxSessions 0\n");
  const Result result = run_one(closed->target("red01"), "true");
  ASSERT_TRUE(result.error);
  EXPECT_EQ(result.error->code, "protocol");
  EXPECT_THAT(result.error->message, HasSubstr("refuses to run a command: "));
  EXPECT_EQ(result.error->hint, "see MaxSessions and ForceCommand in its sshd_config");
}

TEST_F(CommandTest, TimeoutEndsTheCommandAndKeepsTheSession) {
  Fleet fleet_ = fleet({node});
  Job slow = job(0, "sleep 60");
  slow.timeout = milliseconds(300);
  const Result result = fleet_.run({slow}).front();
  ASSERT_TRUE(result.error);
  EXPECT_EQ(*result.error, (HostError{"timeout", "the command on red01 did not end within 0.3 s",
                                      "it was told to stop; give it longer with --timeout"}));
  EXPECT_EQ(fleet_.run({job(0, "echo on")}).front().out, "on\n");
  EXPECT_EQ(sshd->accepted_logins(), 1u);
}

TEST_F(CommandTest, CancelEndsAllThatRunsAtOnce) {
  std::vector<Job> jobs(8, job(0, "sleep 60"));
  jobs.push_back(job(0, "echo before"));
  std::thread interrupt;
  const auto began = std::chrono::steady_clock::now();
  const auto results = fleet({node}).run(jobs, [&](const Result& result) {
    if (result.out == "before\n")
      interrupt = std::thread([this] {
        std::this_thread::sleep_for(milliseconds(200));
        cancel.cancel();
      });
  });
  interrupt.join();
  EXPECT_LT(std::chrono::steady_clock::now() - began, std::chrono::seconds(30));
  for (std::size_t i = 0; i < 8; ++i) {
    ASSERT_TRUE(results[i].error);
    EXPECT_EQ(*results[i].error, (HostError{"cancelled", "stopped before it was done", ""}));
  }
  EXPECT_TRUE(results[8].ok());
}

TEST_F(CommandTest, CancelAsksTheServerToEndTheProcess) {
  const auto pid_file = file("pid");
  Job sleeper = job(0, fmt::format("echo $$ >{0}; exec sleep 60", pid_file.string()));
  std::thread interrupt([&] {
    while (!fs::exists(pid_file) || fs::file_size(pid_file) == 0)
      std::this_thread::sleep_for(milliseconds(10));
    cancel.cancel();
  });
  Fleet fleet_ = fleet({node});
  EXPECT_EQ(fleet_.run({sleeper}).front().error->code, "cancelled");
  interrupt.join();
  // For a user other than root sshd passes the signal on; for root it logs that it does not.
  const int pid = std::stoi(read_file(pid_file));
  const auto asked = [&] {
    return ::kill(pid, 0) != 0 ||
           sshd->logged("session signalling requires privilege separation") > 0;
  };
  for (int i = 0; i < 500 && !asked(); ++i) std::this_thread::sleep_for(milliseconds(10));
  EXPECT_TRUE(asked()) << sshd->log();
}

TEST_F(CommandTest, AfterACancelNothingIsStarted) {
  cancel.cancel();
  const Result result = run_one(node, "true");
  ASSERT_TRUE(result.error);
  EXPECT_EQ(result.error->code, "cancelled");
  EXPECT_EQ(sshd->accepted_logins(), 0u);
}

}  // namespace
}  // namespace clustermpi::test
