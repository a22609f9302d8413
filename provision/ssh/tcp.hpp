// Our own TCP sockets: libssh 0.10 tries one address only, blocks on names, and leaves its sockets
// open in child processes.
#pragma once

#include <vector>

#include "provision/descriptor.hpp"
#include "provision/ssh/poller.hpp"
#include "provision/ssh/resolver.hpp"

namespace clustermpi {

/// Tries the addresses of a host in turn, each for its share of the time that is left.
class TcpDialer {
 public:
  enum class State { trying, connected, failed };

  /// Starts with the first address.
  State start(std::vector<SocketAddress> addresses, TimePoint now, TimePoint deadline);
  /// The socket became writable, or this attempt's time is over.
  State on_ready(TimePoint now);
  State on_time(TimePoint now);

  void stop() { socket_.close(); }

  [[nodiscard]] int fd() const { return socket_.get(); }  ///< while trying
  [[nodiscard]] TimePoint attempt_deadline() const { return attempt_deadline_; }
  [[nodiscard]] Descriptor take_socket() { return std::move(socket_); }  ///< once connected
  [[nodiscard]] int error() const { return error_; }  ///< errno of the last attempt that failed
  [[nodiscard]] bool out_of_descriptors() const;

 private:
  State try_next(TimePoint now);

  std::vector<SocketAddress> addresses_;
  std::size_t next_ = 0;
  TimePoint deadline_;
  TimePoint attempt_deadline_;
  Descriptor socket_;
  int error_ = 0;
};

/// The kernel forgets this after a while: to be called after each read of a request-response
/// exchange, else every answer waits up to 40 ms for our acknowledgement.
void acknowledge_at_once(int socket);

/// Until `bytes` have arrived the socket does not count as readable.
void set_read_threshold(int socket, int bytes);

/// libssh 0.10 makes a socket blocking once it is connected.
void set_nonblocking(int socket);

/// Lets this process open `count` descriptors besides what it has, as far as the hard limit goes.
void raise_descriptor_limit(std::size_t count);

}  // namespace clustermpi
