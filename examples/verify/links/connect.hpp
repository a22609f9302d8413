// connect.hpp: who reaches whom by plain TCP.
//
// Connections stay open: a pair meets over the one from the lower host to the higher before it
// measures, so that no MPI call waits for somebody who is still busy elsewhere.
#pragma once

#include <netinet/in.h>
#include <poll.h>
#include <sys/socket.h>

#include <algorithm>
#include <cerrno>
#include <cstdint>
#include <utility>
#include <vector>

#include "figures.hpp"
#include "hosts.hpp"
#include "sockets.hpp"

namespace links {

struct Greeting {
  std::uint32_t magic = 0x6c6e6b73;
  std::uint32_t host = 0;
};

class Connections {
 public:
  Connections(const std::vector<Host>& hosts, std::size_t me, Socket listener)
      : me_(me), listener_(std::move(listener)), outgoing_(hosts.size()), incoming_(hosts.size()) {
    for (std::size_t peer = 0; peer < hosts.size(); ++peer) {
      if (peer == me) continue;
      for (const Address& address : addresses_for(hosts[me], hosts[peer])) {
        start(peer, address_of(address.ip, hosts[peer].port));
      }
    }
  }

  bool all_tried() const {
    return std::all_of(attempts_.begin(), attempts_.end(),
                       [](const Attempt& attempt) { return attempt.status != unknown; });
  }

  // One way works if any does: MPI finds it too, or the deadline tells.
  Status status_of(std::size_t peer) const {
    if (outgoing_[peer].open()) return works;
    for (const Attempt& attempt : attempts_) {
      if (attempt.peer == peer) return attempt.status == unknown ? timed_out : attempt.status;
    }
    return no_address;
  }

  const Socket& channel_to(std::size_t peer) const {
    return me_ < peer ? outgoing_[peer] : incoming_[peer];
  }

  // Answers others and gets on with the own attempts, for so long at most.
  void serve(double seconds) {
    std::vector<pollfd> entries{{listener_.fd(), POLLIN, 0}};
    for (const Socket& guest : guests_) entries.push_back({guest.fd(), POLLIN, 0});
    for (const Attempt& attempt : attempts_) {
      const short event = attempt.connected ? POLLIN : POLLOUT;
      entries.push_back({attempt.status == unknown ? attempt.socket.fd() : -1, event, 0});
    }
    if (poll(entries.data(), entries.size(), static_cast<int>(seconds * 1000)) <= 0) return;
    const std::size_t guests = guests_.size();
    for (std::size_t i = 0; i < attempts_.size(); ++i) {
      if (entries[1 + guests + i].revents != 0) go_on(attempts_[i]);
    }
    for (std::size_t i = guests; i-- > 0;) {
      if (entries[1 + i].revents != 0) take(i);
    }
    if (entries[0].revents != 0) welcome();
  }

 private:
  struct Attempt {
    std::size_t peer;
    Socket socket;
    bool connected = false;
    Status status = unknown;
  };

  void start(std::size_t peer, const sockaddr_in& address) {
    Attempt attempt{peer, make_socket()};
    if (connect(attempt.socket.fd(), reinterpret_cast<const sockaddr*>(&address), sizeof address) !=
            0 &&
        errno != EINPROGRESS) {
      attempt.status = status_for(errno);
    }
    attempts_.push_back(std::move(attempt));
  }

  static Status status_for(int error) {
    if (error == ECONNREFUSED) return refused;
    return error == ETIMEDOUT ? timed_out : unreachable;
  }

  void go_on(Attempt& attempt) {
    if (!attempt.connected) {
      int error = 0;
      socklen_t size = sizeof error;
      getsockopt(attempt.socket.fd(), SOL_SOCKET, SO_ERROR, &error, &size);
      if (error != 0) attempt.status = status_for(error);
      attempt.connected = error == 0;
      return;
    }
    Greeting greeting;
    const bool right = receive(attempt.socket, greeting) && greeting.host == attempt.peer;
    attempt.status = right ? works : wrong_host;
    if (!right || outgoing_[attempt.peer].open()) return;
    greet(attempt.socket);
    outgoing_[attempt.peer] = std::move(attempt.socket);
  }

  void welcome() {
    Socket guest(accept4(listener_.fd(), nullptr, nullptr, SOCK_NONBLOCK | SOCK_CLOEXEC));
    if (!guest.open()) return;
    greet(guest);
    guests_.push_back(std::move(guest));
  }

  void take(std::size_t index) {
    Greeting greeting;
    if (receive(guests_[index], greeting) && greeting.host < incoming_.size()) {
      incoming_[greeting.host] = std::move(guests_[index]);
    }
    guests_.erase(guests_.begin() + static_cast<std::ptrdiff_t>(index));
  }

  void greet(const Socket& socket) const {
    const Greeting greeting{Greeting().magic, static_cast<std::uint32_t>(me_)};
    socket.send(&greeting, sizeof greeting);
  }

  static bool receive(const Socket& socket, Greeting& greeting) {
    return recv(socket.fd(), &greeting, sizeof greeting, 0) == sizeof greeting &&
           greeting.magic == Greeting().magic;
  }

  std::size_t me_;
  Socket listener_;
  std::vector<Attempt> attempts_;
  std::vector<Socket> guests_;  // who did not say yet who they are
  std::vector<Socket> outgoing_;
  std::vector<Socket> incoming_;
};

}  // namespace links
