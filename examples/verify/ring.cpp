// ring: a number travels from rank to rank, round and round; whoever receives it adds 1.
// Run: -n 4
// Try: -n 4 -- --count 1000          the median of a thousand laps
// Try: -n 4 -- --size 10000000      long messages: bandwidth, not latency
//
// It proves that neighbours reach each other and that messages arrive whole and in order: after L
// laps over N ranks the number has grown by exactly L x N, and each message carries data that only
// fits its lap.
#include <algorithm>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <memory>
#include <new>
#include <vector>

#include "../common/example.hpp"

namespace {

const char* const usage =
    "usage: ring [--start VALUE] [--count LAPS] [--size BYTES]\n"
    "A number goes round all ranks and grows by 1 a hop; data is checked at every hop.\n"
    "  --start VALUE   the number it starts with (default 0)\n"
    "  --count LAPS    how often it goes round (default 200, or fewer for 2000 hops, but at least\n"
    "                  20; 20 with more than 64 KiB of data)\n"
    "  --size BYTES    data sent along with the number, at most 1 GiB (default 1024)\n"
    "latency_us and p99_us are the median and the 99th percentile of laps, divided by their hops:\n"
    "where one hop of N stalls, a lap shows 1/N of it.\n";

// MPI counts messages in int.
constexpr std::int64_t most_bytes = std::int64_t{1} << 30;
constexpr std::int64_t most_laps = 1'000'000'000;
// Of 200 laps the 99th percentile is not the slowest one. There are fewer where a lap takes long.
constexpr std::int64_t least_usual_laps = 20;
constexpr std::int64_t most_usual_laps = 200;
constexpr std::int64_t usual_hops = 2000;
constexpr std::int64_t most_bytes_of_short_message = std::int64_t{1} << 16;
constexpr std::int64_t most_laps_kept = 1'000'000;  // their times, for the latency
// Keeps start + laps x ranks far from the edge of 64 bits.
constexpr std::int64_t largest_start = std::int64_t{1} << 62;

struct Options {
  std::int64_t start;
  std::int64_t laps;
  std::int64_t bytes;
};

std::int64_t usual_laps(int size, std::int64_t bytes) {
  if (bytes > most_bytes_of_short_message) return least_usual_laps;
  return std::clamp(usual_hops / size, least_usual_laps, most_usual_laps);
}

Options options_of(const example::Program& program) {
  Options options;
  options.start = program.number("--start", 0, -largest_start, largest_start);
  options.bytes = program.number("--size", 1024, 0, most_bytes);
  options.laps = program.number("--count", usual_laps(program.size, options.bytes), 1, most_laps);
  return options;
}

// A message is the number and, behind it, words that only fit the lap: an old message, or one that
// was cut short, does not fit. Whoever passes it on changes the number and nothing else, so that
// nobody waits for words to be written or looked at.
class Message {
 public:
  // Without room for it there is none; see there_is_room().
  explicit Message(std::int64_t payload)
      : payload_(static_cast<std::size_t>(payload)),
        words_(new (std::nothrow) std::uint64_t[1 + (payload_ + 7) / 8]) {}

  bool there_is_room() const { return words_ != nullptr; }

  void write(std::int64_t lap) {
    for (std::size_t i = 0; i < (payload_ + 7) / 8; ++i) words_[1 + i] = pattern(lap, i);
  }
  bool is_whole(std::int64_t lap) const {
    std::uint64_t wrong = 0;
    for (std::size_t i = 0; i < payload_ / 8; ++i) wrong |= words_[1 + i] ^ pattern(lap, i);
    const std::uint64_t last = pattern(lap, payload_ / 8);
    return wrong == 0 &&
           (payload_ % 8 == 0 || std::memcmp(&words_[1 + payload_ / 8], &last, payload_ % 8) == 0);
  }
  std::int64_t number() const { return static_cast<std::int64_t>(words_[0]); }
  void set_number(std::int64_t number) { words_[0] = static_cast<std::uint64_t>(number); }

  void* data() { return words_.get(); }
  int count() const { return static_cast<int>(sizeof(std::uint64_t) + payload_); }

 private:
  static std::uint64_t pattern(std::int64_t lap, std::size_t i) {
    return (static_cast<std::uint64_t>(lap) + 1) * 0x9e3779b97f4a7c15u +
           static_cast<std::uint64_t>(i) * 0xbf58476d1ce4e5b9u;
  }

  std::size_t payload_;
  std::unique_ptr<std::uint64_t[]> words_;
};

struct Neighbours {
  int previous;
  int next;
};

// What a rank has seen when the ring is over.
struct Journey {
  std::int64_t number = 0;  // as it came last
  std::int64_t damaged = 0;
  std::vector<double> lap_seconds;
};

// Rank 0 sends first and then waits for the number to come back. Its receive is posted before it
// sends, so that a ring of one rank, which sends to itself, does not block; hence its two buffers.
Journey lead(const Options& options, const Neighbours& with, Message& out, Message& in) {
  Journey journey;
  journey.number = options.start;
  journey.lap_seconds.reserve(static_cast<std::size_t>(std::min(options.laps, most_laps_kept)));
  for (std::int64_t lap = 0; lap < options.laps; ++lap) {
    out.write(lap);
    out.set_number(journey.number);
    const double begin = MPI_Wtime();
    MPI_Request arrival;
    MPI_Irecv(in.data(), in.count(), MPI_BYTE, with.previous, 0, MPI_COMM_WORLD, &arrival);
    MPI_Send(out.data(), out.count(), MPI_BYTE, with.next, 0, MPI_COMM_WORLD);
    MPI_Wait(&arrival, MPI_STATUS_IGNORE);
    const double seconds = MPI_Wtime() - begin;
    if (lap < most_laps_kept) journey.lap_seconds.push_back(seconds);
    // Damage is counted and the ring goes on, so that one bad link does not leave others waiting.
    if (!in.is_whole(lap)) ++journey.damaged;
    journey.number = in.number() + 1;
  }
  return journey;
}

// The others send on at once what they receive, in place, and look at it when it is gone.
Journey follow(const Options& options, const Neighbours& with, Message& message) {
  Journey journey;
  for (std::int64_t lap = 0; lap < options.laps; ++lap) {
    MPI_Recv(message.data(), message.count(), MPI_BYTE, with.previous, 0, MPI_COMM_WORLD,
             MPI_STATUS_IGNORE);
    message.set_number(message.number() + 1);
    MPI_Send(message.data(), message.count(), MPI_BYTE, with.next, 0, MPI_COMM_WORLD);
    if (!message.is_whole(lap)) ++journey.damaged;
  }
  return journey;
}

// `share` of the values are at most this.
double quantile(std::vector<double> values, double share) {
  const auto at = values.begin() +
                  static_cast<std::ptrdiff_t>(share * static_cast<double>(values.size() - 1) + 0.5);
  std::nth_element(values.begin(), at, values.end());
  return *at;
}

// Damaged words travel on, so a link is to blame for what its two ends see differently.
bool all_whole(const std::vector<std::int64_t>& damaged) {
  bool whole = true;
  const std::size_t size = damaged.size();
  for (std::size_t i = 1; i <= size; ++i) {
    const std::int64_t before = i == 1 ? 0 : damaged[i - 1];  // rank 0 sends them whole
    const std::int64_t more = std::abs(damaged[i % size] - before);
    if (more == 0) continue;
    std::fprintf(stderr, "ring: %lld messages from rank %zu to rank %zu arrived damaged\n",
                 static_cast<long long>(more), i - 1, i % size);
    whole = false;
  }
  return whole;
}

bool report(const Options& options, const Journey& journey,
            const std::vector<std::int64_t>& damaged) {
  const auto size = static_cast<std::int64_t>(damaged.size());
  const std::int64_t expected = options.start + options.laps * size;
  bool ok = all_whole(damaged);
  if (journey.number != expected) {
    std::fprintf(stderr, "ring: the number came back as %lld, not %lld\n",
                 static_cast<long long>(journey.number), static_cast<long long>(expected));
    ok = false;
  }
  // Clocks differ from host to host, so only laps can be timed, from rank 0 to rank 0: these are
  // figures of laps, shared among their hops. The first also opens the connections and is left out.
  std::vector<double> lap_seconds = journey.lap_seconds;
  if (lap_seconds.size() > 1) lap_seconds.erase(lap_seconds.begin());
  const auto us_a_hop = [&](double share) {
    return quantile(lap_seconds, share) / static_cast<double>(size) * 1e6;
  };
  std::printf(
      "RESULT ring laps=%lld hops=%lld size=%lld bytes=%lld value=%lld latency_us=%.1f p99_us=%.1f "
      "ok=%d\n",
      static_cast<long long>(options.laps), static_cast<long long>(options.laps * size),
      static_cast<long long>(size), static_cast<long long>(options.bytes),
      static_cast<long long>(journey.number), us_a_hop(0.5), us_a_hop(0.99), ok ? 1 : 0);
  return ok;
}

int ring(example::Program& program) {
  const Options options = options_of(program);
  const int rank = program.rank;
  const int size = program.size;
  const Neighbours with{(rank + size - 1) % size, (rank + 1) % size};
  Message message(options.bytes);
  Message returning(rank == 0 ? options.bytes : 0);
  int ok = message.there_is_room() && returning.there_is_room() ? 1 : 0;
  MPI_Allreduce(MPI_IN_PLACE, &ok, 1, MPI_INT, MPI_MIN, MPI_COMM_WORLD);
  program.require(ok != 0, "a rank has no room for a message of ", options.bytes, " bytes");
  const Journey journey =
      rank == 0 ? lead(options, with, message, returning) : follow(options, with, message);

  std::vector<std::int64_t> damaged(static_cast<std::size_t>(size));
  MPI_Gather(&journey.damaged, 1, MPI_INT64_T, damaged.data(), 1, MPI_INT64_T, 0, MPI_COMM_WORLD);
  if (rank == 0) ok = report(options, journey, damaged) ? 1 : 0;
  MPI_Bcast(&ok, 1, MPI_INT, 0, MPI_COMM_WORLD);
  return ok != 0 ? 0 : 1;
}

}  // namespace

int main(int argc, char** argv) {
  return example::run(argc, argv, "ring", usage, ring);
}
