// The rendered ssh_config in the hands of ssh and Ansible: two hops away, with a key that only an
// agent can open, and nothing trusted but what is pinned.
#include <gmock/gmock.h>

#include <csignal>
#include <nlohmann/json.hpp>

#include "hosts/ansible_inventory_text.hpp"
#include "hosts/writers.hpp"
#include "provision/ansible.hpp"
#include "provision/openssh_settings.hpp"
#include "tests/ssh/sshd.hpp"

namespace clustermpi::test {
namespace {

using testing::HasSubstr;

/// An ssh-agent of our own, and one key in it.
class Agent {
 public:
  Agent(const fs::path& socket, const fs::path& key, const std::string& passphrase) {
    const auto started = run_process({"ssh-agent", "-s", "-a", socket});
    const std::size_t at = started.out.find("SSH_AGENT_PID=");
    if (!started.ok() || at == std::string::npos) throw std::runtime_error("no agent");
    pid_ = std::stoi(started.out.substr(at + 14));
    ProcessOptions options;
    const fs::path typist = socket.string() + ".askpass";
    write_file(typist, "#!/bin/sh\necho " + passphrase + "\n", 0700);
    options.environment = {
        {"SSH_AUTH_SOCK", socket}, {"SSH_ASKPASS", typist}, {"SSH_ASKPASS_REQUIRE", "force"}};
    const auto added = run_process({"ssh-add", "-q", key}, options);
    if (!added.ok()) throw std::runtime_error("ssh-add: " + added.err);
  }
  ~Agent() { ::kill(pid_, SIGTERM); }
  Agent(const Agent&) = delete;
  Agent& operator=(const Agent&) = delete;

 private:
  pid_t pid_ = -1;
};

class OneTruthTest : public SshTest {
 protected:
  OneTruthTest() {
    make_key(user_key(), "ed25519", "open sesame");
    outer = start_sshd("outer", "", {own_address(1)});
    inner = start_sshd("inner", "", {own_address(2)});
    node = start_sshd("red01", "", {own_address(3)});
    // The user's own words on the outer hop; the inner one and the node are the inventory's.
    write_file(
        file("config"),
        fmt::format("Host outer\n  HostName {}\n  Port {}\n  User {}\n"
                    "Host *\n  IdentityAgent {}\n",
                    outer->address(), outer->port(), current_user(), agent_socket().string()),
        0600);
    const std::string text = fmt::format(
        "[cluster]\nuser = '{0}'\n[ssh]\nidentity = '{1}'\njump = 'outer,{0}@{2}:{3}'\n"
        "[[hosts]]\nnames = 'red01'\naddress = '{4}'\nport = {5}\n",
        current_user(), user_key().string(), inner->address(), inner->port(), node->address(),
        node->port());
    ParsedInventory parsed = parse_inventory(text, "cluster.toml");
    for (const Diagnostic& diagnostic : parsed.diagnostics) ADD_FAILURE() << render(diagnostic);
    inventory = std::move(parsed.inventory);
    workspace.create();
    write_file(workspace.ssh_config(),
               render_ssh_config(inventory, workspace, local_user(), {file("config")}), 0600);
    KnownHosts pinned(workspace.known_hosts());
    for (const auto& server : {outer.get(), inner.get(), node.get()})
      pinned.pin(server->address(), server->port(), public_key(server->host_key()));
  }

  [[nodiscard]] fs::path agent_socket() const { return file("agent"); }

  void expect_login_at_each_hop() {
    for (const auto& server : {outer.get(), inner.get(), node.get()}) {
      EXPECT_EQ(server->accepted_logins(), 1u) << server->log();
      server->stop();
      server->start();
    }
  }

  std::unique_ptr<Sshd> outer;
  std::unique_ptr<Sshd> inner;
  std::unique_ptr<Sshd> node;
  Inventory inventory;
  Workspace workspace{file("cluster.toml")};
};

TEST_F(OneTruthTest, SshAndAnsibleGoThroughTwoHopsWithAKeyInAnAgent) {
  const Agent agent(agent_socket(), user_key(), "open\\ sesame");
  const ProcessResult ssh = run_process({"ssh", "-o", "BatchMode=yes", "-F", workspace.ssh_config(),
                                         "red01", "echo $SSH_CONNECTION"});
  EXPECT_TRUE(ssh.ok()) << ssh.err;
  EXPECT_THAT(ssh.out, HasSubstr(node->address()));
  expect_login_at_each_hop();

  const nlohmann::json ansible_inventory_json =
      ansible_inventory(inventory, {}, fs::absolute(workspace.ssh_config()));
  write_file(file("inventory.json"), static_inventory(ansible_inventory_json).dump());
  ProcessOptions ansible;
  ansible.environment = {
      {"ANSIBLE_CONFIG", CLUSTERMPI_SOURCE_DIR "/playbooks/ansible.cfg"},
      {"ANSIBLE_STDOUT_CALLBACK", "minimal"},
      {"ANSIBLE_HOME", file("ansible-home").string()},
      {"ANSIBLE_LOCAL_TEMP", file("ansible").string()},
      {"ANSIBLE_REMOTE_TEMP", file("ansible-remote").string()},
  };
  const ProcessResult ping =
      run_process({"ansible", "all", "-i", file("inventory.json"), "-m", "ping"}, ansible);
  EXPECT_TRUE(ping.ok()) << ping.out << ping.err;
  EXPECT_THAT(ping.out, HasSubstr("\"ping\": \"pong\""));
}

TEST_F(OneTruthTest, AHopWhoseKeyIsNotTheOnePinnedIsRefused) {
  const Agent agent(agent_socket(), user_key(), "open\\ sesame");
  make_key(inner->host_key());
  inner->stop();
  inner->start();
  const ProcessResult ssh =
      run_process({"ssh", "-o", "BatchMode=yes", "-F", workspace.ssh_config(), "red01", "true"});
  EXPECT_EQ(ssh.exit_status, 255);
  EXPECT_THAT(ssh.err, HasSubstr("REMOTE HOST IDENTIFICATION HAS CHANGED"));
  EXPECT_EQ(node->accepted_logins(), 0u);
}

}  // namespace
}  // namespace clustermpi::test
