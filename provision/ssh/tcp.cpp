#include "provision/ssh/tcp.hpp"

#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/resource.h>
#include <sys/socket.h>

#include <algorithm>
#include <cerrno>

namespace clustermpi {
namespace {

void set_option(int socket, int level, int name, int value) {
  // Each option makes the connection better; none is worth failing it.
  ::setsockopt(socket, level, name, &value, sizeof value);
}

/// A peer that is gone is found after half a minute, also while nothing is sent.
void set_options(int socket) {
  set_option(socket, IPPROTO_TCP, TCP_NODELAY, 1);
  set_option(socket, IPPROTO_TCP, TCP_QUICKACK, 1);
  set_option(socket, SOL_SOCKET, SO_KEEPALIVE, 1);
  set_option(socket, IPPROTO_TCP, TCP_KEEPIDLE, 10);
  set_option(socket, IPPROTO_TCP, TCP_KEEPINTVL, 5);
  set_option(socket, IPPROTO_TCP, TCP_KEEPCNT, 4);
  set_option(socket, IPPROTO_TCP, TCP_USER_TIMEOUT, 30'000);
}

}  // namespace

TcpDialer::State TcpDialer::start(std::vector<SocketAddress> addresses, TimePoint now,
                                  TimePoint deadline) {
  addresses_ = std::move(addresses);
  next_ = 0;
  deadline_ = deadline;
  error_ = 0;
  return try_next(now);
}

TcpDialer::State TcpDialer::try_next(TimePoint now) {
  while (next_ < addresses_.size()) {
    const auto left = static_cast<long>(addresses_.size() - next_);
    const SocketAddress& address = addresses_[next_++];
    socket_ = Descriptor(
        ::socket(address.storage.ss_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0));
    if (!socket_.is_open()) {
      error_ = errno;
      continue;
    }
    set_options(socket_.get());
    if (::connect(socket_.get(), reinterpret_cast<const sockaddr*>(&address.storage),
                  address.length) == 0)
      return State::connected;
    if (errno == EINPROGRESS) {
      attempt_deadline_ = now + (deadline_ - now) / left;
      return State::trying;
    }
    error_ = errno;
  }
  socket_.close();
  return State::failed;
}

TcpDialer::State TcpDialer::on_ready(TimePoint now) {
  int error = 0;
  socklen_t size = sizeof error;
  if (::getsockopt(socket_.get(), SOL_SOCKET, SO_ERROR, &error, &size) != 0) error = errno;
  if (error == 0) return State::connected;
  error_ = error;
  return try_next(now);
}

TcpDialer::State TcpDialer::on_time(TimePoint now) {
  error_ = ETIMEDOUT;
  return try_next(now);
}

bool TcpDialer::out_of_descriptors() const {
  return error_ == EMFILE || error_ == ENFILE;
}

void acknowledge_at_once(int socket) {
  set_option(socket, IPPROTO_TCP, TCP_QUICKACK, 1);
}

void set_read_threshold(int socket, int bytes) {
  set_option(socket, SOL_SOCKET, SO_RCVLOWAT, bytes);
}

void set_nonblocking(int socket) {
  ::fcntl(socket, F_SETFL, O_RDWR | O_NONBLOCK);
}

void raise_descriptor_limit(std::size_t count) {
  rlimit limit{};
  if (::getrlimit(RLIMIT_NOFILE, &limit) != 0) return;
  constexpr rlim_t others = 128;  // files, pipes and event descriptors of the rest of the program
  const rlim_t wanted = std::min<rlim_t>(count + others, limit.rlim_max);
  if (limit.rlim_cur >= wanted) return;
  limit.rlim_cur = wanted;
  ::setrlimit(RLIMIT_NOFILE, &limit);
}

}  // namespace clustermpi
