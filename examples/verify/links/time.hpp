// time.hpp: the clock, and an end to everything.
#pragma once

#include <sys/time.h>
#include <unistd.h>

#include <array>
#include <csignal>
#include <cstdio>
#include <cstring>
#include <string>

#include "../../common/example.hpp"

namespace links {

inline double now() {
  return MPI_Wtime();
}

inline void sleep_for(double seconds) {
  usleep(static_cast<useconds_t>(seconds * 1e6));
}

// Ends a rank that got stuck in a call after all: whatever happens, there is an end and a reason.
inline std::array<char, 256> last_words;

inline void end_by_alarm(int) {
  const ssize_t written = write(STDERR_FILENO, last_words.data(), std::strlen(last_words.data()));
  _exit(written < 0 ? 2 : 1);
}

inline void end_within(double seconds, int rank, const std::string& host) {
  std::snprintf(last_words.data(), last_words.size(),
                "links: rank %d on %s did not come to an end within %.0f s\n", rank, host.c_str(),
                seconds);
  std::signal(SIGALRM, end_by_alarm);
  itimerval timer{};
  timer.it_value.tv_sec = static_cast<time_t>(seconds) + 1;
  setitimer(ITIMER_REAL, &timer, nullptr);
}

}  // namespace links
