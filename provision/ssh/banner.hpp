// What a server says before the SSH protocol begins.
//
// libssh cannot tell a server that hangs up from one that is no SSH server, nor bound what it
// reads. So it is given the socket only when the next bytes are "SSH-".
#pragma once

#include <cstddef>
#include <string>

namespace clustermpi {

class BannerReader {
 public:
  enum class State {
    waiting,
    ssh,      ///< the version line comes next; it is left in the socket
    closed,   ///< hung up without a word, or because it has too many connections
    refused,  ///< says that it has had enough of us (PerSourcePenalties)
    other,    ///< not SSH: see first_line()
  };

  /// To be called when the socket is readable, its read threshold being that of "SSH-".
  State on_readable(int socket);
  [[nodiscard]] const std::string& first_line() const { return first_line_; }

 private:
  State ended() const;
  void skip(int socket, const char* data, std::size_t size);

  std::string first_line_;
  std::size_t skipped_ = 0;
  bool first_line_complete_ = false;
  bool at_line_start_ = true;
};

}  // namespace clustermpi
