// The only way to reach machines: all at once, over SSH.
//
// A Fleet holds one session a host, opened when the first job needs it and kept until the Fleet
// ends, so that several steps of one run pay for one handshake. One thread, one event loop; results
// come as hosts end. A host that fails is a value in its Result; run() itself throws only on a
// broken invariant.
#pragma once

#include <chrono>
#include <cstdint>
#include <filesystem>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "hosts/error.hpp"
#include "hosts/inventory.hpp"
#include "provision/cancel.hpp"
#include "provision/secret.hpp"
#include "provision/ssh/known_hosts.hpp"

namespace clustermpi {

class InputStream;  // provision/ssh/input_stream.hpp

/// What we log in with. Keys are tried as OpenSSH does: those of `identities` that the agent holds,
/// the agent's others, then the files themselves. A key is offered by its public half, and nothing
/// is signed for a server that would not take it.
struct Credentials {
  /// Private key files, or public ones whose private half the agent holds; absent ones are skipped.
  /// A certificate beside it (NAME-cert.pub) goes with its key.
  std::vector<std::filesystem::path> identities;
  std::vector<std::filesystem::path> certificates;  ///< OpenSSH's CertificateFile, in addition
  bool identities_only = false;  ///< none of the agent's keys but those of `identities`
  std::string agent;             ///< path of the agent's socket; empty: none
  std::shared_ptr<const Secret>
      password;  ///< the last resort, keyboard-interactive too; null: none
};

/// Where one host is reached.
struct Target {
  std::string name;     ///< unique in the fleet; what messages call it
  std::string address;  ///< IP or DNS name
  std::uint16_t port = 22;
  std::string user;
  std::string host_key_alias =
      {};  ///< what known_hosts calls it, without a port; empty: its address
  std::shared_ptr<const Credentials> credentials = {};  ///< null: those of the fleet
  std::optional<std::size_t> jump =
      {};                ///< index into FleetOptions::jumps: the way leads through it
  bool is_jump = false;  ///< and no host of the inventory
  std::string proxy_command =
      {};  ///< a shell command whose stdin and stdout lead there; empty: none
};

/// What known_hosts calls a host: an alias stands there without a port, as 22 does.
struct HostKeyName {
  std::string name;
  std::uint16_t port = 22;
};
[[nodiscard]] HostKeyName host_key_name(const Target& target);

struct FleetOptions {
  Credentials credentials;
  std::vector<Target> jumps;  ///< bastions: one session each, shared by all that go through it
  /// --fanout. A host that does not answer for half a second gives its place to the next: it costs
  /// nothing while it is waited for.
  std::size_t handshakes_at_once = 64;
  std::chrono::milliseconds connect_timeout{
      10'000};  ///< name resolution, and TCP over all addresses
  std::chrono::milliseconds handshake_timeout{20'000};  ///< banner and key exchange, each
  std::chrono::milliseconds auth_timeout{20'000};
  /// A host on which a command runs is asked for a sign of life when it has been silent for this
  /// long, and given up after three times that.
  std::chrono::milliseconds keep_alive{15'000};
  HostKeyPolicy host_key_policy = HostKeyPolicy::accept_new;
  /// Told once for each key that accept_new pins: host name, "SHA256:..." fingerprint, key type.
  /// What it throws fails that host.
  std::function<void(const std::string& host, const std::string& fingerprint,
                     const std::string& type)>
      on_new_host_key;
  /// Shown each key that a server proves to hold, before the policy is applied. For an unknown one
  /// that the policy would refuse, true pins it.
  std::function<bool(const Target&, const HostKey&, const KnownHosts::Answer&)> on_host_key;
};

enum class Stream { out, err };

/// One command on one host.
struct Job {
  std::size_t host = 0;  ///< index into the targets
  std::string command;   ///< handed to the user's login shell
  std::shared_ptr<const std::string>
      input;                            ///< to stdin, then end of file; null: end of file at once
  std::shared_ptr<InputStream> stream;  ///< follows `input` as it comes; null: nothing follows
  bool hold_input = false;  ///< no end of file while the command runs: it learns of our end by it
  std::chrono::milliseconds timeout{0};             ///< of the command; 0: none
  std::chrono::milliseconds first_byte_timeout{0};  ///< until it prints or ends; 0: none
  /// Live output as it comes, in pieces that need not be lines; where unset, gathered in Result (at
  /// most `output_limit` bytes a stream). What it throws ends this command. It must not call run().
  std::function<void(Stream, std::string_view)> on_output;
  std::size_t output_limit = 16u << 20;
};

struct Result {
  std::size_t host = 0;
  int exit_status = -1;  ///< 128 + N where signal N ended it; -1 where `error` is set
  std::string out;
  std::string err;
  bool truncated = false;  ///< more was printed than `output_limit`
  /// The host, not the command, failed: unreachable, timeout, auth_failed, password_refused,
  /// passphrase_needed, password_expired, host_key_changed, host_key_revoked, host_key_unknown,
  /// host_certificate_refused, jump_failed,
  /// connection_lost, protocol, local_failure, cancelled.
  std::optional<HostError> error;
  /// From sending the command to its end; from the start of the run where it was not sent.
  std::chrono::milliseconds elapsed{0};

  [[nodiscard]] bool ok() const { return !error && exit_status == 0; }
};

class Fleet {
 public:
  /// `known_hosts` and `cancel` outlive the fleet.
  Fleet(std::vector<Target> targets, FleetOptions options, KnownHosts& known_hosts,
        CancelToken& cancel);
  ~Fleet();  ///< closes all sessions; waits for nobody
  Fleet(const Fleet&) = delete;
  Fleet& operator=(const Fleet&) = delete;

  /// Runs all jobs at once (several on one host share its session) and returns their results in the
  /// order of `jobs`. `on_result` is called as each ends, and must not call run().
  ///
  /// A session that died since the last run is opened again; a connection that is lost while a
  /// command runs is an error and nothing is run twice. A command that is cancelled or takes too
  /// long is sent SIGTERM and its channel is closed, so that it finds its input at an end. sshd
  /// passes the signal on for every user but root: a command that must not outlive us has to watch
  /// its input.
  std::vector<Result> run(std::vector<Job> jobs,
                          const std::function<void(const Result&)>& on_result = {});

  /// Key files that hosts which ended with passphrase_needed in the last run would take.
  [[nodiscard]] std::vector<std::filesystem::path> locked_keys() const;
  /// Opens such a key for the runs that follow; false where the passphrase is wrong.
  bool unlock(const std::filesystem::path& key, const Secret& passphrase);

  [[nodiscard]] const std::vector<Target>& targets() const;
  [[nodiscard]] std::optional<std::size_t> index_of(std::string_view name) const;

 private:
  class Engine;
  std::unique_ptr<Engine> engine_;
};

/// One word for a POSIX shell, quoted only where it must be. The one place that quotes.
[[nodiscard]] std::string shell_quote(std::string_view word);

/// `text` without what could steer a terminal: control characters and invalid UTF-8 become visible
/// escapes; newline and tab stay.
[[nodiscard]] std::string printable(std::string_view text);

}  // namespace clustermpi
