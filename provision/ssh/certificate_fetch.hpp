// Fetches the certificate of a server's host key, on a connection of its own.
//
// libssh 0.10 cannot negotiate host certificates. But the key exchange with a certificate proves
// the same key as the one without: it is enough to see the certificate once, as a server shows it
// before anybody has logged in (`ssh-keyscan -c` does so), and to judge it ourselves. Nothing is
// proved here; that is left to the ordinary connection, which must then show the key that the
// certificate is about.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

#include "provision/ssh/banner.hpp"

namespace clustermpi {

/// The socket and the deadline are the caller's; what has to be sent fits into the buffer of a
/// socket that has just been connected. To servers this is a client that does not log in
/// (PerSourcePenalties counts it): one connection a host and run, not more.
class CertificateFetch {
 public:
  enum class State {
    waiting,
    certificate,  ///< see certificate()
    none,         ///< the server has none that we can read
    closed,       ///< hung up before it said anything: see BannerReader::State
    refused,
    other,   ///< not SSH: see first_line()
    failed,  ///< see reason()
  };

  /// Says hello on a connected non-blocking socket.
  State begin(int socket);
  /// To be called when the socket is readable. After anything but `waiting` it is of no more use.
  State on_readable(int socket);

  /// As the server sent it: KnownHosts::vouch() judges it.
  [[nodiscard]] const std::string& certificate() const { return certificate_; }
  [[nodiscard]] const std::string& first_line() const { return banner_.first_line(); }
  [[nodiscard]] const std::string& reason() const { return reason_; }

 private:
  State read_banner(int socket);
  State take_received(int socket);
  State take_packet(std::string_view payload, int socket);
  State take_proposal(std::string_view fields, int socket);
  State take_reply(std::string_view fields);
  State send(int socket, std::string_view bytes);
  State hung_up();
  State fail(std::string reason);

  enum class Phase { banner, version, proposal, reply };

  Phase phase_ = Phase::banner;
  BannerReader banner_;
  std::string received_;
  std::size_t total_ = 0;
  std::string certificate_;
  std::string reason_;
};

}  // namespace clustermpi
