#include <malloc.h>
#include <sys/stat.h>
#include <unistd.h>

#include <csignal>
#include <cstdlib>
#include <iostream>
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
  clustermpi::cli::Streams streams{std::cin, std::cout, std::cerr};
  streams.out_is_terminal = isatty(STDOUT_FILENO) == 1;
  streams.out_is_pipe = fstat(STDOUT_FILENO, &out) == 0 && S_ISFIFO(out.st_mode);
  streams.err_is_terminal = isatty(STDERR_FILENO) == 1;
  streams.in_fd = STDIN_FILENO;
  streams.terminal = "/dev/tty";
  const int status =
      clustermpi::cli::run_app(std::vector<std::string>(argv + 1, argv + argc), streams, cancel);
  std::cout.flush();
  return status;
}
