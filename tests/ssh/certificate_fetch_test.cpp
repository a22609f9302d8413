// Fetching the certificate of a host key from real servers, and from bad ones.
#include <gmock/gmock.h>

#include "provision/ssh/host_certificate.hpp"
#include "provision/ssh/wire.hpp"
#include "tests/ssh/certified_host.hpp"
#include "tests/ssh/fake_server.hpp"

namespace clustermpi::test {
namespace {

using State = CertificateFetch::State;
using std::chrono::system_clock;

class CertificateFetchTest : public CertifiedHostTest {
 protected:
  using CertifiedHostTest::fetch_from;
  State fetch_from(const FakeServer& server) { return fetch_from(server.target("red01")); }

  static std::string packet(std::string_view payload) {
    constexpr std::size_t padding = 4;
    return wire_uint32(static_cast<std::uint32_t>(1 + payload.size() + padding)) +
           static_cast<char>(padding) + std::string(payload) + std::string(padding, '\0');
  }
  static std::string proposal(const std::string& key_exchange, const std::string& host_keys) {
    return packet('\x14' + std::string(16, 'c') + wire_string(key_exchange) +
                  wire_string(host_keys));
  }
};

TEST_F(CertificateFetchTest, TheServersCertificateIsFetchedAndVouches) {
  const auto sshd = start_certified();
  ASSERT_EQ(fetch_from(sshd->target("red01")), State::certificate) << fetch.reason();
  const HostKey key = public_key(sshd->host_key());
  EXPECT_EQ(read_host_certificate(fetch.certificate()).key, key);

  write_file(pins(), authority_line(fmt::format("[{}]:{}", sshd->address(), sshd->port())));
  KnownHosts& hosts = known_hosts();
  EXPECT_TRUE(hosts.wants_certificate(sshd->address(), sshd->port()));
  EXPECT_EQ(hosts.vouch(sshd->address(), sshd->port(), fetch.certificate(), system_clock::now()),
            std::nullopt);
  options.host_key_policy = HostKeyPolicy::strict;
  EXPECT_TRUE(run_one(sshd->target("red01"), "true").ok());
}

TEST_F(CertificateFetchTest, AHostWithAnAuthorityIsNotTrustedWithoutItsWord) {
  const auto sshd = start_sshd();
  write_file(pins(), authority_line("*"));
  const Result result = run_one(sshd->target("red01"), "true");
  ASSERT_TRUE(result.error);
  EXPECT_EQ(read_file(pins()), authority_line("*"));
  EXPECT_EQ(sshd->accepted_logins(), 0u);
}

TEST_F(CertificateFetchTest, EveryKindOfHostKey) {
  for (const std::string type : {"ecdsa", "rsa"}) {
    const auto sshd = start_certified({.type = type});
    ASSERT_EQ(fetch_from(sshd->target("red01")), State::certificate) << fetch.reason();
    EXPECT_EQ(read_host_certificate(fetch.certificate()).key, public_key(sshd->host_key()));
  }
}

TEST_F(CertificateFetchTest, OldKeyExchange) {
  const auto sshd = start_certified({.config = "KexAlgorithms ecdh-sha2-nistp256\n"});
  EXPECT_EQ(fetch_from(sshd->target("red01")), State::certificate) << fetch.reason();
}

TEST_F(CertificateFetchTest, AServerWithoutCertificateHasNone) {
  const auto sshd = start_sshd();
  EXPECT_EQ(fetch_from(sshd->target("red01")), State::none);
}

TEST_F(CertificateFetchTest, NothingInCommon) {
  const auto sshd = start_certified({.config = "KexAlgorithms diffie-hellman-group14-sha256\n"});
  EXPECT_EQ(fetch_from(sshd->target("red01")), State::failed);
  EXPECT_EQ(fetch.reason(), "it has no key exchange in common with us");
}

TEST_F(CertificateFetchTest, NothingInCommonBesidesIsTheServersToSay) {
  const auto sshd = start_certified({.config = "Ciphers aes192-ctr\n"});
  EXPECT_EQ(fetch_from(sshd->target("red01")), State::failed);
  EXPECT_THAT(fetch.reason(), testing::StartsWith("it hung up"));
}

// ---- bad servers --------------------------------------------------------------------------------

TEST_F(CertificateFetchTest, WhatIsNoSshServer) {
  FakeServer mail([](int socket) {
    FakeServer::say(socket, "220 mail.example ESMTP\r\n");
    ::shutdown(socket, SHUT_WR);
  });
  EXPECT_EQ(fetch_from(mail), State::other);
  EXPECT_EQ(fetch.first_line(), "220 mail.example ESMTP");
}

TEST_F(CertificateFetchTest, TurnedAway) {
  FakeServer silent([](int socket) { ::shutdown(socket, SHUT_RDWR); });
  EXPECT_EQ(fetch_from(silent), State::closed);
  FakeServer full([](int socket) {
    FakeServer::say(socket, "Exceeded MaxStartups\r\n");
    ::shutdown(socket, SHUT_WR);
  });
  EXPECT_EQ(fetch_from(full), State::closed);
  FakeServer angry([](int socket) {
    FakeServer::say(socket, "Not allowed at this time\r\n");
    ::shutdown(socket, SHUT_WR);
  });
  EXPECT_EQ(fetch_from(angry), State::refused);
}

TEST_F(CertificateFetchTest, LinesBeforeTheVersionAreSkipped) {
  FakeServer talker([](int socket) {
    FakeServer::say(socket, "Welcome\r\nto this host\r\nSSH-2.0-x\r\n" +
                                proposal("curve25519-sha256", "ssh-ed25519"));
  });
  EXPECT_EQ(fetch_from(talker), State::none);
}

TEST_F(CertificateFetchTest, SaysWhatIsWrong) {
  const std::string version = "SSH-2.0-x\r\n";
  const std::string good =
      version + proposal("ecdh-sha2-nistp256", "ssh-ed25519-cert-v01@openssh.com");
  const std::string goodbye = packet('\1' + wire_uint32(2) + wire_string("too busy"));
  const std::vector<std::pair<std::string, std::string>> cases{
      {"SSH-1.5-old\r\n", "it does not speak version 2 of the SSH protocol"},
      {"SSH-2.0-" + std::string(300, 'x'), "its version has no end"},
      {version, "it hung up before it showed its certificate"},
      {version + "HTTP/1.1 400 Bad Request\r\n", "it sends a packet of impossible size"},
      {version + std::string(8, '\0'), "it sends a packet of impossible size"},
      {version + wire_uint32(2) + "\7x", "it sends a packet of padding only"},
      {version + packet("\x14 short"), "its proposal cannot be read"},
      {version + packet("\x32 login"), "it sends something else than a key exchange"},
      {version + packet("\x1f early"), "it sends something else than a key exchange"},
      {version + goodbye, "it hung up: too busy"},
      {good + packet("\2 ignored") + goodbye, "it hung up: too busy"},
      {good + packet("\x1f"), "its answer cannot be read"},
      {good + good.substr(version.size()), "it sends something else than a key exchange"},
  };
  for (const auto& [bytes, reason] : cases) {
    FakeServer server([&bytes = bytes](int socket) {
      FakeServer::say(socket, bytes);
      ::shutdown(socket, SHUT_WR);
    });
    EXPECT_EQ(fetch_from(server), State::failed) << reason;
    EXPECT_EQ(fetch.reason(), reason);
  }
}

TEST_F(CertificateFetchTest, AServerThatNeverStopsIsLeft) {
  FakeServer talker([](int socket) {
    FakeServer::say(socket, "SSH-2.0-x\r\n");
    const std::string noise = packet('\2' + std::string(1000, 'x'));
    for (int i = 0; i < 1000; ++i) FakeServer::say(socket, noise);
  });
  EXPECT_EQ(fetch_from(talker), State::failed);
  EXPECT_EQ(fetch.reason(), "it sends more than a key exchange takes");
}

}  // namespace
}  // namespace clustermpi::test
