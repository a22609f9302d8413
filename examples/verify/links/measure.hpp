// measure.hpp: latency, bandwidth and damage of one direction, by MPI and with a deadline.
#pragma once

#include <sched.h>
#include <sys/socket.h>

#include <algorithm>
#include <cstdint>
#include <memory>
#include <utility>
#include <vector>

#include "../../common/example.hpp"
#include "connect.hpp"
#include "figures.hpp"
#include "hosts.hpp"
#include "options.hpp"
#include "time.hpp"

namespace links {

inline constexpr int pings = 64;

// Byte `i` of a message: it fits no other place, message or direction.
inline unsigned char pattern(std::size_t i, std::size_t from, std::size_t to, int number) {
  return static_cast<unsigned char>(i * 7 + (i >> 8) + (i >> 16) * 13 + from * 31 + to * 57 +
                                    static_cast<std::size_t>(number) * 101);
}

// What MPI reads and writes while an exchange is under way.
struct Buffers {
  std::vector<unsigned char> out;
  std::vector<unsigned char> in;
  std::uint64_t word_out = 0;
  std::uint64_t word_in = 0;
  std::vector<MPI_Request> requests;
};

// Those of exchanges that the deadline ended. MPI may still use them until it has ended itself, so
// that they are never used again and outlive it.
inline std::vector<std::unique_ptr<Buffers>> abandoned;

class Measurement {
 public:
  Measurement(const std::vector<Host>& hosts, std::size_t me, const Connections& connections,
              const Options& options, const Patience& patience)
      : hosts_(hosts),
        me_(me),
        connections_(connections),
        deadline_(options.deadline),
        patience_(patience),
        bytes_(static_cast<std::size_t>(options.bytes)),
        meetings_(hosts.size()) {}

  // Both ways, the lower host's first; what came of the way from here.
  Figures both_ways(std::size_t peer) {
    const Status met = meet(peer);
    if (met != works) return {met};
    if (me_ > peer) {
      if (answer(peer)) return send_to(peer);
      return {late_ == too_slow ? skipped : late_};
    }
    const Figures figures = send_to(peer);
    if (figures.measured()) answer(peer);
    return figures;
  }

  // One way, for the one who sends.
  Figures one_way_to(std::size_t peer) {
    const Status met = meet(peer);
    return met == works ? send_to(peer) : Figures{met};
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
      if (now() > patience_.until()) return ended;
    }
    pair_until_ = now() + deadline_;
    late_ = mpi_timed_out;
    ++meetings_[peer];
    return recv(channel.fd(), &word, 1, 0) == 1 ? works : ended;
  }

  Figures send_to(std::size_t peer) {
    std::vector<double> round_trips;
    for (int i = 0; i <= pings; ++i) {
      const double begin = now();
      receive_word(peer);
      send_word(0, peer);
      if (!finish()) return {late_};
      if (i > 0) round_trips.push_back(now() - begin);  // the first one opens the connection
    }
    const double latency = median(round_trips) / 2;
    late_ = too_slow;

    buffers_->out.resize(bytes_ * messages);
    for (int i = 0; i < messages; ++i) fill(message(buffers_->out, i), me_, peer, i);
    const double begin = now();
    receive_word(peer);
    for (int i = 0; i < messages; ++i) send(message(buffers_->out, i), bytes_, peer);
    if (!finish()) return {late_};
    // The answer's own way back is no part of it. On a busy host a ping may have taken longer than
    // all of this: then no more than half is the answer's.
    const double elapsed = now() - begin;
    const double seconds = std::max(elapsed - latency, elapsed / 2);

    receive_word(peer);
    if (!finish()) return {late_};
    return {buffers_->word_in == 0 ? works : damaged, latency * 1e6,
            static_cast<double>(bytes_ * messages) / seconds / 1e6};
  }

  bool answer(std::size_t peer) {
    for (int i = 0; i <= pings; ++i) {
      receive_word(peer);
      if (!finish()) return false;
      send_word(0, peer);
      if (!finish()) return false;
    }
    late_ = too_slow;
    buffers_->in.assign(bytes_ * messages, 0);
    for (int i = 0; i < messages; ++i) receive(message(buffers_->in, i), bytes_, peer);
    if (!finish()) return false;
    send_word(0, peer);
    if (!finish()) return false;

    std::uint64_t damaged_messages = 0;
    for (int i = 0; i < messages; ++i) {
      if (!is_whole(message(buffers_->in, i), peer, i)) ++damaged_messages;
    }
    send_word(damaged_messages, peer);
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

  void send_word(std::uint64_t word, std::size_t peer) {
    buffers_->word_out = word;
    send(&buffers_->word_out, sizeof buffers_->word_out, peer);
  }
  void receive_word(std::size_t peer) {
    receive(&buffers_->word_in, sizeof buffers_->word_in, peer);
  }
  // A meeting has its own tag: what is left of one that the deadline ended is not taken for
  // another's.
  void send(const void* data, std::size_t size, std::size_t peer) {
    MPI_Isend(data, static_cast<int>(size), MPI_BYTE, hosts_[peer].rank, meetings_[peer],
              MPI_COMM_WORLD, &buffers_->requests.emplace_back());
  }
  void receive(void* data, std::size_t size, std::size_t peer) {
    MPI_Irecv(data, static_cast<int>(size), MPI_BYTE, hosts_[peer].rank, meetings_[peer],
              MPI_COMM_WORLD, &buffers_->requests.emplace_back());
  }
  // False past the deadline, and with new buffers: the old ones are still MPI's. A wait as short as
  // a ping's is awake all the time, so that it is measured right; a longer one leaves the core to
  // others.
  bool finish() {
    std::vector<MPI_Request>& requests = buffers_->requests;
    const double awake_until = now() + 0.001;
    for (int done = 0;;) {
      const int result = MPI_Testall(static_cast<int>(requests.size()), requests.data(), &done,
                                     MPI_STATUSES_IGNORE);
      if (done != 0 && result == MPI_SUCCESS) {
        requests.clear();
        return true;
      }
      if (result != MPI_SUCCESS || now() > pair_until_) {
        abandoned.push_back(std::exchange(buffers_, std::make_unique<Buffers>()));
        return false;
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
  const Patience& patience_;
  double pair_until_ = 0;
  Status late_ = mpi_timed_out;  // what the deadline would make of it now; pings go both ways
  std::size_t bytes_;
  std::vector<int> meetings_;  // with each, as both count them
  std::unique_ptr<Buffers> buffers_ = std::make_unique<Buffers>();
};

}  // namespace links
