// Many hosts at once, and sessions over several runs.
#include <gmock/gmock.h>

#include <sys/resource.h>

#include <set>

#include "provision/ssh/input_stream.hpp"
#include "tests/ssh/fake_server.hpp"

namespace clustermpi::test {
namespace {

class FleetTest : public SshTest {
 protected:
  /// `servers` sshd processes of 16 addresses each.
  std::vector<Target> start_farm(unsigned servers) {
    std::vector<Target> targets;
    for (unsigned i = 0; i < servers; ++i) {
      std::vector<std::string> addresses;
      for (unsigned k = 1; k <= 16; ++k) addresses.push_back(own_address(i * 16 + k));
      farm.push_back(start_sshd(fmt::format("farm{}", i), "", addresses));
      for (unsigned k = 0; k < 16; ++k)
        targets.push_back(farm.back()->target(fmt::format("n{:02}", targets.size()), k));
    }
    return targets;
  }

  static std::vector<Job> on_all(std::size_t hosts, const std::string& command) {
    std::vector<Job> jobs;
    for (std::size_t host = 0; host < hosts; ++host) jobs.push_back(job(host, command));
    return jobs;
  }

  std::vector<std::unique_ptr<Sshd>> farm;
};

TEST_F(FleetTest, SixtyFourHostsAtOnce) {
  const auto targets = start_farm(4);
  std::set<std::size_t> reported;
  const auto results =
      fleet(targets).run(on_all(targets.size(), "set -- $SSH_CONNECTION; echo $3"),
                         [&](const Result& result) { reported.insert(result.host); });
  ASSERT_EQ(results.size(), 64u);
  for (std::size_t i = 0; i < results.size(); ++i) {
    EXPECT_EQ(results[i].host, i);
    EXPECT_EQ(results[i].out, targets[i].address + "\n")
        << (results[i].error ? results[i].error->message : "");
  }
  EXPECT_EQ(reported.size(), 64u);
}

TEST_F(FleetTest, ANarrowWindowServesAll) {
  const auto targets = start_farm(1);
  options.handshakes_at_once = 1;
  for (const Result& result : fleet(targets).run(on_all(targets.size(), "true")))
    EXPECT_TRUE(result.ok()) << result.error->message;
}

TEST_F(FleetTest, HostsThatHangDoNotHoldUpTheOthers) {
  const auto targets = start_farm(1);
  FakeServer silent([](int) {}, own_address(200));
  std::vector<Target> all;
  for (int i = 0; i < 4; ++i) all.push_back(silent.target(fmt::format("silent{}", i)));
  all.insert(all.end(), targets.begin(), targets.end());
  options.handshakes_at_once = 2;
  options.handshake_timeout = milliseconds(8000);
  std::vector<std::size_t> order;
  const auto results = fleet(all).run(on_all(all.size(), "true"),
                                      [&](const Result& result) { order.push_back(result.host); });
  ASSERT_EQ(order.size(), all.size());
  for (std::size_t i = 4; i < all.size(); ++i) EXPECT_TRUE(results[i].ok()) << i;
  for (std::size_t i = 0; i < targets.size(); ++i)
    EXPECT_GE(order[i], 4u) << "a silent host ended first";
}

TEST_F(FleetTest, ThreeHundredHostsWithinTheUsualLimitOfOpenFiles) {
  const auto servers = start_farm(1);
  rlimit before{};
  ASSERT_EQ(::getrlimit(RLIMIT_NOFILE, &before), 0);
  rlimit usual{std::min<rlim_t>(256, before.rlim_max), before.rlim_max};
  ASSERT_EQ(::setrlimit(RLIMIT_NOFILE, &usual), 0);
  std::vector<Target> targets;
  for (std::size_t i = 0; i < 300; ++i) {
    targets.push_back(servers[i % servers.size()]);
    targets.back().name = fmt::format("n{:03}", i);
  }
  const auto results = fleet(targets).run(on_all(targets.size(), "true"));
  ::setrlimit(RLIMIT_NOFILE, &before);
  for (const Result& result : results)
    ASSERT_TRUE(result.ok()) << (result.error ? result.error->message : "");
}

TEST_F(FleetTest, AServerThatDropsTheEleventhSeesNoneTooMany) {
  const auto sshd = start_sshd("strict", "MaxStartups 10:100:10\n");
  std::vector<Target> targets;
  for (int i = 0; i < 48; ++i) targets.push_back(sshd->target(fmt::format("n{:02}", i)));
  for (const Result& result : fleet(targets).run(on_all(targets.size(), "true")))
    EXPECT_TRUE(result.ok()) << (result.error ? result.error->message : "");
  EXPECT_EQ(sshd->logged("drop connection"), 0u) << sshd->log();
}

TEST_F(FleetTest, AHostThatFallsSilentIsGivenUp) {
  const auto gate = start_sshd("gate", "", {own_address(201)});
  const auto sshd = start_sshd();
  options.keep_alive = milliseconds(300);
  options.jumps = {gate->target("gate")};
  Target node = sshd->target("red01");
  node.jump = 0;
  const auto started = file("started");
  std::thread freezer([&] {
    while (!fs::exists(started)) std::this_thread::sleep_for(milliseconds(10));
    sshd->freeze_sessions();
  });
  const Result result = run_one(node, fmt::format("echo x >{}; sleep 60", started.string()));
  freezer.join();
  ASSERT_TRUE(result.error);
  EXPECT_EQ(*result.error,
            (HostError{"connection_lost",
                       fmt::format("{} port {} has not answered for 0.9 s while the command ran",
                                   node.address, node.port),
                       "it may have run in part; look at the host, then start again"}));
}

TEST_F(FleetTest, AHostThatIsOnlyQuietIsNot) {
  const auto sshd = start_sshd();
  options.keep_alive = milliseconds(500);
  const Result result = run_one(sshd->target("red01"), "sleep 4");
  EXPECT_TRUE(result.ok()) << (result.error ? result.error->message : "");
}

TEST_F(FleetTest, WhatStreamsInReachesAllWholeAndInOrder) {
  const auto targets = start_farm(1);
  int ends[2];
  ASSERT_EQ(::pipe2(ends, O_CLOEXEC), 0);
  const Descriptor reading(ends[0]);
  std::string all;
  for (unsigned i = 0; all.size() < 5u << 20; ++i) all += fmt::format("{}\n", i * 2654435761u);
  std::thread writer([&, to = Descriptor(ends[1])] {
    for (std::string_view rest = all; !rest.empty();) {
      const ssize_t written =
          ::write(to.get(), rest.data(), std::min<std::size_t>(rest.size(), 70'000));
      if (written <= 0) return;
      rest.remove_prefix(static_cast<std::size_t>(written));
    }
  });
  auto stream = std::make_shared<InputStream>(reading.get());
  auto jobs = on_all(targets.size(), "cat");
  for (Job& one : jobs) {
    one.input = std::make_shared<const std::string>("first\n");
    one.stream = stream;
  }
  jobs[5].command = "head -n 1";  // one that has enough at once holds up nobody
  const auto results = fleet(targets).run(std::move(jobs));
  writer.join();
  for (std::size_t i = 0; i < results.size(); ++i) {
    ASSERT_FALSE(results[i].error) << results[i].error->message;
    EXPECT_TRUE(results[i].out == (i == 5 ? "first\n" : "first\n" + all)) << i;
  }
}

TEST_F(FleetTest, ACommandEndsThoughItsStreamDoesNot) {
  const auto sshd = start_sshd();
  int ends[2];
  ASSERT_EQ(::pipe2(ends, O_CLOEXEC), 0);
  const Descriptor reading(ends[0]), writing(ends[1]);
  Job one = job(0, "echo done");
  one.stream = std::make_shared<InputStream>(reading.get());
  EXPECT_EQ(fleet({sshd->target("red01")}).run({one}).front().out, "done\n");
}

TEST_F(FleetTest, AShellThatNeverComesToTheCommandIsNamed) {
  const auto sshd = start_sshd("slow", "ForceCommand sleep 60\n");
  Job one = job(0, "true");
  one.first_byte_timeout = milliseconds(500);
  const Result result = fleet({sshd->target("red01")}).run({one}).front();
  ASSERT_TRUE(result.error);
  EXPECT_EQ(*result.error,
            (HostError{"timeout", "the command on red01 printed nothing within 0.5 s",
                       "does its login shell hang? try `ssh` by hand"}));
}

TEST_F(FleetTest, AServerThatHangsInTheLoginIsNamed) {
  const auto sshd =
      start_sshd("hangs", "AuthorizedKeysCommand /bin/sleep 60\nAuthorizedKeysCommandUser root\n");
  write_file(sshd->authorized_keys(), "");
  options.auth_timeout = milliseconds(700);
  const Target node = sshd->target("red01");
  const Result result = run_one(node, "true");
  ASSERT_TRUE(result.error);
  EXPECT_EQ(result.error->message, fmt::format("{} port {} did not finish the login within 0.7 s",
                                               node.address, node.port));
}

TEST_F(FleetTest, OneBadHostLeavesTheOthersAlone) {
  auto targets = start_farm(1);
  targets[3].port = free_port(own_address(250));
  const auto results = fleet(targets).run(on_all(targets.size(), "true"));
  for (std::size_t i = 0; i < results.size(); ++i)
    EXPECT_EQ(results[i].error ? results[i].error->code : "ok", i == 3 ? "unreachable" : "ok");
}

TEST_F(FleetTest, ASessionServesSeveralRuns) {
  const auto sshd = start_sshd();
  Fleet fleet_ = fleet({sshd->target("red01")});
  const std::string first = fleet_.run({job(0, "echo $SSH_CONNECTION")}).front().out;
  EXPECT_NE(first, "");
  EXPECT_EQ(fleet_.run({job(0, "echo $SSH_CONNECTION")}).front().out, first);
  EXPECT_EQ(sshd->accepted_logins(), 1u);
}

TEST_F(FleetTest, ASessionThatDiedBetweenRunsIsReopened) {
  const auto sshd = start_sshd();
  Fleet fleet_ = fleet({sshd->target("red01")});
  ASSERT_TRUE(fleet_.run({job(0, "true")}).front().ok());
  sshd->end_sessions();
  const Result again = fleet_.run({job(0, "echo back")}).front();
  EXPECT_EQ(again.out, "back\n") << (again.error ? again.error->message : "");
  EXPECT_EQ(sshd->accepted_logins(), 2u);
}

TEST_F(FleetTest, AServerThatIsGoneBetweenRunsIsUnreachable) {
  const auto sshd = start_sshd();
  Fleet fleet_ = fleet({sshd->target("red01")});
  ASSERT_TRUE(fleet_.run({job(0, "true")}).front().ok());
  sshd->stop();
  const Result gone = fleet_.run({job(0, "true")}).front();
  ASSERT_TRUE(gone.error);
  EXPECT_EQ(gone.error->code, "unreachable");
  sshd->start();
  EXPECT_TRUE(fleet_.run({job(0, "true")}).front().ok()) << "each run tries anew";
}

TEST_F(FleetTest, AConnectionLostInTheMiddleIsNotRetried) {
  const auto sshd = start_sshd();
  const Target node = sshd->target("red01");
  const auto started = file("started");
  std::thread killer([&] {
    while (!fs::exists(started)) std::this_thread::sleep_for(milliseconds(10));
    sshd->end_sessions();
  });
  const Result result = run_one(node, fmt::format("echo x >>{}; sleep 60", started.string()));
  killer.join();
  ASSERT_TRUE(result.error);
  EXPECT_EQ(result.error->code, "connection_lost");
  EXPECT_EQ(
      result.error->message,
      fmt::format("the connection to {} port {} was lost while the command ran: Socket error: "
                  "disconnected",
                  node.address, node.port));
  EXPECT_EQ(result.error->hint, "it may have run in part; look at the host, then start again");
  EXPECT_EQ(read_file(started), "x\n");
  EXPECT_EQ(sshd->accepted_logins(), 1u);
}

TEST_F(FleetTest, ARunThatThrowsLeavesNothingBehind) {
  const auto sshd = start_sshd();
  Fleet fleet_ = fleet({sshd->target("red01")});
  const auto refuse = [](const Result&) { throw std::runtime_error("stop"); };
  EXPECT_THROW(fleet_.run({job(0, "true"), job(0, "sleep 60")}, refuse), std::runtime_error);
  const auto results = fleet_.run({job(0, "echo next")});
  ASSERT_EQ(results.size(), 1u);
  EXPECT_EQ(results[0].out, "next\n");
}

TEST_F(FleetTest, NoJobsNoConnections) {
  const auto sshd = start_sshd();
  EXPECT_TRUE(fleet({sshd->target("red01")}).run({}).empty());
  EXPECT_EQ(sshd->accepted_logins(), 0u);
}

TEST_F(FleetTest, HostsAreFoundByName) {
  const Fleet fleet_ = fleet({{"red01", "10.0.0.1", 22, "pi"}, {"red02", "10.0.0.2", 22, "pi"}});
  EXPECT_EQ(fleet_.index_of("red02"), 1u);
  EXPECT_EQ(fleet_.index_of("red03"), std::nullopt);
}

}  // namespace
}  // namespace clustermpi::test
