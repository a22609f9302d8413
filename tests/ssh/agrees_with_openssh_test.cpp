// The same host, the same known_hosts: ssh and we trust it, or neither does.
#include <gmock/gmock.h>

#include "tests/ssh/certified_host.hpp"

namespace clustermpi::test {
namespace {

class AgreesWithOpenSshTest : public CertifiedHostTest {
 protected:
  [[nodiscard]] bool ssh_trusts(const Target& node, const std::vector<std::string>& more) const {
    std::vector<std::string> command{
        "ssh", "-F", "none", "-i", user_key(), "-p", std::to_string(node.port)};
    const std::vector<std::string> settings{"BatchMode=yes",
                                            "StrictHostKeyChecking=yes",
                                            "UserKnownHostsFile=" + pins().string(),
                                            "GlobalKnownHostsFile=/dev/null",
                                            "UpdateHostKeys=no",
                                            "IdentityAgent=none",
                                            "KexAlgorithms=curve25519-sha256"};
    for (const auto& setting : settings) command.insert(command.end(), {"-o", setting});
    for (const auto& option : more) command.insert(command.end(), {"-o", option});
    command.insert(command.end(), {node.user + "@" + node.address, "true"});
    return run_process(command).ok();
  }

  [[nodiscard]] bool we_trust(const Target& node, const std::optional<fs::path>& revoked) {
    KnownHosts hosts(pins());
    try {
      if (revoked) hosts.revoke_keys_in(*revoked);
    } catch (const Error&) {
      return false;
    }
    options.host_key_policy = HostKeyPolicy::strict;
    return Fleet({node}, options, hosts, cancel).run({job(0, "true")}).front().ok();
  }
};

TEST_F(AgreesWithOpenSshTest, WhomToTrust) {
  struct Case {
    std::string what;
    bool trusted = false;
    CertifiedHost host = {};
    std::string lines = {};  ///< NAME, PORT stand for the host's
    std::string alias = {};
    std::optional<std::string> revoked = {};  ///< content of RevokedHostKeys
  };
  make_key(file("other"));
  const auto authority = [this](const std::string& hosts) { return authority_line(hosts); };
  const std::string revoked_authority = marked("@revoked", "*", file("authority"));
  const std::string other = marked("@cert-authority", "*", file("other"));
  const std::string own = own_address(1);
  const std::vector<Case> cases{
      {"any host", true, {}, authority("*")},
      {"name and port", true, {}, authority("[NAME]:PORT")},
      {"name alone", true, {}, authority("NAME")},
      {"another port", false, {}, authority("[NAME]:1")},
      {"another name", false, {}, authority("red01")},
      {"negated", false, {}, authority("*,![NAME]:PORT,!NAME")},
      {"another authority", false, {}, other},
      {"two authorities", true, {}, other + authority("*")},
      {"another principal", false, {.names = "red02"}, authority("*")},
      {"several principals", true, {.names = "red02," + own}, authority("*")},
      {"a principal with a port", false, {.names = "[" + own + "]:2222"}, authority("*")},
      {"expired", false, {.options = {"-V", "-2d:-1d"}}, authority("*")},
      {"not yet valid", false, {.options = {"-V", "+1d:+2d"}}, authority("*")},
      {"a condition", false, {.options = {"-O", "critical:x=y"}}, authority("*")},
      {"an extension", true, {.options = {"-O", "extension:x=y"}}, authority("*")},
      {"an RSA host key", true, {.type = "rsa"}, authority("*")},
      {"a revoked authority", false, {}, authority("*") + revoked_authority},
      {"an alias", true, {.names = "red01"}, authority("red01"), "red01"},
      {"an alias in capitals", true, {.names = "red01"}, authority("red01"), "RED01"},
      {"an alias with a port", false, {.names = "red01"}, authority("[red01]:PORT"), "red01"},
      {"an empty list of revoked keys", true, {}, authority("*"), "", ""},
      {"a listed authority", false, {}, authority("*"), "", read_file(file("authority.pub"))},
      {"another listed key", true, {}, authority("*"), "", read_file(file("other.pub"))},
      {"a list that cannot be read", false, {}, authority("*"), "", "nonsense\n"},
  };
  for (const Case& one : cases) {
    const auto sshd = start_certified(one.host);
    Target node = sshd->target("red01");
    node.host_key_alias = one.alias;
    std::string lines = one.lines;
    const auto fill_in = [&](const std::string& word, const std::string& value) {
      for (std::size_t at = 0; (at = lines.find(word, at)) != std::string::npos;)
        lines.replace(at, word.size(), value);
    };
    fill_in("NAME", node.address);
    fill_in("PORT", std::to_string(node.port));
    write_file(pins(), lines);
    std::vector<std::string> more;
    std::optional<fs::path> revoked;
    if (!one.alias.empty()) more.push_back("HostKeyAlias=" + one.alias);
    if (one.revoked) {
      revoked = file("revoked");
      write_file(*revoked, *one.revoked);
      more.push_back("RevokedHostKeys=" + revoked->string());
    }
    EXPECT_EQ(ssh_trusts(node, more), one.trusted) << one.what;
    EXPECT_EQ(we_trust(node, revoked), one.trusted) << one.what;
  }
}

}  // namespace
}  // namespace clustermpi::test
