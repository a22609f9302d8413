// measure.hpp: latency, bandwidth and damage of one direction, by MPI and with a deadline.
#pragma once

#include <sched.h>
#include <sys/socket.h>

#include <algorithm>
#include <cstdint>
#include <vector>

#include "../../common/example.hpp"
#include "connect.hpp"
#include "figures.hpp"
#include "hosts.hpp"
#include "options.hpp"
#include "time.hpp"

namespace links {

inline constexpr int pings = 64;
inline constexpr int messages = 4;

// Byte `i` of a message: it fits no other place, message or direction.
inline unsigned char pattern(std::size_t i, std::size_t from, std::size_t to, int number) {
  return static_cast<unsigned char>(i * 7 + (i >> 8) + (i >> 16) * 13 + from * 31 + to * 57 +
                                    static_cast<std::size_t>(number) * 101);
}

class Measurement {
 public:
  Measurement(const std::vector<Host>& hosts, std::size_t me, const Connections& connections,
              const Options& options, double until)
      : hosts_(hosts),
        me_(me),
        connections_(connections),
        deadline_(options.deadline),
        until_(until),
        bytes_(static_cast<std::size_t>(options.bytes)),
        out_(bytes_ * messages),
        in_(bytes_ * messages) {}

  // Both ways, the lower host's first; what came of the way from here.
  Figures both_ways(std::size_t peer) {
    Figures figures;
    figures.status = meet(peer);
    if (figures.status != works) return figures;
    bool finished = me_ < peer ? send_to(peer, figures) : answer(peer);
    finished = finished && (me_ < peer ? answer(peer) : send_to(peer, figures));
    if (!finished) figures.status = mpi_timed_out;
    return figures;
  }

  // One way, for the one who sends.
  Figures one_way_to(std::size_t peer) {
    Figures figures;
    figures.status = meet(peer);
    if (figures.status == works && !send_to(peer, figures)) figures.status = mpi_timed_out;
    return figures;
  }
  void one_way_from(std::size_t peer) {
    if (meet(peer) == works) answer(peer);
  }

 private:
  // Both are here: only from now on does the pair's time count.
  Status meet(std::size_t peer) {
    const Socket& channel = connections_.channel_to(peer);
    char word = '!';
    channel.send(&word, 1);
    while (!channel.readable_within(0.02)) {
      int any = 0;  // MPI may have something left to send, which it does when it is called
      MPI_Iprobe(MPI_ANY_SOURCE, MPI_ANY_TAG, MPI_COMM_WORLD, &any, MPI_STATUS_IGNORE);
      if (now() > until_) return ended;
    }
    pair_until_ = now() + deadline_;
    return recv(channel.fd(), &word, 1, 0) == 1 ? works : ended;
  }

  bool send_to(std::size_t peer, Figures& figures) {
    std::vector<double> round_trips;
    for (int i = 0; i <= pings; ++i) {
      const double begin = now();
      receive(&word_in_, sizeof word_in_, peer);
      send(&word_out_, sizeof word_out_, peer);
      if (!finish()) return false;
      if (i > 0) round_trips.push_back(now() - begin);  // the first one opens the connection
    }
    const double latency = median(round_trips) / 2;

    for (int i = 0; i < messages; ++i) fill(message(out_, i), me_, peer, i);
    const double begin = now();
    receive(&word_in_, sizeof word_in_, peer);
    for (int i = 0; i < messages; ++i) send(message(out_, i), bytes_, peer);
    if (!finish()) return false;
    // The answer's own way back is no part of it. On a busy host a ping may have taken longer than
    // all of this: then no more than half is the answer's.
    const double elapsed = now() - begin;
    const double seconds = std::max(elapsed - latency, elapsed / 2);

    receive(&word_in_, sizeof word_in_, peer);
    if (!finish()) return false;
    figures.status = word_in_ == 0 ? works : damaged;
    figures.latency_us = latency * 1e6;
    figures.mbps = static_cast<double>(bytes_ * messages) / seconds / 1e6;
    return true;
  }

  bool answer(std::size_t peer) {
    for (int i = 0; i <= pings; ++i) {
      receive(&word_in_, sizeof word_in_, peer);
      if (!finish()) return false;
      send(&word_out_, sizeof word_out_, peer);
      if (!finish()) return false;
    }
    std::fill(in_.begin(), in_.end(), static_cast<unsigned char>(0));
    for (int i = 0; i < messages; ++i) receive(message(in_, i), bytes_, peer);
    if (!finish()) return false;
    word_out_ = 0;
    send(&word_out_, sizeof word_out_, peer);
    if (!finish()) return false;

    for (int i = 0; i < messages; ++i) word_out_ += is_whole(message(in_, i), peer, i) ? 0 : 1;
    send(&word_out_, sizeof word_out_, peer);
    return finish();
  }

  unsigned char* message(std::vector<unsigned char>& buffer, int number) {
    return buffer.data() + static_cast<std::size_t>(number) * bytes_;
  }

  void fill(unsigned char* bytes, std::size_t from, std::size_t to, int number) const {
    for (std::size_t i = 0; i < bytes_; ++i) bytes[i] = pattern(i, from, to, number);
  }
  bool is_whole(const unsigned char* bytes, std::size_t from, int number) const {
    for (std::size_t i = 0; i < bytes_; ++i) {
      if (bytes[i] != pattern(i, from, me_, number)) return false;
    }
    return true;
  }

  void send(const void* data, std::size_t size, std::size_t peer) {
    requests_.emplace_back();
    MPI_Isend(data, static_cast<int>(size), MPI_BYTE, hosts_[peer].rank, 1, MPI_COMM_WORLD,
              &requests_.back());
  }
  void receive(void* data, std::size_t size, std::size_t peer) {
    requests_.emplace_back();
    MPI_Irecv(data, static_cast<int>(size), MPI_BYTE, hosts_[peer].rank, 1, MPI_COMM_WORLD,
              &requests_.back());
  }
  // False past the deadline. What is under way then stays so, and so do the buffers. A wait as
  // short as a ping's is awake all the time, so that it is measured right; a longer one leaves the
  // core to others.
  bool finish() {
    const double awake_until = now() + 0.001;
    for (int done = 0;;) {
      const int result = MPI_Testall(static_cast<int>(requests_.size()), requests_.data(), &done,
                                     MPI_STATUSES_IGNORE);
      if (done != 0 || result != MPI_SUCCESS || now() > pair_until_) {
        requests_.clear();
        return done != 0 && result == MPI_SUCCESS;
      }
      if (now() < awake_until) {
        sched_yield();
      } else {
        sleep_for(20e-6);
      }
    }
  }

  const std::vector<Host>& hosts_;
  std::size_t me_;
  const Connections& connections_;
  double deadline_;
  double until_;
  double pair_until_ = 0;
  std::size_t bytes_;
  std::vector<unsigned char> out_;
  std::vector<unsigned char> in_;
  std::uint64_t word_out_ = 0;
  std::uint64_t word_in_ = 0;
  std::vector<MPI_Request> requests_;
};

}  // namespace links
