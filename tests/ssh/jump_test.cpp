// Ways to a host that are no plain TCP connection: jump hosts, chains of them, proxy commands.
#include <gmock/gmock.h>

#include "tests/ssh/fake_server.hpp"

namespace clustermpi::test {
namespace {

class JumpTest : public SshTest {
 protected:
  std::unique_ptr<Sshd> gate = start_sshd("gate", "", {own_address(1)});
  std::unique_ptr<Sshd> inner = start_sshd("inner", "", {own_address(2), own_address(3)});
  Target node = behind(0, inner->target("red01"));

  static Target behind(std::size_t jump, Target target) {
    target.jump = jump;
    return target;
  }
  void jump_through(std::vector<Target> jumps) { options.jumps = std::move(jumps); }
};

TEST_F(JumpTest, OneSessionToTheGateServesAllBehindIt) {
  jump_through({gate->target("gate")});
  std::vector<Target> targets{node, behind(0, inner->target("red02", 1))};
  const auto results =
      fleet(targets).run({job(0, "echo $SSH_CONNECTION"), job(1, "echo $SSH_CONNECTION")});
  for (const Result& result : results)
    EXPECT_TRUE(result.ok()) << (result.error ? result.error->message : "");
  EXPECT_EQ(gate->accepted_logins(), 1u);
  EXPECT_EQ(inner->accepted_logins(), 2u);
}

TEST_F(JumpTest, ChainsOfThem) {
  const auto second = start_sshd("second", "", {own_address(4)});
  jump_through({behind(1, second->target("second")), gate->target("gate")});
  const Result result = run_one(node, "echo through");
  EXPECT_EQ(result.out, "through\n") << (result.error ? result.error->message : "");
  EXPECT_EQ(gate->accepted_logins(), 1u);
  EXPECT_EQ(second->accepted_logins(), 1u);
}

TEST_F(JumpTest, MuchDataBothWaysAndWhole) {
  jump_through({gate->target("gate")});
  auto input = std::make_shared<std::string>();
  for (unsigned i = 0; input->size() < 8u << 20; ++i)
    *input += fmt::format("{}\n", i * 2654435761u);
  Job upload = job(0, "cat");
  upload.input = input;
  const Result result = fleet({node}).run({upload}).front();
  EXPECT_EQ(result.out.size(), input->size());
  EXPECT_TRUE(result.out == *input);
}

TEST_F(JumpTest, ASlowReaderBehindItHoldsUpNoOther) {
  jump_through({gate->target("gate")});
  auto much = std::make_shared<std::string>(32u << 20, 'x');
  Job slow = job(0, "sleep 3; cat >/dev/null");
  slow.input = much;
  std::vector<std::size_t> order;
  const auto results =
      fleet({node, behind(0, inner->target("red02", 1))})
          .run({slow, job(1, "true")}, [&](const Result& result) { order.push_back(result.host); });
  EXPECT_TRUE(results[0].ok()) << (results[0].error ? results[0].error->message : "");
  EXPECT_EQ(order, (std::vector<std::size_t>{1, 0}));
}

TEST_F(JumpTest, AGateThatIsDownIsNamedForAllBehindIt) {
  gate->stop();
  jump_through({gate->target("gate")});
  const Result result = run_one(node, "true");
  ASSERT_TRUE(result.error);
  EXPECT_EQ(result.error->code, "unreachable");
  EXPECT_EQ(result.error->message,
            fmt::format("cannot reach {} port {}: the way leads through gate, and cannot reach {} "
                        "port {}: connection refused",
                        node.address, node.port, gate->address(), gate->port()));
}

TEST_F(JumpTest, AGateThatRefusesTheKeyIsNamed) {
  write_file(gate->authorized_keys(), "");
  jump_through({gate->target("gate")});
  const Result result = run_one(node, "true");
  ASSERT_TRUE(result.error);
  EXPECT_EQ(result.error->code, "jump_failed");
  EXPECT_THAT(result.error->message,
              testing::HasSubstr("the way leads through gate, and gate refuses"));
}

TEST_F(JumpTest, AHostThatTheGateCannotReachIsNamed) {
  inner->stop();
  jump_through({gate->target("gate")});
  const Result result = run_one(node, "true");
  ASSERT_TRUE(result.error);
  EXPECT_EQ(*result.error,
            (HostError{"unreachable",
                       fmt::format("gate cannot reach {} port {}: Connection refused", node.address,
                                   node.port),
                       fmt::format("log in to gate and try `ssh {}` there", node.address)}));
}

TEST_F(JumpTest, AGateThatForwardsNothingIsNamed) {
  const auto closed = start_sshd("closed", "AllowTcpForwarding no\n", {own_address(5)});
  jump_through({closed->target("gate")});
  const Result result = run_one(node, "true");
  ASSERT_TRUE(result.error);
  EXPECT_EQ(result.error->message,
            fmt::format("gate cannot reach {} port {}: open failed", node.address, node.port));
}

TEST_F(JumpTest, AGateThatDiesInTheMiddleEndsWhatRanBehindIt) {
  jump_through({gate->target("gate")});
  const auto started = file("started");
  std::thread killer([&] {
    while (!fs::exists(started)) std::this_thread::sleep_for(milliseconds(10));
    gate->end_sessions();
  });
  Fleet fleet_ = fleet({node});
  const Result result =
      fleet_.run({job(0, fmt::format("echo x >>{}; sleep 60", started.string()))}).front();
  killer.join();
  ASSERT_TRUE(result.error);
  EXPECT_EQ(result.error->code, "connection_lost");
  EXPECT_TRUE(fleet_.run({job(0, "true")}).front().ok()) << "each run tries anew";
}

TEST_F(JumpTest, AGateThatDiedBetweenRunsIsReopened) {
  jump_through({gate->target("gate")});
  Fleet fleet_ = fleet({node});
  ASSERT_TRUE(fleet_.run({job(0, "true")}).front().ok());
  gate->end_sessions();
  const Result again = fleet_.run({job(0, "echo back")}).front();
  EXPECT_EQ(again.out, "back\n") << (again.error ? again.error->message : "");
  EXPECT_EQ(gate->accepted_logins(), 2u);
}

TEST_F(JumpTest, TheNodesKeyIsPinnedUnderItsOwnAddress) {
  jump_through({gate->target("gate")});
  ASSERT_TRUE(run_one(node, "true").ok());
  const std::string pinned = read_file(pins());
  EXPECT_THAT(pinned, testing::HasSubstr(fmt::format("[{}]:{} ", node.address, node.port)));
  EXPECT_THAT(pinned, testing::HasSubstr(fmt::format("[{}]:{} ", gate->address(), gate->port())));
}

TEST_F(JumpTest, AProxyCommandIsTheWay) {
  Target target = inner->target("red01");
  target.proxy_command = fmt::format("busybox nc {} {}", target.address, target.port);
  target.address = "nowhere.invalid";
  const Result result = run_one(target, "echo through");
  EXPECT_EQ(result.out, "through\n") << (result.error ? result.error->message : "");
}

TEST_F(JumpTest, AProxyCommandThatEndsAtOnceIsNamed) {
  Target target = inner->target("red01");
  target.proxy_command = "false";
  const Result result = run_one(target, "true");
  ASSERT_TRUE(result.error);
  EXPECT_EQ(*result.error,
            (HostError{"unreachable",
                       "the ProxyCommand for red01 does not lead there: it ended before the host "
                       "said anything",
                       "run it by hand: `false`"}));
}

TEST_F(JumpTest, KeysExchangedAnewInTheMiddleLoseNothing) {
  const auto often = start_sshd("often", "RekeyLimit 1M\n", {own_address(6)});
  jump_through({often->target("gate")});
  auto input = std::make_shared<const std::string>(24u << 20, 'x');
  std::vector<Job> jobs{job(0, "cat | wc -c"), job(1, "cat | wc -c")};
  for (Job& one : jobs) one.input = input;
  for (const Result& result : fleet({node, behind(0, inner->target("red02", 1))}).run(jobs))
    EXPECT_EQ(result.out, "25165824\n") << (result.error ? result.error->message : "");
}

TEST_F(JumpTest, AGreetingThatComesLetterByLetter) {
  Target target = inner->target("red01");
  target.proxy_command = fmt::format(
      "sh -c 'printf S; sleep 0.2; printf S; sleep 0.2; exec 3<&0; busybox nc {} {} <&3 | "
      "(dd bs=1 count=2 status=none >/dev/null; cat)'",
      target.address, target.port);
  const Result result = run_one(target, "echo through");
  EXPECT_EQ(result.out, "through\n") << (result.error ? result.error->message : "");
}

}  // namespace
}  // namespace clustermpi::test
