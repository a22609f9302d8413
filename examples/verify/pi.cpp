// pi: darts thrown at a square, counted where they hit the quarter circle in it.
//
// It proves that all cores compute and that a reduction is right. Dart number i is computed from i
// alone and judged in whole numbers, so the number of hits is the same to the last digit for any
// number of ranks and any kind of processor. The rate of each rank shows a node that is slower than
// its like.
#define OMPI_SKIP_MPICXX 1  // only the C interface of MPI: it compiles in half the time
#define MPICH_SKIP_MPICXX 1
#include <mpi.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <cmath>
#include <cstdint>
#include <cstdio>
#include <cstring>
#include <string>
#include <vector>

namespace {

const char* const usage =
    "usage: pi [--darts N] [--seed S]\n"
    "Estimates pi from N darts, shared among all ranks.\n"
    "  --darts N   how many darts in all, 1 to 2^50 (default 4194304)\n"
    "  --seed S    another seed throws other darts (default 1)\n";

constexpr std::uint64_t most_darts = std::uint64_t{1} << 50;
constexpr double true_pi = 3.14159265358979323846;
constexpr double most_sigmas = 5;  // a right program is further off in one run of two million

struct Options {
  std::uint64_t darts = 4'194'304;
  std::uint64_t seed = 1;
  bool help = false;
  std::string error;
};

bool read_number(const char* text, std::uint64_t least, std::uint64_t most, std::uint64_t& number) {
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
    } else if (word == "--darts" && read_number(value, 1, most_darts, options.darts)) {
      ++i;
    } else if (word == "--seed" && read_number(value, 0, UINT64_MAX, options.seed)) {
      ++i;
    } else if (word == "--darts" || word == "--seed") {
      options.error = word + " cannot be '" + value + "'; see --help";
      break;
    } else {
      options.error = "'" + word + "' is no option; see --help";
      break;
    }
  }
  return options;
}

// The finalizer of SplitMix64 (Steele, Lea and Flood, 2014): 64 well-mixed bits from a counter.
std::uint64_t mix(std::uint64_t z) {
  z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9u;
  z = (z ^ (z >> 27)) * 0x94d049bb133111ebu;
  return z ^ (z >> 31);
}

std::uint64_t random_bits(std::uint64_t stream, std::uint64_t counter) {
  return mix(stream + counter * 0x9e3779b97f4a7c15u);
}

// The square has a side of 2^31 points, so that x*x + y*y fits 64 bits and nothing is ever rounded.
std::uint64_t count_hits(std::uint64_t first, std::uint64_t last, std::uint64_t seed) {
  const std::uint64_t stream = mix(seed);
  std::uint64_t hits = 0;
  for (std::uint64_t dart = first; dart < last; ++dart) {
    const std::uint64_t bits = random_bits(stream, dart);
    const std::uint64_t x = bits >> 33;
    const std::uint64_t y = bits & 0x7fffffffu;
    hits += x * x + y * y < (std::uint64_t{1} << 62) ? 1 : 0;
  }
  return hits;
}

// Where the share of `rank` begins: shares differ by at most one dart.
std::uint64_t share_begin(std::uint64_t darts, int rank, int size) {
  const auto part = static_cast<std::uint64_t>(rank);
  const auto parts = static_cast<std::uint64_t>(size);
  return darts / parts * part + std::min(part, darts % parts);
}

// What rank 0 learns from each rank.
struct Throughput {
  std::array<char, 64> host{};
  std::uint64_t darts = 0;
  double seconds = 0;
};

std::vector<Throughput> gather(Throughput& mine, int size) {
  std::array<char, MPI_MAX_PROCESSOR_NAME> name{};
  int length = 0;
  MPI_Get_processor_name(name.data(), &length);
  std::snprintf(mine.host.data(), mine.host.size(), "%.*s",
                static_cast<int>(std::strcspn(name.data(), ".")), name.data());

  // The same program on the same kind of processor: the bytes mean the same everywhere.
  std::vector<Throughput> all(static_cast<std::size_t>(size));
  MPI_Gather(&mine, sizeof mine, MPI_BYTE, all.data(), sizeof mine, MPI_BYTE, 0, MPI_COMM_WORLD);
  return all;
}

int run(const Options& options, int rank, int size) {
  const std::uint64_t first = share_begin(options.darts, rank, size);
  const std::uint64_t last = share_begin(options.darts, rank + 1, size);

  const double begin = MPI_Wtime();
  const std::uint64_t my_hits = count_hits(first, last, options.seed);
  Throughput mine;
  mine.darts = last - first;
  mine.seconds = MPI_Wtime() - begin;

  std::uint64_t hits = 0;
  MPI_Reduce(&my_hits, &hits, 1, MPI_UINT64_T, MPI_SUM, 0, MPI_COMM_WORLD);
  const std::vector<Throughput> ranks = gather(mine, size);

  int ok = 1;
  if (rank == 0) {
    for (std::size_t i = 0; i < ranks.size(); ++i) {
      const double rate =
          ranks[i].seconds > 0 ? static_cast<double>(ranks[i].darts) / ranks[i].seconds : 0;
      std::printf("pi rank=%zu host=%s darts=%llu seconds=%.6f samples_per_s=%.0f\n", i,
                  ranks[i].host.data(), static_cast<unsigned long long>(ranks[i].darts),
                  ranks[i].seconds, rate);
    }
    const auto darts = static_cast<double>(options.darts);
    const double estimate = 4 * static_cast<double>(hits) / darts;
    const double error = estimate - true_pi;
    // A dart hits with probability pi/4: the standard deviation of 4 x hits / darts.
    const double sigma = 4 * std::sqrt(true_pi / 4 * (1 - true_pi / 4) / darts);
    ok = std::abs(error) <= most_sigmas * sigma ? 1 : 0;
    if (ok == 0) {
      std::fprintf(stderr, "pi: the estimate %.9f is %.1f sigma off: the sum or a rank is wrong\n",
                   estimate, std::abs(error) / sigma);
    }
    std::printf("RESULT pi hits=%llu darts=%llu size=%d pi=%.9f error=%.3e sigma=%.3e ok=%d\n",
                static_cast<unsigned long long>(hits),
                static_cast<unsigned long long>(options.darts), size, estimate, error, sigma, ok);
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
    if (rank == 0) std::fprintf(stderr, "pi: %s\n", options.error.c_str());
    status = 2;
  } else {
    status = run(options, rank, size);
  }
  MPI_Finalize();
  return status;
}
