// Many hosts at once, and sessions over several runs.
#include <gmock/gmock.h>

#include <set>

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
