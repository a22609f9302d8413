#include "provision/ssh/banner.hpp"

#include <poll.h>
#include <sys/socket.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <string_view>

namespace clustermpi {
namespace {

constexpr std::string_view version_prefix = "SSH-";
constexpr std::size_t most_skipped = 16 * 1024;  ///< servers may greet first, but not for ever
constexpr std::size_t longest_quote = 80;

/// Sockets to a proxy or a tunnel know no read threshold: fewer bytes than that are no sign of it.
bool has_hung_up(int socket) {
  pollfd asked{socket, POLLRDHUP, 0};
  return ::poll(&asked, 1, 0) > 0;
}

}  // namespace

BannerReader::State BannerReader::on_readable(int socket) {
  std::array<char, 1024> buffer;
  while (true) {
    const ssize_t count = ::recv(socket, buffer.data(), buffer.size(), MSG_PEEK | MSG_DONTWAIT);
    if (count < 0 && (errno == EAGAIN || errno == EINTR)) return State::waiting;
    if (count <= 0) return ended();

    const std::string_view data(buffer.data(), static_cast<std::size_t>(count));
    if (at_line_start_ && data.starts_with(version_prefix)) return State::ssh;
    if (at_line_start_ && version_prefix.starts_with(data) && !has_hung_up(socket))
      return State::waiting;
    if (skipped_ > most_skipped) return State::other;
    const auto newline = data.find('\n');
    const std::size_t line = newline == std::string_view::npos ? data.size() : newline + 1;
    skip(socket, data.data(), line);
  }
}

BannerReader::State BannerReader::ended() const {
  // OpenSSH says why it hangs up, in plain text.
  if (first_line_.empty() || first_line_.starts_with("Exceeded MaxStartups")) return State::closed;
  if (first_line_.starts_with("Not allowed at this time")) return State::refused;
  return State::other;
}

void BannerReader::skip(int socket, const char* data, std::size_t size) {
  std::string_view text(data, size);
  at_line_start_ = text.ends_with('\n');
  skipped_ += size;
  if (!first_line_complete_) {
    first_line_ += text.substr(0, std::min(text.find_first_of("\r\n"), text.size()));
    first_line_.resize(std::min(first_line_.size(), longest_quote));
    first_line_complete_ = at_line_start_;
  }
  std::array<char, 1024> consumed;
  // Was peeked at before: it is there.
  [[maybe_unused]] const auto count = ::recv(socket, consumed.data(), size, MSG_DONTWAIT);
}

}  // namespace clustermpi
