#include "provision/ssh/known_hosts.hpp"

#include <fmt/format.h>
#include <gmock/gmock.h>
#include <stdlib.h>

#include <filesystem>
#include <string>

#include "hosts/error.hpp"
#include "provision/files.hpp"

namespace clustermpi {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;
using Verdict = KnownHosts::Verdict;

// Made with ssh-keygen for this test.
const HostKey ed25519{"ssh-ed25519",
                      "AAAAC3NzaC1lZDI1NTE5AAAAIIIwH6Nlo5tBN0hPl+36xcWGGQJPt/ZBOyl6BJiV/kk3"};
const HostKey other{"ssh-ed25519",
                    "AAAAC3NzaC1lZDI1NTE5AAAAIJuUQu41X5laK97FWVeiY0HiRCQAgh/RYrO5e87qnmcH"};
const HostKey ecdsa{"ecdsa-sha2-nistp256",
                    "AAAAE2VjZHNhLXNoYTItbmlzdHAyNTYAAAAIbmlzdHAyNTYAAABBBNI7PoDN7ZvrOraHyvEOypVF1r"
                    "cZ/IAI2jQUqTmdgiAJ"
                    "suhpw3wf8gWYr7DzfTu6EFK+qXfAHjJpPZud7mIh2ZQ="};

class KnownHostsTest : public testing::Test {
 protected:
  KnownHostsTest() {
    std::string name = (std::filesystem::temp_directory_path() / "known-hosts-XXXXXX").string();
    folder = ::mkdtemp(name.data());
  }
  ~KnownHostsTest() override { std::filesystem::remove_all(folder); }

  [[nodiscard]] std::filesystem::path pins() const { return folder / "pins"; }
  [[nodiscard]] std::filesystem::path users() const { return folder / "users"; }

  [[nodiscard]] KnownHosts with(const std::string& users_lines,
                                const std::string& pins_lines = "") {
    if (!users_lines.empty()) write_file(users(), users_lines);
    if (!pins_lines.empty()) write_file(pins(), pins_lines);
    return KnownHosts(pins(), {users()});
  }
  static std::string line(const std::string& hosts, const HostKey& key) {
    return fmt::format("{} {} {} a comment\n", hosts, key.type, key.base64);
  }

  std::filesystem::path folder;
};

TEST(HostKey, FingerprintIsOpenSshs) {
  EXPECT_EQ(fingerprint(ed25519), "SHA256:uE3aC3l4Qk2R7mJXENLxEKqN4xnxTYgIxyp/7ZvzDKk");
  EXPECT_THROW((void)fingerprint({"ssh-ed25519", "no base64!"}), std::invalid_argument);
}

TEST(HostKey, TypeIsReadFromTheBlob) {
  EXPECT_EQ(host_key_from_base64(ecdsa.base64), ecdsa);
  for (const std::string bad : {"", "AAAA", "AAAAC3Nz", "//////8=", "A", "AA=A", " AAA"})
    EXPECT_EQ(host_key_from_base64(bad), std::nullopt) << bad;
}

TEST(HostKey, OneKeyHasOneSpelling) {
  std::string base64 = ecdsa.base64;
  base64[base64.size() - 2] = 'R';  // "Q=" with a bit more, which stands for no byte
  ASSERT_EQ(decode_base64(base64), decode_base64(ecdsa.base64));
  EXPECT_EQ(host_key_from_base64(base64), ecdsa);
}

TEST_F(KnownHostsTest, MissingFilesAreEmpty) {
  const KnownHosts hosts(pins(), {users()});
  EXPECT_EQ(hosts.check("red01", 22, ed25519).verdict, Verdict::unknown);
  EXPECT_THAT(hosts.types_of("red01", 22), IsEmpty());
}

TEST_F(KnownHostsTest, PlainLines) {
  const KnownHosts hosts = with(line("red01,10.0.0.1", ed25519) + line("red01", ecdsa));
  EXPECT_EQ(hosts.check("red01", 22, ed25519).verdict, Verdict::known);
  EXPECT_EQ(hosts.check("RED01", 22, ed25519).verdict, Verdict::known) << "names have no case";
  EXPECT_EQ(hosts.check("10.0.0.1", 22, ed25519).verdict, Verdict::known);
  EXPECT_EQ(hosts.check("red02", 22, ed25519).verdict, Verdict::unknown);
  EXPECT_THAT(hosts.types_of("red01", 22), ElementsAre("ssh-ed25519", "ecdsa-sha2-nistp256"));
}

TEST_F(KnownHostsTest, PortsOtherThan22AreInBrackets) {
  const KnownHosts hosts = with(line("[red01]:2222", ed25519) + line("red02", ed25519));
  EXPECT_EQ(hosts.check("red01", 2222, ed25519).verdict, Verdict::known);
  EXPECT_EQ(hosts.check("red01", 22, ed25519).verdict, Verdict::unknown);
}

TEST_F(KnownHostsTest, ANameWithoutAPortStandsForItsOtherPortsToo) {
  // As OpenSSH has it: it helps to know a key, but a different one is no change.
  const KnownHosts hosts =
      with(line("red01", ed25519) + line("red02", ecdsa) + line("[red02]:2222", other));
  EXPECT_EQ(hosts.check("red01", 2222, ed25519).verdict, Verdict::known);
  EXPECT_THAT(hosts.types_of("red01", 2222), ElementsAre("ssh-ed25519"));
  EXPECT_EQ(hosts.check("red01", 2222, other).verdict, Verdict::unknown);
  EXPECT_EQ(hosts.check("red02", 2222, ecdsa).verdict, Verdict::changed)
      << "where the port has a line of its own, that one counts";
}

TEST_F(KnownHostsTest, ChangedNamesTheKeyFileAndLine) {
  const KnownHosts hosts = with("# comment\n\n" + line("red01", ecdsa) + line("red01", ed25519));
  const auto answer = hosts.check("red01", 22, other);
  EXPECT_EQ(answer.verdict, Verdict::changed);
  EXPECT_EQ(answer.expected, ed25519) << "the one of the same type";
  EXPECT_EQ(answer.file, users());
  EXPECT_EQ(answer.line, 4u);
}

TEST_F(KnownHostsTest, AKeyOfAnotherTypeIsAChange) {
  EXPECT_EQ(with(line("red01", ecdsa)).check("red01", 22, ed25519).verdict, Verdict::changed);
}

TEST_F(KnownHostsTest, AnyOfSeveralKeysWillDo) {
  const KnownHosts hosts = with(line("red01", other) + line("red01", ed25519));
  EXPECT_EQ(hosts.check("red01", 22, ed25519).verdict, Verdict::known);
  EXPECT_EQ(hosts.check("red01", 22, other).verdict, Verdict::known);
}

TEST_F(KnownHostsTest, HashedNames) {
  // `ssh-keygen -H` of "red01" and of "[red02]:2222".
  const auto hashed = [](const std::string& salt, const std::string& name) {
    return fmt::format("|1|{}|{}", encode_base64(salt), encode_base64(HmacSha1(salt)(name)));
  };
  const std::string salt = "twenty bytes of salt";
  const KnownHosts hosts =
      with(line(hashed(salt, "red01"), ed25519) + line(hashed(salt, "[red02]:2222"), other));
  EXPECT_EQ(hosts.check("red01", 22, ed25519).verdict, Verdict::known);
  EXPECT_EQ(hosts.check("red02", 2222, other).verdict, Verdict::known);
  EXPECT_EQ(hosts.check("red02", 2222, ed25519).verdict, Verdict::changed);
  EXPECT_EQ(hosts.check("red03", 22, ed25519).verdict, Verdict::unknown);
  EXPECT_THAT(hosts.types_of("red01", 22), ElementsAre("ssh-ed25519"));
}

TEST(HostKey, HmacSha1) {  // RFC 2202, case 2
  std::string hex;
  for (const char c : HmacSha1("Jefe")("what do ya want for nothing?"))
    hex += fmt::format("{:02x}", static_cast<unsigned char>(c));
  EXPECT_EQ(hex, "effcdf6ae5eb2fa2d27416d5f184df9c259a7c79");
}

TEST_F(KnownHostsTest, APinBesideAHashedLine) {
  const std::string salt = "twenty bytes of salt";
  const std::string name = encode_base64(salt) + "|" + encode_base64(HmacSha1(salt)("red01"));
  KnownHosts hosts = with(line("|1|" + name, ed25519));
  EXPECT_EQ(hosts.check("red01", 22, ed25519).verdict, Verdict::known);
  hosts.pin("red01", 22, other);
  EXPECT_EQ(hosts.check("red01", 22, ed25519).verdict, Verdict::known);
  EXPECT_EQ(hosts.check("red01", 22, other).verdict, Verdict::known);
}

TEST_F(KnownHostsTest, WildcardsAndNegation) {
  const KnownHosts hosts = with(line("*.lab,!old.lab,10.0.?.1", ed25519));
  EXPECT_EQ(hosts.check("red01.lab", 22, ed25519).verdict, Verdict::known);
  EXPECT_EQ(hosts.check("10.0.7.1", 22, ed25519).verdict, Verdict::known);
  EXPECT_EQ(hosts.check("10.0.77.1", 22, ed25519).verdict, Verdict::unknown);
  EXPECT_EQ(hosts.check("old.lab", 22, ed25519).verdict, Verdict::unknown);
  EXPECT_EQ(hosts.check("red01.lab", 22, other).verdict, Verdict::changed);
}

TEST_F(KnownHostsTest, AWildcardThatBacktracks) {
  const KnownHosts hosts = with(line("*a*b*c", ed25519));
  EXPECT_EQ(hosts.check("xaxbbxc", 22, ed25519).verdict, Verdict::known);
  EXPECT_EQ(hosts.check("xaxbbx", 22, ed25519).verdict, Verdict::unknown);
  EXPECT_EQ(hosts.check("abc", 22, ed25519).verdict, Verdict::known);
}

TEST_F(KnownHostsTest, RevokedBeatsPinned) {
  const KnownHosts hosts =
      with("@revoked * " + ed25519.type + " " + ed25519.base64 + "\n", line("red01", ed25519));
  const auto answer = hosts.check("red01", 22, ed25519);
  EXPECT_EQ(answer.verdict, Verdict::revoked);
  EXPECT_EQ(answer.file, users());
  EXPECT_EQ(answer.line, 1u);
  EXPECT_EQ(hosts.check("never-seen", 22, ed25519).verdict, Verdict::revoked);
  EXPECT_EQ(hosts.check("never-seen", 22, other).verdict, Verdict::unknown);
}

TEST_F(KnownHostsTest, AKeyRevokedForANameIsRevokedForAllItsPorts) {
  const KnownHosts hosts =
      with(line("red01", ed25519) + "@revoked red01 " + ed25519.type + " " + ed25519.base64 + "\n");
  EXPECT_EQ(hosts.check("red01", 2222, ed25519).verdict, Verdict::revoked);
}

TEST_F(KnownHostsTest, ARevokedKeyIsNoKeyOnFile) {
  const KnownHosts hosts = with("@revoked red01 " + ed25519.type + " " + ed25519.base64 + "\n");
  EXPECT_EQ(hosts.check("red01", 22, other).verdict, Verdict::unknown);
  EXPECT_THAT(hosts.types_of("red01", 22), IsEmpty());
}

TEST_F(KnownHostsTest, AllThatIsOnFile) {
  const KnownHosts hosts =
      with(line("@cert-authority red*", other) + line("red02", other) + line("@revoked *", ecdsa),
           line("red01", ed25519));
  const auto entries = hosts.on_file("red01", 22);
  ASSERT_EQ(entries.size(), 3u);
  EXPECT_EQ(entries[0].key, ed25519);
  EXPECT_EQ(entries[0].file, pins());
  EXPECT_FALSE(entries[0].revoked || entries[0].authority);
  EXPECT_TRUE(entries[1].authority);
  EXPECT_EQ(entries[1].line, 1u);
  EXPECT_TRUE(entries[2].revoked);
  EXPECT_EQ(entries[2].line, 3u);
}

TEST_F(KnownHostsTest, LinesThatCannotBeReadAreSkipped) {
  const KnownHosts hosts =
      with("red01\nred01 ssh-ed25519\nred01 ssh-ed25519 ####\n|1|x red01\n" +
           line("red01", {"ssh-rsa", ed25519.base64}) + line("@cert-authority red01", other) +
           "@what red01 x y\n" + line("red01", ed25519));
  EXPECT_EQ(hosts.check("red01", 22, ed25519).verdict, Verdict::known);
  EXPECT_EQ(hosts.check("red01", 22, other).line, 8u);
}

TEST_F(KnownHostsTest, WindowsLineEndsAndNoLastNewline) {
  const KnownHosts hosts = with(fmt::format("red01 {} {}\r\nred02 {} {}", ed25519.type,
                                            ed25519.base64, other.type, other.base64));
  EXPECT_EQ(hosts.check("red01", 22, ed25519).verdict, Verdict::known);
  EXPECT_EQ(hosts.check("red02", 22, other).verdict, Verdict::known);
}

TEST_F(KnownHostsTest, PinsAreAppendedOnceAndKnownAtOnce) {
  KnownHosts hosts = with("", "# pins");
  hosts.pin("red01", 22, ed25519);
  hosts.pin("red01", 22, ed25519);
  hosts.pin("Red02", 2222, other);
  EXPECT_EQ(read_file(pins()), fmt::format("# pins\nred01 {} {}\n[red02]:2222 {} {}\n",
                                           ed25519.type, ed25519.base64, other.type, other.base64));
  EXPECT_EQ(hosts.check("red01", 22, ed25519).verdict, Verdict::known);
  const auto changed = hosts.check("red02", 2222, ed25519);
  EXPECT_EQ(changed.verdict, Verdict::changed);
  EXPECT_EQ(changed.file, pins());
  EXPECT_EQ(changed.line, 3u);
}

TEST_F(KnownHostsTest, WhatTheUserKnowsIsNotPinnedAgain) {
  KnownHosts hosts = with(line("red01", ed25519));
  hosts.pin("red01", 22, ed25519);
  EXPECT_FALSE(std::filesystem::exists(pins()));
}

TEST_F(KnownHostsTest, ForgetRemovesThatHostFromOurFileOnly) {
  const std::string salt = "twenty bytes of salt";
  const std::string hashed =
      fmt::format("|1|{}|{}", encode_base64(salt), encode_base64(HmacSha1(salt)("red01")));
  KnownHosts hosts =
      with(line("red01", other), "# mine\n" + line("red01", ed25519) + line("red02", ed25519) +
                                     line(hashed, ecdsa) + line("red01,red03", ed25519) +
                                     line("red0*", ed25519));
  EXPECT_EQ(hosts.forget("red01", 22), 3u);
  EXPECT_EQ(read_file(pins()), "# mine\n" + line("red02", ed25519) +
                                   fmt::format("red03 {} {}\n", ed25519.type, ed25519.base64) +
                                   line("red0*", ed25519));
  EXPECT_EQ(hosts.check("red03", 22, ed25519).verdict, Verdict::known);
  EXPECT_EQ(hosts.check("red01", 22, other).verdict, Verdict::known) << "the user's own file";
  EXPECT_EQ(hosts.forget("nobody", 22), 0u);
}

TEST_F(KnownHostsTest, NoContentDoesHarm) {
  const std::string key = " " + ed25519.type + " " + ed25519.base64 + "\n";
  const std::string huge(1024 * 1024, 'x');
  const KnownHosts hosts = with(huge + key +
                                std::string("red\0"
                                            "01",
                                            6) +
                                key + "|1|" + encode_base64(huge) + "|" + encode_base64(huge) +
                                key + std::string(100, '\0') + "\n" + line("red01", ed25519));
  const auto answer = hosts.check("red01", 22, other);
  EXPECT_EQ(answer.verdict, Verdict::changed);
  EXPECT_EQ(answer.line, 5u);
}

TEST_F(KnownHostsTest, AFileWithoutEndIsAnError) {
  for (const std::string endless : {"/dev/zero", "/dev/urandom"}) {
    try {
      const KnownHosts hosts(pins(), {endless});
      FAIL() << endless << " was read to its end";
    } catch (const Error& error) {
      EXPECT_EQ(error.code(), ExitCode::local_failure);
      EXPECT_EQ(error.what(), "cannot read " + endless + ": File too large");
    }
  }
}

TEST_F(KnownHostsTest, AnUnreadableFileIsAnError) {
  std::filesystem::create_directory(users());
  try {
    const KnownHosts hosts(pins(), {users()});
    FAIL() << "a folder was read as a file";
  } catch (const Error& error) {
    EXPECT_EQ(error.code(), ExitCode::local_failure);
    EXPECT_EQ(error.what(), "cannot read " + users().string() + ": Is a directory");
  }
}

}  // namespace
}  // namespace clustermpi
