// All ways that lead through the session of one jump host.
#pragma once

#include <libssh/libssh.h>

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "hosts/error.hpp"
#include "provision/descriptor.hpp"
#include "provision/ssh/poller.hpp"
#include "provision/ssh/tunnel.hpp"

namespace clustermpi {

/// What one session says to another, by way of the engine.
struct TunnelWanted {
  std::size_t jump = 0;     ///< index into FleetOptions::jumps
  std::uint64_t owner = 0;  ///< the token of who wants it
  std::string host;
  std::uint16_t port = 0;
};
struct TunnelMade {
  std::uint64_t owner = 0;
  Descriptor socket;                ///< open where the tunnel is
  std::optional<HostError> failed;  ///< of the jump host itself
  std::string refused;              ///< why the jump host cannot reach the owner's host
};

class Tunnels {
 public:
  /// `session` is the jump's index: events of the sockets carry it.
  Tunnels(std::size_t session, Poller& poller) : session_(session), poller_(poller) {}

  void add(TunnelWanted wanted);
  [[nodiscard]] bool empty() const { return tunnels_.empty(); }

  /// After news of the session, which is open: opens those that wait, and lets the others go on.
  void run(ssh_session session, TimePoint now, std::chrono::milliseconds opening_time);
  /// The owner's side of one has news.
  void on_ready(std::uint32_t number, TimePoint now);
  /// Those who wait for one are told why there is none; those who have one find it closed.
  void end(const HostError& error);
  /// Without a word. The channels are the session's: to be called before that is freed.
  void clear() { tunnels_.clear(); }

  [[nodiscard]] std::optional<TimePoint> next_deadline() const;
  [[nodiscard]] std::vector<TunnelMade> take_made();

 private:
  struct Watched {
    std::unique_ptr<Tunnel> tunnel;
    std::uint32_t interest = 0;  ///< what epoll waits for
  };
  void watch(std::uint32_t number, Watched& watched);

  std::size_t session_;
  Poller& poller_;
  std::map<std::uint32_t, Watched> tunnels_;  ///< by number
  std::uint32_t last_number_ = 0;
  std::vector<TunnelMade> made_;
};

}  // namespace clustermpi
