// Names to addresses without making the event loop wait for a name server.
#pragma once

#include <netinet/in.h>
#include <sys/socket.h>

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace clustermpi {

struct SocketAddress {
  sockaddr_storage storage{};
  socklen_t length = 0;
};

/// The address that `host` is, where it is numeric; asks nobody.
[[nodiscard]] std::optional<SocketAddress> numeric_address(const std::string& host,
                                                           std::uint16_t port);

/// A few helper threads around getaddrinfo(). They are left behind, not joined, when the resolver
/// ends: a name server that does not answer holds nobody up.
class Resolver {
 public:
  struct Answer {
    std::uint64_t token = 0;  ///< the asker's
    std::vector<SocketAddress> addresses;
    std::string error;  ///< why there are none
  };

  Resolver();  ///< throws Error{local_failure} where no eventfd can be had
  ~Resolver();
  Resolver(const Resolver&) = delete;
  Resolver& operator=(const Resolver&) = delete;

  void ask(std::uint64_t token, std::string host, std::uint16_t port);
  [[nodiscard]] int fd() const;  ///< readable while there are answers
  [[nodiscard]] std::vector<Answer> take_answers();

 private:
  struct Shared;
  std::shared_ptr<Shared> shared_;
};

}  // namespace clustermpi
