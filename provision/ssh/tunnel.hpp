// The way through a jump host to one host behind it: a channel of the jump's session on one side, a
// socket on the other, of which that host's own session has the far end.
#pragma once

#include <libssh/callbacks.h>
#include <libssh/libssh.h>

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "provision/descriptor.hpp"
#include "provision/ssh/poller.hpp"

namespace clustermpi {

class Tunnel {
 public:
  /// `owner` is the token of the session that wants it.
  Tunnel(std::uint64_t owner, std::string host, std::uint16_t port);
  ~Tunnel();
  Tunnel(const Tunnel&) = delete;
  Tunnel& operator=(const Tunnel&) = delete;

  enum class State {
    waiting,  ///< for the session of the jump host
    opening,
    open,
    failed,  ///< see reason()
    ended,   ///< one side has closed it
  };
  [[nodiscard]] State state() const { return state_; }
  [[nodiscard]] std::uint64_t owner() const { return owner_; }
  [[nodiscard]] const std::string& reason() const { return reason_; }

  void begin(ssh_session session, TimePoint deadline);
  /// Does what can be done without waiting, in both directions.
  void advance(TimePoint now);
  /// Whether news of the jump's session may let it go on; the owner's side has events of its own.
  [[nodiscard]] bool needs_turn() const;
  /// When it must be open; advance() is due then.
  [[nodiscard]] std::optional<TimePoint> deadline() const;

  /// The socket for the owner, once, when it is open.
  [[nodiscard]] Descriptor take_far_end() { return std::move(far_); }

  [[nodiscard]] int fd() const { return near_.get(); }
  /// What epoll is to wait for on fd(): nothing while the other side takes no more.
  [[nodiscard]] std::uint32_t wanted_events() const;

 private:
  void open_channel();
  void fail(std::string reason);
  void from_owner();
  void to_owner();
  std::size_t send_to_owner(std::string_view data);
  std::size_t deliver(std::string_view data);

  std::uint64_t owner_;
  std::string host_;
  std::uint16_t port_;
  State state_ = State::waiting;
  TimePoint deadline_;
  std::string reason_;

  ssh_session session_ = nullptr;
  ssh_channel channel_ = nullptr;
  ssh_channel_callbacks_struct callbacks_{};
  Descriptor near_;
  Descriptor far_;
  std::string held_;              ///< for the owner: read from the channel, not yet sent
  std::string unsent_;            ///< of the owner: read, not yet taken by the channel
  bool channel_holds_ = false;    ///< the channel has kept what the owner did not take
  bool owner_is_full_ = false;    ///< the owner's socket takes no more for now
  bool channel_is_full_ = false;  ///< the channel does not
  bool owner_ended_ = false;
  bool remote_ended_ = false;
};

}  // namespace clustermpi
