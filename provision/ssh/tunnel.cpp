#include "provision/ssh/tunnel.hpp"

#include <sys/socket.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>
#include <utility>

namespace clustermpi {
namespace {

/// Read from the owner at once; libssh copies it.
constexpr std::size_t piece_size = 64 * 1024;

/// "Channel opening failure: channel 43 error (2) Connection refused" -> "Connection refused"
std::string without_preamble(std::string_view error) {
  constexpr std::string_view preamble = "error (";
  const auto found = error.find(preamble);
  const auto end = error.find(") ", found == std::string_view::npos ? 0 : found);
  return std::string(found == std::string_view::npos || end == std::string_view::npos
                         ? error
                         : error.substr(end + 2));
}

}  // namespace

Tunnel::Tunnel(std::uint64_t owner, std::string host, std::uint16_t port)
    : owner_(owner), host_(std::move(host)), port_(port) {
  ssh_callbacks_init(&callbacks_);
  callbacks_.userdata = this;
  callbacks_.channel_data_function = [](ssh_session, ssh_channel, void* data, std::uint32_t length,
                                        int is_stderr, void* self) {
    if (is_stderr != 0) return static_cast<int>(length);
    // What is not taken stays in the channel and holds back the sender.
    return static_cast<int>(
        static_cast<Tunnel*>(self)->deliver({static_cast<const char*>(data), length}));
  };
  callbacks_.channel_eof_function = [](ssh_session, ssh_channel, void* self) {
    static_cast<Tunnel*>(self)->remote_ended_ = true;
  };
  callbacks_.channel_close_function = callbacks_.channel_eof_function;
}

Tunnel::~Tunnel() {
  if (!channel_) return;
  ssh_remove_channel_callbacks(channel_, &callbacks_);
  ssh_channel_free(channel_);
}

void Tunnel::begin(ssh_session session, TimePoint deadline) {
  session_ = session;
  deadline_ = deadline;
  state_ = State::opening;
  channel_ = ssh_channel_new(session);
  if (!channel_) return fail(ssh_get_error(session));
  ssh_set_channel_callbacks(channel_, &callbacks_);
  open_channel();
}

std::optional<TimePoint> Tunnel::deadline() const {
  if (state_ != State::opening) return std::nullopt;
  return deadline_;
}

bool Tunnel::needs_turn() const {
  return state_ != State::open || channel_is_full_ || channel_holds_ || !held_.empty() ||
         owner_ended_ || remote_ended_;
}

void Tunnel::advance(TimePoint now) {
  if (state_ == State::opening) {
    open_channel();
    if (state_ == State::opening && now >= deadline_) fail("no answer in time");
  }
  if (state_ != State::open) return;
  to_owner();
  from_owner();
  if (owner_ended_ || (remote_ended_ && held_.empty() && !channel_holds_)) {
    near_.close();
    state_ = State::ended;
  }
}

void Tunnel::open_channel() {
  const int opened = ssh_channel_open_forward(channel_, host_.c_str(), port_, "127.0.0.1", 0);
  if (opened == SSH_AGAIN) return;
  if (opened != SSH_OK) return fail(without_preamble(ssh_get_error(session_)));
  std::array<int, 2> ends{};
  if (::socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0, ends.data()) != 0)
    return fail(std::strerror(errno));
  near_ = Descriptor(ends[0]);
  far_ = Descriptor(ends[1]);
  state_ = State::open;
}

void Tunnel::fail(std::string reason) {
  reason_ = std::move(reason);
  state_ = State::failed;
}

std::uint32_t Tunnel::wanted_events() const {
  if (state_ != State::open) return 0;
  return (channel_is_full_ ? 0u : std::uint32_t{EPOLLIN}) |
         (owner_is_full_ ? std::uint32_t{EPOLLOUT} : 0u);
}

/// How much of `data` the owner's socket takes.
std::size_t Tunnel::send_to_owner(std::string_view data) {
  std::size_t sent = 0;
  owner_is_full_ = false;
  while (sent < data.size() && !owner_is_full_) {
    const ssize_t more = ::send(near_.get(), data.data() + sent, data.size() - sent, MSG_NOSIGNAL);
    if (more >= 0) {
      sent += static_cast<std::size_t>(more);
    } else if (errno == EAGAIN) {
      owner_is_full_ = true;
    } else if (errno != EINTR) {
      owner_ended_ = true;
      return data.size();
    }
  }
  return sent;
}

/// What libssh has just received; what is not taken stays in the channel.
std::size_t Tunnel::deliver(std::string_view data) {
  const bool in_order = held_.empty() && !channel_holds_;
  const std::size_t taken = in_order && near_.is_open() ? send_to_owner(data) : 0;
  channel_holds_ = taken < data.size();
  return taken;
}

/// What had to wait.
void Tunnel::to_owner() {
  while (!held_.empty() || channel_holds_) {
    if (held_.empty()) {
      held_.resize(16 * 1024);
      const int got = ssh_channel_read_nonblocking(channel_, held_.data(),
                                                   static_cast<std::uint32_t>(held_.size()), 0);
      held_.resize(static_cast<std::size_t>(std::max(got, 0)));
      if (got <= 0) channel_holds_ = false;
    }
    held_.erase(0, send_to_owner(held_));
    if (owner_is_full_) return;
  }
}

void Tunnel::from_owner() {
  std::array<char, piece_size> piece;
  while (!owner_ended_) {
    const std::size_t window = ssh_channel_window_size(channel_);
    channel_is_full_ = window == 0 || (ssh_get_status(session_) & SSH_WRITE_PENDING) != 0;
    if (channel_is_full_) return;
    if (unsent_.empty()) {
      const ssize_t got = ::recv(near_.get(), piece.data(), std::min(window, piece.size()), 0);
      if (got < 0 && errno == EINTR) continue;
      if (got < 0 && errno == EAGAIN) return;
      if (got <= 0) {
        owner_ended_ = true;
        return;
      }
      unsent_.assign(piece.data(), static_cast<std::size_t>(got));
    }
    const int written =
        ssh_channel_write(channel_, unsent_.data(), static_cast<std::uint32_t>(unsent_.size()));
    if (written < 0) {
      owner_ended_ = true;  // the session is broken: its owner will see that
      return;
    }
    unsent_.erase(0, static_cast<std::size_t>(written));
    channel_is_full_ = !unsent_.empty();
    if (channel_is_full_) return;  // keys are being exchanged anew
  }
}

}  // namespace clustermpi
