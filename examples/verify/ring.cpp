// ring: a number travels from rank to rank, round and round; whoever receives it adds 1.
//
// It proves that neighbours reach each other and that messages arrive whole and in order: after L
// laps over N ranks the number has grown by exactly L x N, and each message carries data that only
// fits the number it came with.
#define OMPI_SKIP_MPICXX 1  // only the C interface of MPI: it compiles in half the time
#define MPICH_SKIP_MPICXX 1
#include <mpi.h>

#include <algorithm>
#include <charconv>
#include <cstdint>
#include <cstdio>
#include <cstring>
#include <string>
#include <vector>

namespace {

const char* const usage =
    "usage: ring [--start VALUE] [--count LAPS] [--size BYTES]\n"
    "A number goes round all ranks and grows by 1 a hop; data is checked at every hop.\n"
    "  --start VALUE   the number it starts with (default 0)\n"
    "  --count LAPS    how often it goes round (default 3)\n"
    "  --size BYTES    data sent along with the number, at most 1 GiB (default 1024)\n";

// MPI counts messages in int.
constexpr std::int64_t most_bytes = std::int64_t{1} << 30;
constexpr std::int64_t most_laps = 1'000'000'000;
// Keeps start + laps x ranks far from the edge of 64 bits.
constexpr std::int64_t largest_start = std::int64_t{1} << 62;

struct Options {
  std::int64_t start = 0;
  std::int64_t laps = 3;
  std::int64_t bytes = 1024;
  bool help = false;
  std::string error;
};

bool read_number(const char* text, std::int64_t least, std::int64_t most, std::int64_t& number) {
  const char* end = text + std::strlen(text);
  const auto read = std::from_chars(text, end, number);
  return read.ec == std::errc{} && read.ptr == end && number >= least && number <= most;
}

Options parse(int argc, char** argv) {
  Options options;
  for (int i = 1; i < argc; ++i) {
    const std::string word = argv[i];
    const char* value = i + 1 < argc ? argv[i + 1] : "";
    if (word == "--help" || word == "-h") {
      options.help = true;
    } else if (word == "--start" &&
               read_number(value, -largest_start, largest_start, options.start)) {
      ++i;
    } else if (word == "--count" && read_number(value, 1, most_laps, options.laps)) {
      ++i;
    } else if (word == "--size" && read_number(value, 0, most_bytes, options.bytes)) {
      ++i;
    } else if (word == "--start" || word == "--count" || word == "--size") {
      options.error = word + " cannot be '" + value + "'; see --help";
      break;
    } else {
      options.error = "'" + word + "' is no option; see --help";
      break;
    }
  }
  return options;
}

// A message is the number and, behind it, bytes that are computed from it: an old message, or one
// that was cut short, does not fit its number.
class Message {
 public:
  explicit Message(std::int64_t payload)
      : bytes_(sizeof(std::int64_t) + static_cast<std::size_t>(payload)) {}

  void write(std::int64_t number) {
    std::memcpy(bytes_.data(), &number, sizeof number);
    for (std::size_t i = sizeof number; i < bytes_.size(); ++i) bytes_[i] = pattern(number, i);
  }
  std::int64_t number() const {
    std::int64_t number = 0;
    std::memcpy(&number, bytes_.data(), sizeof number);
    return number;
  }
  bool whole() const {
    for (std::size_t i = sizeof(std::int64_t); i < bytes_.size(); ++i) {
      if (bytes_[i] != pattern(number(), i)) return false;
    }
    return true;
  }
  unsigned char* data() { return bytes_.data(); }
  int count() const { return static_cast<int>(bytes_.size()); }

 private:
  static unsigned char pattern(std::int64_t number, std::size_t i) {
    return static_cast<unsigned char>(static_cast<std::size_t>(number) * 31 + i);
  }

  std::vector<unsigned char> bytes_;
};

struct Neighbours {
  int previous;
  int next;
};

// Rank 0 sends first and then waits for the number to come back. Its receive is posted before it
// sends, so that a ring of one rank, which sends to itself, does not block.
void pass_first(Message& out, Message& in, const Neighbours& with) {
  MPI_Request arrival;
  MPI_Irecv(in.data(), in.count(), MPI_BYTE, with.previous, 0, MPI_COMM_WORLD, &arrival);
  MPI_Send(out.data(), out.count(), MPI_BYTE, with.next, 0, MPI_COMM_WORLD);
  MPI_Wait(&arrival, MPI_STATUS_IGNORE);
}

double median(std::vector<double> values) {
  const auto middle = values.begin() + static_cast<std::ptrdiff_t>(values.size() / 2);
  std::nth_element(values.begin(), middle, values.end());
  return *middle;
}

int run(const Options& options, int rank, int size) {
  const Neighbours with{(rank + size - 1) % size, (rank + 1) % size};
  Message in(options.bytes);
  Message out(options.bytes);
  std::int64_t number =
      options.start;  // only rank 0's counts; the others learn it from the message
  int damaged = 0;
  std::vector<double> lap_seconds;

  for (std::int64_t lap = 0; lap < options.laps; ++lap) {
    const double begin = MPI_Wtime();
    if (rank == 0) {
      out.write(number);
      pass_first(out, in, with);
      lap_seconds.push_back(MPI_Wtime() - begin);
    } else {
      MPI_Recv(in.data(), in.count(), MPI_BYTE, with.previous, 0, MPI_COMM_WORLD,
               MPI_STATUS_IGNORE);
    }
    // Damage is counted and the ring goes on, so that one bad link does not leave the others
    // waiting.
    if (!in.whole()) ++damaged;
    number = in.number() + 1;
    if (rank != 0) {
      out.write(number);
      MPI_Send(out.data(), out.count(), MPI_BYTE, with.next, 0, MPI_COMM_WORLD);
    }
  }

  std::vector<int> damage(static_cast<std::size_t>(size));
  MPI_Gather(&damaged, 1, MPI_INT, damage.data(), 1, MPI_INT, 0, MPI_COMM_WORLD);
  int ok = 1;
  if (rank == 0) {
    const std::int64_t expected = options.start + options.laps * size;
    for (int receiver = 0; receiver < size; ++receiver) {
      const int count = damage[static_cast<std::size_t>(receiver)];
      if (count == 0) continue;
      std::fprintf(stderr, "ring: %d messages from rank %d to rank %d arrived damaged\n", count,
                   (receiver + size - 1) % size, receiver);
      ok = 0;
    }
    if (number != expected) {
      std::fprintf(stderr, "ring: the number came back as %lld, not %lld\n",
                   static_cast<long long>(number), static_cast<long long>(expected));
      ok = 0;
    }
    // The median lap: the first one also opens the connections.
    std::printf(
        "RESULT ring laps=%lld hops=%lld size=%d bytes=%lld value=%lld latency_us=%.1f ok=%d\n",
        static_cast<long long>(options.laps), static_cast<long long>(options.laps * size), size,
        static_cast<long long>(options.bytes), static_cast<long long>(number),
        median(lap_seconds) / size * 1e6, ok);
  }
  MPI_Bcast(&ok, 1, MPI_INT, 0, MPI_COMM_WORLD);
  return ok != 0 ? 0 : 1;
}

}  // namespace

int main(int argc, char** argv) {
  MPI_Init(&argc, &argv);
  int rank = 0;
  int size = 1;
  MPI_Comm_rank(MPI_COMM_WORLD, &rank);
  MPI_Comm_size(MPI_COMM_WORLD, &size);

  // All ranks read the same arguments and so come to the same end without talking to each other.
  const Options options = parse(argc, argv);
  int status = 0;
  if (options.help) {
    if (rank == 0) std::fputs(usage, stdout);
  } else if (!options.error.empty()) {
    if (rank == 0) std::fprintf(stderr, "ring: %s\n", options.error.c_str());
    status = 2;
  } else {
    status = run(options, rank, size);
  }
  MPI_Finalize();
  return status;
}
