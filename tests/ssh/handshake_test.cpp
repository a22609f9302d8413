// Hosts that cannot be reached, or answer with anything but SSH: each has its own sentence.
#include <gmock/gmock.h>

#include "tests/ssh/fake_server.hpp"

namespace clustermpi::test {
namespace {

using HandshakeTest = SshTest;

TEST_F(HandshakeTest, RefusedPort) {
  const std::string address = own_address(2);
  const Target node{"red01", address, free_port(address), current_user()};
  const Result result = run_one(node, "true");
  ASSERT_TRUE(result.error);
  EXPECT_EQ(
      *result.error,
      (HostError{"unreachable",
                 fmt::format("cannot reach {} port {}: connection refused", address, node.port),
                 "start its SSH server (`sudo systemctl enable --now ssh`), or check the port"}));
}

TEST_F(HandshakeTest, NoRoute) {
  // TCP knows no broadcast: the kernel says at once that this is nowhere.
  const Result result = run_one({"red01", "255.255.255.255", 22, current_user()}, "true");
  ASSERT_TRUE(result.error);
  EXPECT_EQ(result.error->code, "unreachable");
  EXPECT_EQ(result.error->message, "cannot reach 255.255.255.255: network unreachable");
}

TEST_F(HandshakeTest, NoAnswer) {
  // A queue of connections that is full: further ones get no answer, as from a host that is off.
  const std::string address = own_address(3);
  const Descriptor listener(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
  sockaddr_in bound = socket_address(address, 0);
  socklen_t size = sizeof bound;
  ASSERT_EQ(::bind(listener.get(), reinterpret_cast<sockaddr*>(&bound), size), 0);
  ASSERT_EQ(::listen(listener.get(), 0), 0);
  ASSERT_EQ(::getsockname(listener.get(), reinterpret_cast<sockaddr*>(&bound), &size), 0);
  std::vector<Descriptor> fill;
  for (int i = 0; i < 4; ++i) {
    fill.emplace_back(::socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0));
    ::connect(fill.back().get(), reinterpret_cast<sockaddr*>(&bound), size);
  }
  options.connect_timeout = milliseconds(300);
  const std::uint16_t port = ntohs(bound.sin_port);
  const Result result = run_one({"red01", address, port, current_user()}, "true");
  ASSERT_TRUE(result.error);
  EXPECT_EQ(
      *result.error,
      (HostError{"unreachable",
                 fmt::format("cannot reach {} port {}: no answer within 0.3 s", address, port),
                 "check that it is switched on, and on a network that this machine reaches"}));
}

TEST_F(HandshakeTest, UnknownName) {
  const Result result = run_one({"red01", "red01.invalid", 22, current_user()}, "true");
  ASSERT_TRUE(result.error);
  EXPECT_EQ(result.error->code, "unreachable");
  EXPECT_THAT(result.error->message,
              testing::StartsWith("cannot find the address of red01.invalid: "));
  EXPECT_EQ(result.error->hint, "check the spelling, or give its IP address in the inventory");
}

TEST_F(HandshakeTest, NamesAreResolved) {
  const auto sshd = start_sshd("node", "", {"127.0.0.1"});
  Target node = sshd->target("red01");
  node.address = "localhost";  // which may well be ::1 first: then the next address is tried
  EXPECT_TRUE(run_one(node, "true").ok());
}

TEST_F(HandshakeTest, SilentServer) {
  FakeServer server([](int) {});
  options.handshake_timeout = milliseconds(300);
  const Result result = run_one(server.target("red01"), "true");
  ASSERT_TRUE(result.error);
  EXPECT_EQ(
      *result.error,
      (HostError{"timeout", server.place() + " did not finish its SSH greeting within 0.3 s",
                 "it may be overloaded or hang: look at it, or give it longer with --timeout"}));
}

TEST_F(HandshakeTest, ServerThatHangsInTheKeyExchange) {
  FakeServer server([](int socket) { FakeServer::say(socket, "SSH-2.0-OpenSSH_9.2\r\n"); });
  options.handshake_timeout = milliseconds(300);
  const Result result = run_one(server.target("red01"), "true");
  ASSERT_TRUE(result.error);
  EXPECT_EQ(result.error->code, "timeout");
  EXPECT_EQ(result.error->message,
            server.place() + " did not finish the key exchange within 0.3 s");
}

TEST_F(HandshakeTest, ServerThatIsNoSshServer) {
  FakeServer server([](int socket) {
    FakeServer::say(socket, "HTTP/1.1 400 Bad Request\r\nServer: \x1b[2Jevil\r\n\r\n");
    ::shutdown(socket, SHUT_RDWR);
  });
  const Result result = run_one(server.target("red01"), "true");
  ASSERT_TRUE(result.error);
  EXPECT_EQ(*result.error,
            (HostError{
                "protocol",
                server.place() + " answers, but not as an SSH server: \"HTTP/1.1 400 Bad Request\"",
                "check the port"}));
}

TEST_F(HandshakeTest, GarbageIsQuotedHarmlessly) {
  FakeServer server([](int socket) {
    FakeServer::say(socket, "\x1b]0;owned\x07\xff\n");
    ::shutdown(socket, SHUT_RDWR);
  });
  const Result result = run_one(server.target("red01"), "true");
  ASSERT_TRUE(result.error);
  EXPECT_EQ(result.error->message,
            server.place() + R"( answers, but not as an SSH server: "\x1b]0;owned\x07\xff")");
}

TEST_F(HandshakeTest, ABannerWithoutEndIsCutShort) {
  FakeServer server([](int socket) {
    const std::string line(1000, 'x');
    for (int i = 0; i < 1000; ++i) FakeServer::say(socket, line);
  });
  const Result result = run_one(server.target("red01"), "true");
  ASSERT_TRUE(result.error);
  EXPECT_EQ(result.error->message, server.place() + " answers, but not as an SSH server: \"" +
                                       std::string(80, 'x') + "\"");
}

TEST_F(HandshakeTest, GarbageAfterTheGreeting) {
  FakeServer server(
      [](int socket) { FakeServer::say(socket, "SSH-2.0-x\r\n" + std::string(4096, '\xff')); });
  const Result result = run_one(server.target("red01"), "true");
  ASSERT_TRUE(result.error);
  EXPECT_EQ(result.error->code, "protocol");
  EXPECT_THAT(result.error->message,
              testing::StartsWith(server.place() + ": the SSH handshake failed: "));
}

TEST_F(HandshakeTest, LinesBeforeTheGreetingAreAllowed) {
  // RFC 4253, 4.2. The relay greets first, then passes the connection on to a real server.
  const auto sshd = start_sshd();
  std::vector<std::thread> relays;
  FakeServer server([&](int socket) {
    FakeServer::say(socket, "Welcome\r\nSS");
    std::this_thread::sleep_for(milliseconds(50));
    FakeServer::say(socket, "T maintenance at noon\r\n");
    relays.emplace_back([&, client = ::dup(socket)] {
      const Descriptor ours(client);
      const Descriptor upstream(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
      const auto to = socket_address(sshd->address(), sshd->port());
      ::connect(upstream.get(), reinterpret_cast<const sockaddr*>(&to), sizeof to);
      char buffer[4096];
      pollfd waiting[] = {{ours.get(), POLLIN, 0}, {upstream.get(), POLLIN, 0}};
      while (::poll(waiting, 2, -1) > 0) {
        const int from = waiting[0].revents != 0 ? 0 : 1;
        const ssize_t count = ::recv(waiting[from].fd, buffer, sizeof buffer, 0);
        if (count <= 0) return;
        FakeServer::say(waiting[1 - from].fd, {buffer, static_cast<std::size_t>(count)});
      }
    });
  });
  const Result result = run_one(server.target("red01"), "echo through");
  EXPECT_EQ(result.out, "through\n") << (result.error ? result.error->message : "");
  for (auto& relay : relays) relay.join();
}

TEST_F(HandshakeTest, ServerThatHangsUpIsTriedFourTimes) {
  FakeServer server([](int socket) { ::shutdown(socket, SHUT_RDWR); });
  const Result result = run_one(server.target("red01"), "true");
  ASSERT_TRUE(result.error);
  EXPECT_EQ(*result.error,
            (HostError{"unreachable",
                       server.place() +
                           " accepts connections but closed each of 4 before it said anything",
                       "its SSH server is overloaded (MaxStartups) or turns this machine away; "
                       "`journalctl -u ssh` there says which"}));
  EXPECT_EQ(server.connections(), 4u);
}

TEST_F(HandshakeTest, AnOverloadedServerIsTriedAgain) {
  FakeServer server([](int socket) {
    FakeServer::say(socket, "Exceeded MaxStartups\r\n");
    ::shutdown(socket, SHUT_RDWR);
  });
  EXPECT_EQ(run_one(server.target("red01"), "true").error->code, "unreachable");
  EXPECT_EQ(server.connections(), 4u);
}

TEST_F(HandshakeTest, AServerThatPenalisesUsIsLeftAlone) {
  FakeServer server([](int socket) {
    FakeServer::say(socket, "Not allowed at this time\r\n");
    ::shutdown(socket, SHUT_RDWR);
  });
  const Result result = run_one(server.target("red01"), "true");
  ASSERT_TRUE(result.error);
  EXPECT_EQ(result.error->message,
            "the SSH server of " + server.place() + " refuses this machine for a while");
  EXPECT_EQ(server.connections(), 1u);
}

TEST_F(HandshakeTest, NoCommonKeyExchange) {
  const auto sshd = start_sshd("node", "KexAlgorithms sntrup761x25519-sha512@openssh.com\n");
  const Result result = run_one(sshd->target("red01"), "true");
  ASSERT_TRUE(result.error);
  EXPECT_EQ(result.error->code, "protocol");
  EXPECT_THAT(result.error->message, testing::HasSubstr("no match for method kex algos"));
}

}  // namespace
}  // namespace clustermpi::test
