// The connection to one host: from nothing to an authenticated session that commands run on,
// without ever waiting. The event loop says when the socket is ready and when time is over.
#pragma once

#include <libssh/libssh.h>

#include <cstdint>
#include <memory>
#include <optional>
#include <random>
#include <utility>
#include <vector>

#include "provision/fleet.hpp"
#include "provision/ssh/banner.hpp"
#include "provision/ssh/command.hpp"
#include "provision/ssh/identities.hpp"
#include "provision/ssh/known_hosts.hpp"
#include "provision/ssh/poller.hpp"
#include "provision/ssh/resolver.hpp"
#include "provision/ssh/tcp.hpp"

namespace clustermpi {

/// What all sessions of a fleet share.
struct SessionServices {
  const FleetOptions& options;
  const Identities& identities;
  KnownHosts& known_hosts;
  Poller& poller;
  Resolver& resolver;
  std::minstd_rand& random;
};

class Session {
 public:
  Session(std::size_t index, const Target& target, SessionServices& services);
  ~Session();
  Session(const Session&) = delete;
  Session& operator=(const Session&) = delete;

  void add(std::unique_ptr<Command> command);
  /// After the commands of a run were added: starts them on a session that is open already, and
  /// notices where that died since the last run.
  void begin_run(TimePoint now);
  /// Has commands but no connection: wants connect() when there is room for one more handshake.
  [[nodiscard]] bool wants_connection() const;
  void connect(TimePoint now);

  /// Whether it counts among the handshakes in flight. A host that does not answer soon does not:
  /// it costs us nothing while we wait for it.
  [[nodiscard]] bool in_handshake() const;

  [[nodiscard]] std::optional<TimePoint> next_deadline() const;
  void on_ready(std::uint32_t generation, TimePoint now);
  void on_resolved(Resolver::Answer answer, TimePoint now);
  void on_time(TimePoint now);

  /// Ends all commands with `cancelled`; an idle session stays open.
  void cancel(TimePoint now);
  [[nodiscard]] std::vector<std::unique_ptr<Command>> take_finished();

 private:
  enum class Phase {
    closed,
    backing_off,  ///< was turned away, will try again
    resolving,
    connecting,
    banner,
    key_exchange,
    authenticating,
    open,
  };

  [[nodiscard]] std::uint64_t token() const;
  void enter(Phase phase, TimePoint now, std::chrono::milliseconds time);
  void note_activity(TimePoint now);

  void dial(std::vector<SocketAddress> addresses, TimePoint now);
  void dialled(TcpDialer::State state, TimePoint now);
  void begin_ssh(TimePoint now);
  [[nodiscard]] bool configure();
  void read_banner(TimePoint now);
  void back_off(TimePoint now);
  void exchange_keys(TimePoint now);
  [[nodiscard]] std::optional<HostError> check_host_key();
  [[nodiscard]] std::optional<HostError> judge_host_key(const HostKey& key);
  void authenticate(TimePoint now);
  void login_failed(TimePoint now);

  void pump(TimePoint now);
  void run_commands(TimePoint now);
  void start_commands(TimePoint now);
  [[nodiscard]] std::size_t open_channels() const;
  void update_interest();

  void time_is_over(TimePoint now);
  void lost(TimePoint now);
  void fail(const HostError& error, TimePoint now);
  void close();
  [[nodiscard]] std::string libssh_error() const;

  const std::size_t index_;
  const Target& target_;
  SessionServices& services_;

  Phase phase_ = Phase::closed;
  TimePoint phase_deadline_;
  TimePoint active_until_;  ///< after that much silence a handshake does not count as in flight
  bool active_ = false;
  std::uint32_t generation_ = 0;  ///< tells events of this connection from those of an earlier one
  unsigned attempts_ = 0;
  bool reused_ = false;  ///< open since before this run: may have died unnoticed

  TcpDialer dialer_;
  BannerReader banner_;
  ssh_session session_ = nullptr;
  ssh_event event_ = nullptr;
  int fd_ = -1;                 ///< libssh's, which closes it
  std::uint32_t interest_ = 0;  ///< what epoll waits for
  std::size_t next_key_ = 0;
  std::size_t max_channels_ = 0;

  std::vector<std::unique_ptr<Command>> commands_;
  std::vector<std::unique_ptr<Command>> finished_;
};

}  // namespace clustermpi
