// sockets.hpp: TCP where MPI would use it: by its ports and over its interfaces.
#pragma once

#include <arpa/inet.h>
#include <ifaddrs.h>
#include <net/if.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cstdint>
#include <cstdlib>
#include <sstream>
#include <string>
#include <utility>
#include <vector>

#include "../../common/example.hpp"

namespace links {

inline std::vector<std::string> split(const std::string& text, char at) {
  std::vector<std::string> parts;
  std::istringstream stream(text);
  for (std::string part; std::getline(stream, part, at);) parts.push_back(part);
  return parts;
}

class Socket {
 public:
  Socket() = default;
  explicit Socket(int fd) : fd_(fd) {}
  Socket(Socket&& other) noexcept : fd_(std::exchange(other.fd_, -1)) {}
  Socket& operator=(Socket&& other) noexcept {
    std::swap(fd_, other.fd_);
    return *this;
  }
  ~Socket() {
    if (fd_ >= 0) close(fd_);
  }
  int fd() const { return fd_; }
  bool open() const { return fd_ >= 0; }

  // Small messages into an empty buffer: they never block.
  void send(const void* data, std::size_t size) const {
    if (::send(fd_, data, size, MSG_NOSIGNAL) < 0) return;  // the other end will be missed
  }
  bool readable_within(double seconds) const {
    pollfd entry{fd_, POLLIN, 0};
    return poll(&entry, 1, static_cast<int>(std::max(seconds, 0.0) * 1000)) == 1;
  }

 private:
  int fd_ = -1;
};

inline Socket make_socket() {
  Socket socket(::socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0));
  const int yes = 1;
  setsockopt(socket.fd(), IPPROTO_TCP, TCP_NODELAY, &yes, sizeof yes);
  return socket;
}

inline sockaddr_in address_of(std::uint32_t ip, int port) {
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(ip);
  address.sin_port = htons(static_cast<std::uint16_t>(port));
  return address;
}

inline bool bind_to(const Socket& socket, int port) {
  const sockaddr_in address = address_of(INADDR_ANY, port);
  return bind(socket.fd(), reinterpret_cast<const sockaddr*>(&address), sizeof address) == 0;
}

// A setting of MPI's, wherever it was made (environment, file, command line); empty where it has
// none of that name.
struct Setting {
  std::string text;
  int number = 0;
};

inline Setting mpi_setting(const char* name) {
  Setting setting;
  int index = 0;
  if (MPI_T_cvar_get_index(name, &index) != MPI_SUCCESS) return setting;
  MPI_T_cvar_handle handle;
  int count = 0;
  if (MPI_T_cvar_handle_alloc(index, nullptr, &handle, &count) != MPI_SUCCESS) return setting;
  if (count > 1) {
    std::string text(static_cast<std::size_t>(count), '\0');
    if (MPI_T_cvar_read(handle, &text[0]) == MPI_SUCCESS) setting.text = text.c_str();
  } else {
    MPI_T_cvar_read(handle, &setting.number);
  }
  MPI_T_cvar_handle_free(&handle);
  return setting;
}

// Where MPI would listen: what is open for it is to be tried, and no other port.
inline Socket listen_where_mpi_would(int& port) {
  Socket socket = make_socket();
  const int first = mpi_setting("btl_tcp_port_min_v4").number;
  const int range = mpi_setting("btl_tcp_port_range_v4").number;
  bool bound = false;
  if (first > 1024) {  // not just what it is unless somebody chose
    for (int i = range - 1; i >= 0 && !bound; --i) bound = bind_to(socket, first + i);
  }
  if (!bound) bind_to(socket, 0);
  listen(socket.fd(), 1024);
  sockaddr_in address{};
  socklen_t size = sizeof address;
  getsockname(socket.fd(), reinterpret_cast<sockaddr*>(&address), &size);
  port = ntohs(address.sin_port);
  return socket;
}

struct Address {
  std::uint32_t ip = 0;
  int prefix = 32;

  bool shares_network_with(const Address& other) const {
    const std::uint32_t mask = prefix == 0 ? 0 : ~std::uint32_t{0} << (32 - prefix);
    return (ip & mask) == (other.ip & mask);
  }
  std::string text() const {
    const in_addr address{htonl(ip)};
    std::array<char, INET_ADDRSTRLEN> buffer{};
    inet_ntop(AF_INET, &address, buffer.data(), buffer.size());
    return buffer.data();
  }
};

inline Address parse_address(const std::string& text) {
  Address address;
  const std::size_t slash = text.find('/');
  in_addr ip{};
  inet_pton(AF_INET, text.substr(0, slash).c_str(), &ip);
  address.ip = ntohl(ip.s_addr);
  if (slash != std::string::npos) address.prefix = std::atoi(text.c_str() + slash + 1);
  return address;
}

// Whether a list like Open MPI's "eth0,10.0.0.0/8" speaks of it.
inline bool is_listed(const std::string& list, const std::string& interface,
                      const Address& address) {
  for (const std::string& entry : split(list, ',')) {
    if (entry == interface) return true;
    if (entry.find('/') != std::string::npos && parse_address(entry).shares_network_with(address)) {
      return true;
    }
  }
  return false;
}

// This host's addresses that MPI may use.
inline std::vector<Address> own_addresses() {
  const std::string included = mpi_setting("btl_tcp_if_include").text;
  const std::string excluded = mpi_setting("btl_tcp_if_exclude").text;
  std::vector<Address> addresses;
  ifaddrs* interfaces = nullptr;
  if (getifaddrs(&interfaces) != 0) return addresses;
  for (const ifaddrs* at = interfaces; at != nullptr; at = at->ifa_next) {
    if (at->ifa_addr == nullptr || at->ifa_addr->sa_family != AF_INET) continue;
    if ((at->ifa_flags & IFF_UP) == 0) continue;
    Address address;
    address.ip = ntohl(reinterpret_cast<const sockaddr_in*>(at->ifa_addr)->sin_addr.s_addr);
    address.prefix =
        __builtin_popcount(reinterpret_cast<const sockaddr_in*>(at->ifa_netmask)->sin_addr.s_addr);
    const bool wanted = included.empty() ? (at->ifa_flags & IFF_LOOPBACK) == 0 &&
                                               !is_listed(excluded, at->ifa_name, address)
                                         : is_listed(included, at->ifa_name, address);
    if (wanted) addresses.push_back(address);
  }
  freeifaddrs(interfaces);
  return addresses;
}

}  // namespace links
