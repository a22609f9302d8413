// Certificates made by ssh-keygen, and what becomes of them in KnownHosts. What is expected is what
// OpenSSH 9.2 does.
#include "provision/ssh/host_certificate.hpp"

#include <fmt/format.h>
#include <gmock/gmock.h>
#include <stdlib.h>

#include <filesystem>
#include <sstream>
#include <stdexcept>
#include <string>
#include <vector>

#include "hosts/error.hpp"
#include "provision/files.hpp"
#include "provision/process.hpp"
#include "provision/ssh/errors.hpp"
#include "provision/ssh/known_hosts.hpp"

namespace clustermpi {
namespace {

namespace fs = std::filesystem;
using std::chrono::system_clock;
using testing::ElementsAre;
using testing::IsEmpty;
using Verdict = KnownHosts::Verdict;

void ssh_keygen(std::vector<std::string> arguments) {
  arguments.insert(arguments.begin(), {"ssh-keygen", "-q"});
  const auto made = run_process(arguments);
  if (!made.ok()) throw std::runtime_error("ssh-keygen: " + made.err);
}

class HostCertificateTest : public testing::Test {
 protected:
  HostCertificateTest() {
    std::string name = (fs::temp_directory_path() / "certificates-XXXXXX").string();
    folder = ::mkdtemp(name.data());
    make_key("authority");
    make_key("host");
  }
  ~HostCertificateTest() override { fs::remove_all(folder); }

  [[nodiscard]] std::string file(const std::string& name) const { return folder / name; }
  void make_key(const std::string& name, const std::string& type = "ed25519",
                const std::string& bits = "") const {
    std::vector<std::string> arguments{"-t", type, "-N", "", "-C", "", "-f", file(name)};
    if (!bits.empty()) arguments.insert(arguments.end(), {"-b", bits});
    ssh_keygen(arguments);
  }
  [[nodiscard]] HostKey read_key(const std::string& name) const {
    HostKey key;
    std::istringstream(read_file(file(name + ".pub"))) >> key.type >> key.base64;
    return key;
  }
  /// A host certificate for `host`, good for red01 unless `options` say otherwise.
  [[nodiscard]] std::string sign(const std::vector<std::string>& options = {"-h", "-n", "red01"},
                                 const std::string& authority = "authority",
                                 const std::string& host = "host") const {
    std::vector<std::string> arguments{"-s", file(authority), "-I", "a test"};
    arguments.insert(arguments.end(), options.begin(), options.end());
    arguments.push_back(file(host + ".pub"));
    ssh_keygen(arguments);
    return *decode_base64(read_key(host + "-cert").base64);
  }

  [[nodiscard]] static std::string why_unreadable(const std::string& blob) {
    try {
      (void)read_host_certificate(blob);
      return "";
    } catch (const std::invalid_argument& error) {
      return error.what();
    }
  }
  [[nodiscard]] static std::string why_not(const std::string& blob,
                                           const std::string& name = "red01",
                                           system_clock::time_point now = system_clock::now()) {
    return why_not_valid(read_host_certificate(blob), name, now).value_or("");
  }

  [[nodiscard]] fs::path pins() const { return file("pins"); }
  [[nodiscard]] fs::path users() const { return file("users"); }
  [[nodiscard]] KnownHosts with(const std::string& lines) const {
    write_file(users(), lines);
    return KnownHosts(pins(), {users()});
  }
  [[nodiscard]] std::string line(const std::string& hosts, const std::string& key) const {
    const HostKey shown = read_key(key);
    return fmt::format("{} {} {}\n", hosts, shown.type, shown.base64);
  }
  /// Why `known_hosts` does not take `blob` from red01; empty where it does.
  static std::string vouch(KnownHosts& known_hosts, const std::string& blob,
                           const std::string& name = "red01", unsigned port = 22) {
    return known_hosts.vouch(name, port, blob, system_clock::now()).value_or("");
  }

  fs::path folder;
};

// ---- reading ------------------------------------------------------------------------------------

TEST_F(HostCertificateTest, SaysWhichKeyIsWhoseAndWhoSaysSo) {
  const HostCertificate certificate = read_host_certificate(sign({"-h", "-n", "red01,10.0.0.1"}));
  EXPECT_EQ(certificate.key, read_key("host"));
  EXPECT_EQ(certificate.authority, read_key("authority"));
  EXPECT_TRUE(certificate.for_a_host);
  EXPECT_THAT(certificate.principals, ElementsAre("red01", "10.0.0.1"));
  EXPECT_THAT(certificate.critical_options, IsEmpty());
}

TEST_F(HostCertificateTest, EveryKindOfHostKeyAndAuthority) {
  const std::vector<std::pair<std::string, std::string>> kinds{
      {"ecdsa", "256"}, {"ecdsa", "384"}, {"ecdsa", "521"}, {"rsa", "2048"}};
  for (const auto& [type, bits] : kinds) {
    const std::string name = type + bits;
    make_key(name, type, bits);
    const auto signed_by_it = read_host_certificate(sign({"-h", "-n", "red01"}, name));
    EXPECT_EQ(signed_by_it.authority, read_key(name));
    const auto about_it = read_host_certificate(sign({"-h", "-n", "red01"}, "authority", name));
    EXPECT_EQ(about_it.key, read_key(name));
  }
}

TEST_F(HostCertificateTest, AnRsaAuthoritySignsWithSha2Only) {
  make_key("rsa", "rsa", "2048");
  EXPECT_EQ(why_unreadable(sign({"-h", "-n", "red01", "-t", "rsa-sha2-256"}, "rsa")), "");
  EXPECT_EQ(why_unreadable(sign({"-h", "-n", "red01", "-t", "rsa-sha2-512"}, "rsa")), "");
  EXPECT_EQ(why_unreadable(sign({"-h", "-n", "red01", "-t", "ssh-rsa"}, "rsa")),
            "it is signed with SHA-1 (ssh-rsa), which is not safe any more");
}

TEST_F(HostCertificateTest, NoByteMayChange) {
  make_key("ecdsa", "ecdsa");
  make_key("rsa", "rsa", "2048");
  for (const std::string authority : {"authority", "ecdsa", "rsa"}) {
    const std::string blob = sign({"-h", "-n", "red01"}, authority);
    for (std::size_t i = 0; i < blob.size(); ++i) {
      std::string changed = blob;
      changed[i] = static_cast<char>(changed[i] ^ 1);
      EXPECT_NE(why_unreadable(changed), "") << authority << ", byte " << i;
    }
  }
}

TEST_F(HostCertificateTest, WhatIsCutOffOrAppendedIsRefused) {
  const std::string blob = sign();
  for (std::size_t size = 0; size < blob.size(); ++size)
    EXPECT_EQ(why_unreadable(blob.substr(0, size)), "it cannot be read") << size;
  EXPECT_EQ(why_unreadable(blob + '\0'), "it cannot be read");
  EXPECT_EQ(why_unreadable(*decode_base64(read_key("host").base64)), "it cannot be read");
}

TEST_F(HostCertificateTest, AChangedNameIsAForgery) {
  std::string blob = sign();
  blob.replace(blob.find("red01"), 5, "red02");
  EXPECT_EQ(why_unreadable(blob), "its signature does not hold: it was changed, or is a forgery");
}

// ---- judging ------------------------------------------------------------------------------------

TEST_F(HostCertificateTest, HoldsForItsHostsOnly) {
  EXPECT_EQ(why_not(sign({"-h", "-n", "red01,red02"}), "red02"), "");
  EXPECT_EQ(why_not(sign({"-h", "-n", "red02,red03"})), "it is for red02, red03, not for red01");
  EXPECT_EQ(why_not(sign({"-h", "-n", "a,b,c,d,e,f,g"})),
            "it is for a, b, c, d, e and 2 more, not for red01");
  EXPECT_EQ(why_not(sign({"-h"})), "") << "no list of names stands for all hosts";
}

TEST_F(HostCertificateTest, NamesAreComparedAsTheyAre) {
  EXPECT_EQ(why_not(sign({"-h", "-n", "red*"})), "it is for red*, not for red01");
  EXPECT_EQ(why_not(sign({"-h", "-n", "RED01"})), "it is for RED01, not for red01");
  EXPECT_EQ(why_not(sign({"-h", "-n", "[red01]:2222"})), "it is for [red01]:2222, not for red01");
}

TEST_F(HostCertificateTest, HoldsForItsTimeOnly) {
  const std::string blob = sign({"-h", "-n", "red01", "-V", "20250102030405Z:20250203040506Z"});
  const auto at = [](long seconds) { return system_clock::from_time_t(seconds); };
  constexpr long begin = 1735787045, end = 1738555506;
  EXPECT_EQ(why_not(blob, "red01", at(begin - 1)),
            "it is not valid before 2025-01-02 03:04:05 UTC");
  EXPECT_EQ(why_not(blob, "red01", at(begin)), "");
  EXPECT_EQ(why_not(blob, "red01", at(end - 1)), "");
  EXPECT_EQ(why_not(blob, "red01", at(end)), "it expired on 2025-02-03 04:05:06 UTC");
}

TEST_F(HostCertificateTest, AUsersCertificateIsNone) {
  EXPECT_EQ(why_not(sign({"-n", "red01"})), "it is a user's certificate, not a host's");
}

TEST_F(HostCertificateTest, ConditionsThatAreNotKnownAreNotMet) {
  EXPECT_EQ(why_not(sign({"-h", "-n", "red01", "-O", "critical:only-on-mondays=1"})),
            "it has a condition that is not known: only-on-mondays");
  EXPECT_EQ(why_not(sign({"-h", "-n", "red01", "-O", "extension:colour=red"})), "");
}

// ---- known_hosts --------------------------------------------------------------------------------

TEST_F(HostCertificateTest, AnAuthorityVouchesForAKey) {
  KnownHosts hosts = with(line("@cert-authority red*,!red09", "authority"));
  EXPECT_TRUE(hosts.wants_certificate("red01", 22));
  EXPECT_FALSE(hosts.wants_certificate("red09", 22));
  EXPECT_FALSE(hosts.wants_certificate("blue01", 22));
  EXPECT_EQ(hosts.check("red01", 22, read_key("host")).verdict, Verdict::unknown);

  EXPECT_EQ(vouch(hosts, sign()), "");
  EXPECT_EQ(hosts.check("RED01", 22, read_key("host")).verdict, Verdict::known);
  EXPECT_THAT(hosts.types_of("red01", 22), ElementsAre("ssh-ed25519"));
  EXPECT_FALSE(hosts.wants_certificate("red01", 22));
  EXPECT_EQ(hosts.check("red02", 22, read_key("host")).verdict, Verdict::unknown);
  EXPECT_FALSE(fs::exists(pins())) << "the authority may take its word back";
}

TEST_F(HostCertificateTest, AHostWithAnAuthorityIsNeverPinned) {
  KnownHosts hosts = with("# mine\n" + line("@cert-authority red01", "authority"));
  const auto answer = hosts.check("red01", 22, read_key("host"));
  EXPECT_EQ(answer.verdict, Verdict::unknown);
  EXPECT_EQ(answer.file, users());
  EXPECT_EQ(answer.line, 2u);
  try {
    hosts.pin("red01", 22, read_key("host"));
    FAIL() << "a key without a certificate was trusted";
  } catch (const Error& error) {
    EXPECT_EQ(error.code(), ExitCode::local_failure);
    EXPECT_EQ(error.what(), users().string() +
                                ":2 names a certificate authority for red01: a key without a "
                                "certificate is not trusted there");
  }
  EXPECT_FALSE(fs::exists(pins()));
}

TEST_F(HostCertificateTest, AnotherKeyThanTheCertifiedOneIsNotPinnedEither) {
  KnownHosts hosts = with(line("@cert-authority red01", "authority"));
  ASSERT_EQ(vouch(hosts, sign()), "");
  make_key("other");
  EXPECT_TRUE(hosts.check("red01", 22, read_key("other")).by_certificate_only());
  EXPECT_THROW(hosts.pin("red01", 22, read_key("other")), Error);
  EXPECT_FALSE(fs::exists(pins()));
}

TEST_F(HostCertificateTest, APlainKeyOnFileNeedsNoCertificate) {
  const KnownHosts hosts = with(line("@cert-authority red01", "authority") + line("red01", "host"));
  EXPECT_FALSE(hosts.wants_certificate("red01", 22));
  EXPECT_EQ(hosts.check("red01", 22, read_key("host")).verdict, Verdict::known);
  EXPECT_EQ(hosts.check("red01", 22, read_key("authority")).verdict, Verdict::changed)
      << "an authority's key is nobody's host key";
}

TEST_F(HostCertificateTest, AnAuthorityOfOthersDoesNotCount) {
  make_key("other");
  KnownHosts hosts = with(line("@cert-authority red01", "other") +
                          line("@cert-authority red02", "authority") + line("red01", "authority"));
  EXPECT_EQ(vouch(hosts, sign()),
            fmt::format("it is signed by ssh-ed25519 {}, which is not an authority for red01",
                        fingerprint(read_key("authority"))));
  EXPECT_EQ(hosts.check("red01", 22, read_key("host")).verdict, Verdict::changed);
}

TEST_F(HostCertificateTest, WhatIsNoCertificateVouchesForNothing) {
  KnownHosts hosts = with(line("@cert-authority red01", "authority"));
  EXPECT_EQ(vouch(hosts, "garbage"), "it cannot be read");
  EXPECT_EQ(vouch(hosts, sign({"-h", "-n", "red02"})), "it is for red02, not for red01");
  EXPECT_TRUE(hosts.wants_certificate("red01", 22));
}

TEST_F(HostCertificateTest, HashedNamesOfAuthorities) {
  std::string lines = line("@cert-authority red01", "authority");
  write_file(file("hashed"), "red01 " + lines.substr(lines.find("ssh-")));
  ssh_keygen({"-H", "-f", file("hashed")});
  KnownHosts hosts = with("@cert-authority " + read_file(file("hashed")));
  EXPECT_TRUE(hosts.wants_certificate("red01", 22));
  EXPECT_FALSE(hosts.wants_certificate("red02", 22));
  EXPECT_EQ(vouch(hosts, sign()), "");
}

TEST_F(HostCertificateTest, PortsAndAliases) {
  KnownHosts bracketed = with(line("@cert-authority [red01]:2222", "authority"));
  EXPECT_TRUE(bracketed.wants_certificate("red01", 2222));
  EXPECT_FALSE(bracketed.wants_certificate("red01", 22)) << "nor for an alias, which has no port";
  EXPECT_EQ(vouch(bracketed, sign(), "red01", 2222), "");
  EXPECT_EQ(bracketed.check("red01", 2222, read_key("host")).verdict, Verdict::known);
  EXPECT_EQ(bracketed.check("red01", 22, read_key("host")).verdict, Verdict::unknown);

  KnownHosts plain = with(line("@cert-authority red01", "authority"));
  EXPECT_TRUE(plain.wants_certificate("red01", 2222)) << "as OpenSSH looks without the port too";
  EXPECT_EQ(vouch(plain, sign(), "red01", 2222), "");
  EXPECT_EQ(plain.check("red01", 2222, read_key("host")).verdict, Verdict::known);
}

TEST_F(HostCertificateTest, ForgetLeavesAuthorities) {
  const std::string authority = line("@cert-authority red01", "authority");
  write_file(pins(), authority + line("red01", "host"));
  KnownHosts hosts(pins());
  EXPECT_EQ(hosts.forget("red01", 22), 1u);
  EXPECT_EQ(read_file(pins()), authority);
  EXPECT_TRUE(hosts.wants_certificate("red01", 22));
}

TEST_F(HostCertificateTest, WhatIsSaidOfAKeyWithoutCertificate) {
  const Target node{"red01", "10.0.0.1", 2222, "pi"};
  const HostKey key = read_key("host");
  EXPECT_EQ(
      ssh_errors::host_key_uncertified(node, key, {Verdict::unknown, {}, "/known_hosts", 7}),
      (HostError{"host_key_unknown",
                 "no certificate speaks for the host key of 10.0.0.1 port 2222: ssh-ed25519 " +
                     fingerprint(key),
                 "/known_hosts:7 names an authority for it, so that its key counts with a "
                 "certificate only: see HostCertificate in its sshd_config"}));
  EXPECT_EQ(ssh_errors::host_certificate_missing(node),
            (HostError{"host_key_unknown",
                       "10.0.0.1 port 2222 has no certificate for its host key, and is trusted by "
                       "certificate only",
                       "see HostCertificate in its sshd_config, and the line with "
                       "@cert-authority in your known_hosts"}));
  EXPECT_EQ(ssh_errors::host_certificate_refused(node, "it is for \x1b[2J, not for red01"),
            (HostError{"host_certificate_refused",
                       "the certificate that 10.0.0.1 port 2222 shows for its host key is refused: "
                       "it is for " +
                           printable("\x1b[2J") + ", not for red01",
                       "let the authority sign the host key of red01 anew (`ssh-keygen -s CA -h -n "
                       "10.0.0.1`)"}));
  EXPECT_EQ(
      ssh_errors::host_key_revoked(node, key, {Verdict::revoked, key, "/list.krl", 0}).message,
      "the host key of 10.0.0.1 port 2222 is revoked: /list.krl has ssh-ed25519 " +
          fingerprint(key));
}

// ---- revoked ------------------------------------------------------------------------------------

TEST_F(HostCertificateTest, RevokedLinesCountForAuthoritiesToo) {
  const std::string authority = line("@cert-authority red01", "authority");
  KnownHosts first = with(authority + line("@revoked *", "authority"));
  EXPECT_EQ(vouch(first, sign()), "the authority's key is revoked by " + users().string() + ":2");
  KnownHosts second = with(authority + line("@revoked *", "host"));
  EXPECT_EQ(vouch(second, sign()), "the host's key is revoked by " + users().string() + ":2");
  EXPECT_EQ(second.check("red01", 22, read_key("host")).verdict, Verdict::revoked);
}

TEST_F(HostCertificateTest, ListsOfRevokedKeysHoldForAllHosts) {
  write_file(file("revoked"), "# lost\n\n" + read_file(file("host.pub")));
  KnownHosts hosts = with(line("red01", "host"));
  hosts.revoke_keys_in(file("revoked"));
  const auto answer = hosts.check("red01", 22, read_key("host"));
  EXPECT_EQ(answer.verdict, Verdict::revoked);
  EXPECT_EQ(answer.file, file("revoked"));
  EXPECT_EQ(answer.line, 3u);
  EXPECT_EQ(hosts.check("red01", 22, read_key("authority")).verdict, Verdict::changed);
}

TEST_F(HostCertificateTest, AListedCertificateStandsForItsKey) {
  (void)sign();
  KnownHosts hosts = with(line("red01", "host"));
  hosts.revoke_keys_in(file("host-cert.pub"));
  EXPECT_EQ(hosts.check("red01", 22, read_key("host")).verdict, Verdict::revoked);
}

TEST_F(HostCertificateTest, BinaryListsAreHonoured) {
  make_key("other");
  const std::string good = sign({"-h", "-n", "red01", "-z", "1"});
  ssh_keygen({"-k", "-f", file("keys.krl"), file("host.pub")});
  KnownHosts hosts = with(line("@cert-authority red01", "authority") + line("red02", "other"));
  hosts.revoke_keys_in(file("keys.krl"));
  EXPECT_EQ(vouch(hosts, good), "the host's key is revoked by " + file("keys.krl"));
  const auto answer = hosts.check("red02", 22, read_key("host"));
  EXPECT_EQ(answer.verdict, Verdict::revoked);
  EXPECT_EQ(answer.file, file("keys.krl"));
  EXPECT_EQ(answer.line, 0u);
  EXPECT_EQ(hosts.check("red02", 22, read_key("other")).verdict, Verdict::known);
}

TEST_F(HostCertificateTest, BinaryListsMayNameOneCertificate) {
  write_file(file("serials"), "serial: 7\n");
  ssh_keygen({"-k", "-f", file("krl"), "-s", file("authority.pub"), file("serials")});
  KnownHosts hosts = with(line("@cert-authority red01", "authority"));
  hosts.revoke_keys_in(file("krl"));
  EXPECT_EQ(vouch(hosts, sign({"-h", "-n", "red01", "-z", "7"})),
            "the certificate is revoked by " + file("krl"));
  EXPECT_EQ(vouch(hosts, sign({"-h", "-n", "red01", "-z", "8"})), "");
}

TEST_F(HostCertificateTest, AListThatCannotBeReadIsAnError) {
  KnownHosts hosts = with(line("red01", "host"));
  const auto failure = [&](auto&& act) -> std::string {
    try {
      act();
      return "";
    } catch (const Error& error) {
      EXPECT_EQ(error.code(), ExitCode::local_failure);
      return error.what();
    }
  };
  EXPECT_EQ(failure([&] { hosts.revoke_keys_in(file("missing")); }),
            "cannot read " + file("missing") + ": No such file or directory");
  write_file(file("junk"), read_file(file("host.pub")) + "nonsense\n");
  EXPECT_EQ(failure([&] { hosts.revoke_keys_in(file("junk")); }),
            file("junk") + ":2: expected a public key, as in \"ssh-ed25519 AAAA...\"");
  write_file(file("torn"), std::string("SSHKRL\n\0", 8) + "torn");
  hosts.revoke_keys_in(file("torn"));
  EXPECT_EQ(failure([&] { (void)hosts.check("red01", 22, read_key("authority")); }),
            "cannot tell whether a host key is revoked: ssh-keygen cannot read " + file("torn"));
}

}  // namespace
}  // namespace clustermpi
