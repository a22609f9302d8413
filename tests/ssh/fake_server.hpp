// A TCP server that misbehaves as a test wants it to.
#pragma once

#include <poll.h>
#include <sys/eventfd.h>

#include <atomic>
#include <functional>
#include <utility>

#include "tests/ssh/sshd.hpp"

namespace clustermpi::test {

class FakeServer {
 public:
  using Behaviour =
      std::function<void(int socket)>;  ///< the connection stays open after it returns

  explicit FakeServer(Behaviour behaviour, const std::string& address = own_address(1))
      : address_(address), behaviour_(std::move(behaviour)) {
    std::tie(listener_, port_) = listen_on(address_);
    thread_ = std::thread([this] { serve(); });
  }
  ~FakeServer() {
    ::eventfd_write(stop_.get(), 1);
    thread_.join();
  }
  FakeServer(const FakeServer&) = delete;
  FakeServer& operator=(const FakeServer&) = delete;

  [[nodiscard]] Target target(const std::string& name) const {
    return {name, address_, port_, current_user()};
  }
  [[nodiscard]] std::string place() const { return fmt::format("{} port {}", address_, port_); }
  [[nodiscard]] unsigned connections() const { return connections_; }

  static void say(int socket, std::string_view text) {
    [[maybe_unused]] const auto sent = ::send(socket, text.data(), text.size(), MSG_NOSIGNAL);
  }

 private:
  void serve() {
    std::vector<Descriptor> open;
    pollfd waiting[] = {{listener_.get(), POLLIN, 0}, {stop_.get(), POLLIN, 0}};
    while (::poll(waiting, 2, -1) >= 0 && waiting[1].revents == 0) {
      Descriptor client(::accept4(listener_.get(), nullptr, nullptr, SOCK_CLOEXEC));
      ++connections_;
      behaviour_(client.get());
      open.push_back(std::move(client));
    }
  }

  std::string address_;
  Behaviour behaviour_;
  Descriptor listener_;
  std::uint16_t port_ = 0;
  Descriptor stop_{::eventfd(0, EFD_CLOEXEC)};
  std::atomic<unsigned> connections_ = 0;
  std::thread thread_;
};

}  // namespace clustermpi::test
