// time.hpp: the clock, and an end to everything.
#pragma once

#include <unistd.h>

#include <array>
#include <csignal>
#include <cstddef>
#include <cstdio>
#include <cstring>
#include <string>
#include <utility>

#include "../../common/example.hpp"

namespace links {

inline double now() {
  return MPI_Wtime();
}

inline void sleep_for(double seconds) {
  usleep(static_cast<useconds_t>(seconds * 1e6));
}

// Seconds for so many meetings in a row, each of which may take a deadline. Before them, ranks say
// where they are and try each other by TCP; the rest is for hosts that are busy.
inline double patience_for(std::size_t meetings, double deadline) {
  return 10 + deadline * (static_cast<double>(meetings) + 4);
}

inline std::array<char, 256> last_words;

inline void end_by_alarm(int) {
  const ssize_t written = write(STDERR_FILENO, last_words.data(), std::strlen(last_words.data()));
  _exit(written < 0 ? 2 : 1);
}

// Until when a rank waits for others, and the end of one that got stuck in a call after all:
// whatever happens, there is an end and a reason.
class Patience {
 public:
  Patience(double deadline, int rank, std::string host)
      : deadline_(deadline), rank_(rank), host_(std::move(host)), began_(now()) {
    std::signal(SIGALRM, end_by_alarm);
    renew(0);
  }

  // From now on, there are so many meetings in a row.
  void renew(std::size_t meetings) {
    const double seconds = patience_for(meetings, deadline_);
    until_ = now() + seconds;
    const auto stuck_after = static_cast<unsigned>(seconds + 3 * seconds_to_tell);
    std::snprintf(last_words.data(), last_words.size(),
                  "links: rank %d on %s did not come to an end within %.0f s\n", rank_,
                  host_.c_str(), now() - began_ + stuck_after);
    alarm(stuck_after);
  }

  double until() const { return until_; }  // others come
  // Others have told of it: also those who waited for somebody in vain, until the last moment.
  double until_told() const { return until_ + seconds_to_tell; }
  // Rank 0 has made something of what it was told.
  double until_ended() const { return until_ + 2 * seconds_to_tell; }

 private:
  static constexpr double seconds_to_tell = 2;

  double deadline_;
  int rank_;
  std::string host_;
  double began_;
  double until_ = 0;
};

}  // namespace links
