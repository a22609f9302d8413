// The connection to one host: from nothing to an authenticated session that commands run on,
// without ever waiting. The event loop says when the socket is ready and when time is over.
#pragma once

#include <libssh/libssh.h>

#include <cstdint>
#include <filesystem>
#include <map>
#include <memory>
#include <optional>
#include <random>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "provision/fleet.hpp"
#include "provision/ssh/agent.hpp"
#include "provision/ssh/banner.hpp"
#include "provision/ssh/certificate_fetch.hpp"
#include "provision/ssh/command.hpp"
#include "provision/ssh/keyring.hpp"
#include "provision/ssh/known_hosts.hpp"
#include "provision/ssh/login.hpp"
#include "provision/ssh/poller.hpp"
#include "provision/ssh/proxy_command.hpp"
#include "provision/ssh/resolver.hpp"
#include "provision/ssh/tcp.hpp"
#include "provision/ssh/tunnels.hpp"

namespace clustermpi {

/// What all sessions of a fleet share.
struct SessionServices {
  const FleetOptions& options;
  Keyring& keyring;
  Agents& agents;
  KnownHosts& known_hosts;
  Poller& poller;
  Resolver& resolver;
  std::minstd_rand& random;
  std::vector<TunnelWanted> tunnels_wanted;     ///< taken by the engine
  std::set<std::filesystem::path> locked_keys;  ///< which hosts of this run would take
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
  /// Has something to do but no connection: wants connect() when there is room for one more
  /// handshake.
  [[nodiscard]] bool wants_connection() const;
  void connect(TimePoint now);
  /// Connected, or about to be, and not logged in: servers take only so many of these.
  [[nodiscard]] bool is_unauthenticated() const;

  /// Whether it counts among the handshakes in flight. A host that does not answer soon does not:
  /// it costs us nothing while we wait for it.
  [[nodiscard]] bool in_handshake() const;

  [[nodiscard]] std::optional<TimePoint> next_deadline() const;
  // Events. Those that belong to an earlier connection of this session are ignored.
  void on_ready(std::uint32_t generation, TimePoint now);
  void on_resolved(Resolver::Answer answer, TimePoint now);
  void on_agent(AgentClient::Answer answer, TimePoint now);
  void on_tunnel_made(TunnelMade tunnel, TimePoint now);
  void on_tunnel_ready(std::uint32_t number, TimePoint now);
  void on_input(TimePoint now);  ///< a stream that its commands read has more
  void on_time(TimePoint now);

  /// For a jump host: opens a way through it as soon as it can, which take_tunnels() hands out.
  void add_tunnel(TunnelWanted wanted, TimePoint now);
  [[nodiscard]] std::vector<TunnelMade> take_tunnels() { return tunnels_.take_made(); }

  /// Ends all commands with `cancelled`; an idle session stays open.
  void cancel(TimePoint now);
  [[nodiscard]] std::vector<std::unique_ptr<Command>> take_finished();

 private:
  enum class Phase {
    closed,
    backing_off,  ///< was turned away, will try again
    resolving,
    connecting,
    tunnelling,            ///< waits for its jump host
    fetching_certificate,  ///< on a connection of its own, before the one that counts
    banner,
    key_exchange,
    authenticating,
    open,
  };

  [[nodiscard]] std::uint64_t token() const;
  [[nodiscard]] const Credentials& credentials() const;
  void enter(Phase phase, TimePoint now, std::chrono::milliseconds time);
  void note_activity(TimePoint now);

  void dial(std::vector<SocketAddress> addresses, TimePoint now);
  void dialled(TcpDialer::State state, TimePoint now);
  void start_proxy(TimePoint now);
  void connected(Descriptor socket, TimePoint now);
  void fetch_certificate(Descriptor socket, TimePoint now);
  void read_certificate(TimePoint now);
  void begin_ssh(Descriptor socket, TimePoint now);
  [[nodiscard]] bool configure();
  void read_banner(TimePoint now);
  void back_off(TimePoint now);
  void exchange_keys(TimePoint now);
  void authenticate(TimePoint now);
  void begin_login(TimePoint now);
  void logged_in(TimePoint now);

  void pump(TimePoint now);
  void run_commands(TimePoint now);
  void start_commands(TimePoint now);
  [[nodiscard]] std::size_t open_channels() const;
  [[nodiscard]] bool is_busy() const;
  void look_for_life(TimePoint now);
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
  ProxyCommand proxy_;
  BannerReader banner_;
  CertificateFetch certificate_fetch_;
  Descriptor certificate_socket_;
  ssh_session session_ = nullptr;
  ssh_event event_ = nullptr;
  int fd_ = -1;                 ///< libssh's, which closes it
  std::uint32_t interest_ = 0;  ///< what epoll waits for
  std::optional<Login> login_;
  TimePoint last_heard_;  ///< when something came from the host
  TimePoint next_look_;   ///< when to ask a silent host for a sign of life
  std::size_t max_channels_ = 0;

  std::vector<std::unique_ptr<Command>> commands_;
  std::vector<std::unique_ptr<Command>> finished_;

  Tunnels tunnels_;  ///< through this host
};

}  // namespace clustermpi
