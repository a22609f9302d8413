// A program whose stdin and stdout are the way to a host (OpenSSH's ProxyCommand).
#pragma once

#include <sys/types.h>

#include <string>
#include <utility>

#include "provision/descriptor.hpp"

namespace clustermpi {

class ProxyCommand {
 public:
  ProxyCommand() = default;
  ~ProxyCommand() { stop(); }
  ProxyCommand(const ProxyCommand&) = delete;
  ProxyCommand& operator=(const ProxyCommand&) = delete;

  /// Runs `command` by /bin/sh. 0, or what errno says.
  int start(const std::string& command);
  [[nodiscard]] Descriptor take_socket() { return std::move(socket_); }
  /// Ends it, at once.
  void stop();

 private:
  Descriptor socket_;
  pid_t pid_ = -1;
};

}  // namespace clustermpi
