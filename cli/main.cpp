#include <fmt/format.h>

#include <malloc.h>
#include <poll.h>
#include <sys/stat.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <csignal>
#include <cstdlib>
#include <cstring>
#include <iostream>
#include <streambuf>
#include <string>
#include <thread>
#include <vector>

#include "cli/app.hpp"

namespace {

/// Ctrl-C asks the run to stop; a second one ends it where it is. The signals are blocked in every
/// thread and taken here, so that no handler runs in the middle of anything.
void watch_signals(clustermpi::CancelToken& cancel) {
  sigset_t signals;
  sigemptyset(&signals);
  sigaddset(&signals, SIGINT);
  sigaddset(&signals, SIGTERM);
  struct sigaction inherited {};
  sigaction(SIGHUP, nullptr, &inherited);
  if (inherited.sa_handler != SIG_IGN) sigaddset(&signals, SIGHUP);  // nohup wants it ignored
  pthread_sigmask(SIG_BLOCK, &signals, nullptr);
  std::signal(SIGPIPE, SIG_IGN);
  std::thread([signals, &cancel] {
    int signal = 0;
    sigwait(&signals, &signal);
    cancel.cancel();
    sigwait(&signals, &signal);
    std::_Exit(static_cast<int>(clustermpi::ExitCode::interrupted));
  }).detach();
}

/// Our stdout. A stream knows only that it failed; this, why.
class Stdout : public std::streambuf {
 public:
  Stdout() { setp(buffer_.data(), buffer_.data() + buffer_.size()); }
  [[nodiscard]] int error() const { return error_; }  ///< errno of the first failure; 0: none

 protected:
  int_type overflow(int_type character) override {
    if (sync() != 0) return traits_type::eof();
    if (!traits_type::eq_int_type(character, traits_type::eof()))
      sputc(traits_type::to_char_type(character));
    return traits_type::not_eof(character);
  }

  int sync() override {
    for (const char* at = pbase(); at < pptr() && error_ == 0;) {
      const ssize_t written = ::write(STDOUT_FILENO, at, static_cast<std::size_t>(pptr() - at));
      if (written >= 0) {
        at += written;
      } else if (errno == EAGAIN) {  // whoever we share it with does not want to wait
        pollfd ready{STDOUT_FILENO, POLLOUT, 0};
        ::poll(&ready, 1, -1);
      } else if (errno != EINTR) {
        error_ = errno;
      }
    }
    setp(buffer_.data(), buffer_.data() + buffer_.size());
    return error_ == 0 ? 0 : -1;
  }

 private:
  std::array<char, 1u << 16> buffer_{};
  int error_ = 0;
};

/// The exit status, where stdout failed: what is lost there has to be told, if not to a reader that
/// has had enough, as `head` has.
int status_after(int error, int status) {
  using clustermpi::ExitCode;
  if (error == 0 || error == EPIPE) return status;
  std::cerr << clustermpi::cli::error_text(
      fmt::format("cannot write stdout: {}", std::strerror(error)), "");
  // A job whose output nobody takes is ended as by an interruption.
  const bool ended_for_it = status == static_cast<int>(ExitCode::interrupted);
  return status == 0 || ended_for_it ? static_cast<int>(ExitCode::local_failure) : status;
}

/// Most of the time that long lists take goes into pages of memory that are new to the process. It
/// is soon over, so what was freed stays with it for what comes next.
void keep_freed_memory() {
  constexpr int most_mapped = 32 << 20;  // glibc takes no more
  mallopt(M_MMAP_THRESHOLD, most_mapped);
  mallopt(M_TRIM_THRESHOLD, 1 << 30);
  mallopt(M_TOP_PAD, 1 << 20);
}

}  // namespace

int main(int argc, char** argv) {
  keep_freed_memory();
  static clustermpi::CancelToken cancel;  // the thread above may outlive main
  watch_signals(cancel);
  struct stat out {};
  Stdout buffer;
  std::ostream stdout_stream(&buffer);
  std::cin.tie(&stdout_stream);
  std::cerr.tie(&stdout_stream);  // so that they come in their order
  clustermpi::cli::Streams streams{std::cin, stdout_stream, std::cerr};
  streams.out_is_terminal = isatty(STDOUT_FILENO) == 1;
  streams.out_is_pipe = fstat(STDOUT_FILENO, &out) == 0 && S_ISFIFO(out.st_mode);
  if (streams.out_is_terminal) stdout_stream << std::unitbuf;
  streams.err_is_terminal = isatty(STDERR_FILENO) == 1;
  streams.in_fd = STDIN_FILENO;
  streams.terminal = "/dev/tty";
  const int status =
      clustermpi::cli::run_app(std::vector<std::string>(argv + 1, argv + argc), streams, cancel);
  std::cin.tie(nullptr);
  std::cerr.tie(nullptr);
  stdout_stream.flush();
  return status_after(buffer.error(), status);
}
