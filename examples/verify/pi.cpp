// pi: darts thrown at a square, counted where they hit the circle in it.
// Run: -n 4
// Try: -n 1                  the same hits, later
// Try: -n 4 -- --isa plain   the same hits, without vector instructions
// Try: -n 1 -- --study       how the error shrinks with the darts: 64 runs each
//
// It proves that all cores compute and that a reduction is right: the number of hits is the same to
// the last digit for any number of ranks, any mix of hosts and any instruction set. Darts come in
// blocks, each from generators of its own that are seeded by the number of the block, so that it
// does not matter which rank throws it; and they are judged in whole numbers. The rate of each rank
// shows a node that is slower than its like.
#define OMPI_SKIP_MPICXX 1  // only the C interface of MPI: it compiles in half the time
#define MPICH_SKIP_MPICXX 1
#include <mpi.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <cmath>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <fstream>
#include <map>
#include <numeric>
#include <string>
#include <utility>
#include <vector>
#if defined(__x86_64__)
#include <immintrin.h>
#elif defined(__aarch64__)
#include <arm_neon.h>
#endif

namespace {

const char* const usage =
    "usage: pi [--darts N] [--seed S] [--seconds T] [--isa NAME] [--study [--csv FILE]]\n"
    "Estimates pi from N darts, shared among all ranks.\n"
    "  --darts N     how many darts in all, 1 to 2^44 (default 67108864)\n"
    "  --seed S      another seed throws other darts (default 1)\n"
    "  --seconds T   each rank repeats its share until T seconds are over, to measure its rate "
    "and\n"
    "                to see the same hits each time (default 0.5; 0: throw it once)\n"
    "  --isa NAME    plain, avx2, avx512 or neon instead of the best there is (auto)\n"
    "  --study       instead: mean and standard deviation of 64 estimates for 4^5 to 4^14 darts\n"
    "  --csv FILE    the study's table as comma separated values\n";

constexpr double true_pi = 3.14159265358979323846;
constexpr double most_sigmas = 5;  // a right program is further off in one run of two million

// The square has 2^16 x 2^16 points, from -2^15 on. This many of them lie in the circle, so what is
// estimated is 9e-7 less than pi: of no account below 2^40 darts, and what --darts ends with.
constexpr double points_in_circle = 3'373'258'461;
constexpr double pi_of_grid = 4 * points_in_circle / 4'294'967'296;
constexpr std::uint64_t most_darts = std::uint64_t{1} << 44;

constexpr std::uint64_t default_darts = 67'108'864;
constexpr std::uint64_t default_seed = 1;
constexpr std::uint64_t default_hits = 52'702'803;

// A rank below this share of what its like does is worth a look. Usual differences are a few
// percent, a core shared by two ranks gives 0.5.
constexpr double least_ratio = 0.8;
constexpr double least_seconds = 0.2;  // less tells nothing of a rank

constexpr std::uint64_t study_runs = 64;
constexpr int study_first_power = 5;
constexpr int study_last_power = 14;

struct Options {
  std::uint64_t darts = default_darts;
  std::uint64_t seed = default_seed;
  double seconds = 0.5;
  std::string isa = "auto";
  bool study = false;
  std::string csv;
  bool help = false;
  std::string error;
};

bool read_number(const char* text, std::uint64_t least, std::uint64_t most, std::uint64_t& number) {
  const char* end = text + std::strlen(text);
  const auto read = std::from_chars(text, end, number);
  return read.ec == std::errc{} && read.ptr == end && number >= least && number <= most;
}

bool read_seconds(const char* text, double& seconds) {
  char* end = nullptr;
  seconds = std::strtod(text, &end);
  return end != text && *end == '\0' && seconds >= 0 && seconds <= 3600;  // nan is none of these
}

bool read_name(const std::string& text, std::string& name) {
  name = text;
  return !name.empty();
}

bool read_isa(const std::string& text, std::string& isa) {
  isa = text;
  return isa == "auto" || isa == "plain" || isa == "avx2" || isa == "avx512" || isa == "neon";
}

Options parse(int argc, char** argv) {
  Options options;
  for (int i = 1; i < argc && options.error.empty(); ++i) {
    const std::string word = argv[i];
    const char* value = i + 1 < argc ? argv[i + 1] : "";
    if (word == "--help" || word == "-h") {
      options.help = true;
    } else if (word == "--study") {
      options.study = true;
    } else if ((word == "--darts" && read_number(value, 1, most_darts, options.darts)) ||
               (word == "--seed" && read_number(value, 0, UINT64_MAX, options.seed)) ||
               (word == "--seconds" && read_seconds(value, options.seconds)) ||
               (word == "--isa" && read_isa(value, options.isa)) ||
               (word == "--csv" && read_name(value, options.csv))) {
      ++i;
    } else if (word == "--darts" || word == "--seed" || word == "--seconds" || word == "--isa" ||
               word == "--csv") {
      options.error = word + " cannot be '" + value + "'; see --help";
    } else {
      options.error = "'" + word + "' is no option; see --help";
    }
  }
  if (options.error.empty() && !options.csv.empty() && !options.study) {
    options.error = "--csv goes with --study; see --help";
  }
  return options;
}

// --- Darts
//
// A block is thrown by 16 generators side by side, xoshiro256++ (Blackman and Vigna, 2019), as many
// as the widest instruction set steps in two vectors; narrower ones take several turns. All 64 bits
// of a draw are good ones: they are the coordinates, signed numbers of 16 bits, of two darts.

constexpr std::size_t lanes = 16;
constexpr std::uint64_t steps = 4096;  // of each generator
constexpr std::uint64_t darts_a_draw = 2;
constexpr std::uint64_t darts_a_step = lanes * darts_a_draw;
constexpr std::uint64_t block_size = steps * darts_a_step;

constexpr std::uint32_t radius_squared = std::uint32_t{1} << 30;
struct Generators {
  alignas(64) std::uint64_t words[4][lanes];
};

// The finalizer of SplitMix64 (Steele, Lea and Flood, 2014): 64 well-mixed bits from a counter.
std::uint64_t mix(std::uint64_t z) {
  z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9u;
  z = (z ^ (z >> 27)) * 0x94d049bb133111ebu;
  return z ^ (z >> 31);
}

Generators generators_of(std::uint64_t stream, std::uint64_t block) {
  Generators generators;
  std::uint64_t counter = stream + block * 4 * lanes * 0x9e3779b97f4a7c15u;
  for (auto& row : generators.words) {
    for (std::uint64_t& word : row) word = mix(counter += 0x9e3779b97f4a7c15u);
  }
  return generators;
}

std::uint64_t rotate(std::uint64_t x, int left) {
  return (x << left) | (x >> (64 - left));
}

struct PlainLane {
  std::uint64_t a, b, c, d;

  PlainLane(const Generators& from, std::size_t lane)
      : a(from.words[0][lane]),
        b(from.words[1][lane]),
        c(from.words[2][lane]),
        d(from.words[3][lane]) {}

  std::uint64_t draw() {
    const std::uint64_t result = rotate(a + d, 23) + a;
    const std::uint64_t t = b << 17;
    c ^= a;
    d ^= b;
    b ^= c;
    a ^= d;
    c ^= t;
    d = rotate(d, 45);
    return result;
  }
};

std::uint32_t is_hit(std::uint64_t coordinates) {
  const std::int32_t x = static_cast<std::int16_t>(coordinates);
  const std::int32_t y = static_cast<std::int16_t>(coordinates >> 16);
  return static_cast<std::uint32_t>(x * x) + static_cast<std::uint32_t>(y * y) < radius_squared ? 1
                                                                                                : 0;
}

// The hits among the first `darts` of a block.
std::uint64_t hits_plain(const Generators& generators, std::uint64_t darts) {
  std::uint64_t hits = 0;
  for (std::size_t lane = 0; lane < lanes; ++lane) {
    const std::uint64_t before = lane * darts_a_draw;  // darts of a step that other lanes throw
    const std::uint64_t last_step = darts % darts_a_step;
    const std::uint64_t mine = darts / darts_a_step * darts_a_draw +
                               std::min(darts_a_draw, last_step - std::min(last_step, before));
    PlainLane generator(generators, lane);
    for (std::uint64_t i = 0; i < mine / darts_a_draw; ++i) {
      const std::uint64_t bits = generator.draw();
      hits += is_hit(bits) + is_hit(bits >> 32);
    }
    if (mine % darts_a_draw != 0) hits += is_hit(generator.draw());
  }
  return hits;
}

std::uint64_t block_plain(const Generators& generators) {
  return hits_plain(generators, block_size);
}

#if defined(__x86_64__)

template <std::size_t size>
std::uint64_t sum_of(const std::array<std::uint32_t, size>& counts) {
  return std::accumulate(counts.begin(), counts.end(), std::uint64_t{0});
}

#define CLUSTERMPI_AVX2 __attribute__((target("avx2"), always_inline))
// The AVX-512 of Ice Lake, Zen 4 and later; what came before does well with AVX2.
#define CLUSTERMPI_AVX512_PARTS "avx512f,avx512bw,avx512vbmi2,avx512vpopcntdq"
#define CLUSTERMPI_AVX512 __attribute__((target(CLUSTERMPI_AVX512_PARTS), always_inline))

struct Avx2Lanes {
  __m256i a, b, c, d;
  static constexpr std::size_t count = 4;

  CLUSTERMPI_AVX2 Avx2Lanes(const Generators& from, std::size_t lane)
      : a(load(from.words[0] + lane)),
        b(load(from.words[1] + lane)),
        c(load(from.words[2] + lane)),
        d(load(from.words[3] + lane)) {}

  CLUSTERMPI_AVX2 static __m256i load(const std::uint64_t* words) {
    return _mm256_load_si256(reinterpret_cast<const __m256i*>(words));
  }
  template <int left>
  CLUSTERMPI_AVX2 static __m256i rotate(__m256i x) {
    return _mm256_or_si256(_mm256_slli_epi64(x, left), _mm256_srli_epi64(x, 64 - left));
  }
  CLUSTERMPI_AVX2 __m256i draw() {
    const __m256i result = _mm256_add_epi64(rotate<23>(_mm256_add_epi64(a, d)), a);
    const __m256i t = _mm256_slli_epi64(b, 17);
    c = _mm256_xor_si256(c, a);
    d = _mm256_xor_si256(d, b);
    b = _mm256_xor_si256(b, c);
    a = _mm256_xor_si256(a, d);
    c = _mm256_xor_si256(c, t);
    d = rotate<45>(d);
    return result;
  }
  // -1 in the place of each dart that hits.
  CLUSTERMPI_AVX2 static __m256i hits(__m256i draws) {
    const __m256i misses = _mm256_srli_epi32(_mm256_madd_epi16(draws, draws), 30);
    return _mm256_cmpeq_epi32(misses, _mm256_setzero_si256());
  }
};

__attribute__((target("avx2"))) std::uint64_t block_avx2(const Generators& generators) {
  __m256i counts = _mm256_setzero_si256();
  for (std::size_t lane = 0; lane < lanes; lane += 2 * Avx2Lanes::count) {
    Avx2Lanes low(generators, lane);
    Avx2Lanes high(generators, lane + Avx2Lanes::count);
    for (std::uint64_t step = 0; step < steps; ++step) {
      counts = _mm256_sub_epi32(counts, Avx2Lanes::hits(low.draw()));
      counts = _mm256_sub_epi32(counts, Avx2Lanes::hits(high.draw()));
    }
  }
  alignas(32) std::array<std::uint32_t, 8> count;
  _mm256_store_si256(reinterpret_cast<__m256i*>(count.data()), counts);
  return sum_of(count);
}

struct Avx512Lanes {
  // Shifts are written as such: GCC 12 warns of its own intrinsics for them.
  using Words = std::uint64_t __attribute__((vector_size(64)));
  Words a, b, c, d;
  static constexpr std::size_t count = 8;

  CLUSTERMPI_AVX512 Avx512Lanes(const Generators& from, std::size_t lane)
      : a(load(from.words[0] + lane)),
        b(load(from.words[1] + lane)),
        c(load(from.words[2] + lane)),
        d(load(from.words[3] + lane)) {}

  CLUSTERMPI_AVX512 static Words load(const std::uint64_t* words) {
    return reinterpret_cast<Words>(_mm512_load_si512(words));
  }
  template <int left>
  CLUSTERMPI_AVX512 static Words rotate(Words x) {
    return (x << left) | (x >> (64 - left));
  }
  // One instruction for what would take two.
  CLUSTERMPI_AVX512 static Words xor3(Words x, Words y, Words z) {
    return reinterpret_cast<Words>(_mm512_ternarylogic_epi64(reinterpret_cast<__m512i>(x),
                                                             reinterpret_cast<__m512i>(y),
                                                             reinterpret_cast<__m512i>(z), 0x96));
  }
  CLUSTERMPI_AVX512 Words draw() {
    const Words result = rotate<23>(a + d) + a;
    const Words t = b << 17;
    const Words d_b = d ^ b;
    b = xor3(b, c, a);
    c = xor3(c, a, t);
    a ^= d_b;
    d = rotate<45>(d_b);
    return result;
  }
  // The two highest bits of each sum of squares, behind those there were before.
  CLUSTERMPI_AVX512 static __m512i push_misses(__m512i before, Words draws) {
    const __m512i coordinates = reinterpret_cast<__m512i>(draws);
    return _mm512_shldi_epi32(before, _mm512_madd_epi16(coordinates, coordinates), 2);
  }
};

// x*x + y*y is at most 2^31, so at most one of its two highest bits is set, and one is for a miss.
// They are collected from 16 steps before they are counted.
__attribute__((target(CLUSTERMPI_AVX512_PARTS))) std::uint64_t block_avx512(
    const Generators& generators) {
  static_assert(lanes == 2 * Avx512Lanes::count);
  constexpr std::uint64_t steps_a_count = 16;
  __m512i counts = _mm512_setzero_si512();
  Avx512Lanes low(generators, 0);
  Avx512Lanes high(generators, Avx512Lanes::count);
  for (std::uint64_t step = 0; step < steps; step += steps_a_count) {
    __m512i low_misses = _mm512_setzero_si512();
    __m512i high_misses = _mm512_setzero_si512();
    for (std::uint64_t i = 0; i < steps_a_count; ++i) {
      low_misses = Avx512Lanes::push_misses(low_misses, low.draw());
      high_misses = Avx512Lanes::push_misses(high_misses, high.draw());
    }
    counts = _mm512_add_epi32(counts, _mm512_popcnt_epi32(low_misses));
    counts = _mm512_add_epi32(counts, _mm512_popcnt_epi32(high_misses));
  }
  alignas(64) std::array<std::uint32_t, 16> count;
  _mm512_store_si512(count.data(), counts);
  return block_size - sum_of(count);
}

#elif defined(__aarch64__)

struct NeonLanes {
  uint64x2_t a, b, c, d;
  static constexpr std::size_t count = 2;

  NeonLanes(const Generators& from, std::size_t lane)
      : a(vld1q_u64(from.words[0] + lane)),
        b(vld1q_u64(from.words[1] + lane)),
        c(vld1q_u64(from.words[2] + lane)),
        d(vld1q_u64(from.words[3] + lane)) {}

  template <int left>
  static uint64x2_t rotate(uint64x2_t x) {
    return vsriq_n_u64(vshlq_n_u64(x, left), x, 64 - left);
  }
  uint64x2_t draw() {
    const uint64x2_t result = vaddq_u64(rotate<23>(vaddq_u64(a, d)), a);
    const uint64x2_t t = vshlq_n_u64(b, 17);
    c = veorq_u64(c, a);
    d = veorq_u64(d, b);
    b = veorq_u64(b, c);
    a = veorq_u64(a, d);
    c = veorq_u64(c, t);
    d = rotate<45>(d);
    return result;
  }
  // -1 in the place of each dart that hits.
  static uint32x4_t hits(uint64x2_t draws) {
    const int16x8_t coordinates = vreinterpretq_s16_u64(draws);
    const int16x4_t first = vget_low_s16(coordinates);
    const int32x4_t sums =
        vpaddq_s32(vmull_s16(first, first), vmull_high_s16(coordinates, coordinates));
    return vcltq_u32(vreinterpretq_u32_s32(sums), vdupq_n_u32(radius_squared));
  }
};

std::uint64_t block_neon(const Generators& generators) {
  uint32x4_t counts = vdupq_n_u32(0);
  for (std::size_t lane = 0; lane < lanes; lane += 2 * NeonLanes::count) {
    NeonLanes low(generators, lane);
    NeonLanes high(generators, lane + NeonLanes::count);
    for (std::uint64_t step = 0; step < steps; ++step) {
      counts = vsubq_u32(counts, NeonLanes::hits(low.draw()));
      counts = vsubq_u32(counts, NeonLanes::hits(high.draw()));
    }
  }
  return vaddvq_u32(counts);
}

#endif

// A way to throw a whole block; a block that is cut short is thrown plainly.
struct Isa {
  const char* name;
  std::uint64_t (*hits_of_block)(const Generators&);
};

// The one of that name, or the best for "auto"; nothing to call if this processor does not have it.
Isa find_isa(const std::string& name) {
  std::vector<Isa> best_first;
#if defined(__x86_64__)
  if (__builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512bw") &&
      __builtin_cpu_supports("avx512vbmi2") && __builtin_cpu_supports("avx512vpopcntdq")) {
    best_first.push_back({"avx512", block_avx512});
  }
  if (__builtin_cpu_supports("avx2")) best_first.push_back({"avx2", block_avx2});
#elif defined(__aarch64__)
  best_first.push_back({"neon", block_neon});
#endif
  best_first.push_back({"plain", block_plain});
  for (const Isa& isa : best_first) {
    if (name == "auto" || name == isa.name) return isa;
  }
  return {"none", nullptr};
}

// --- Ranks

// So many runs of so many darts each. All their blocks, in one row, are what ranks share.
struct Work {
  std::uint64_t seed;
  std::uint64_t runs;
  std::uint64_t darts;

  std::uint64_t blocks_a_run() const { return (darts + block_size - 1) / block_size; }
  std::uint64_t blocks() const { return runs * blocks_a_run(); }
  std::uint64_t darts_of(std::uint64_t block) const {
    return std::min(block_size, darts - block % blocks_a_run() * block_size);
  }
};

// Where the share of `rank` begins: shares differ by at most one block.
std::uint64_t share_begin(std::uint64_t blocks, int rank, int size) {
  const auto part = static_cast<std::uint64_t>(rank);
  const auto parts = static_cast<std::uint64_t>(size);
  return blocks / parts * part + std::min(part, blocks % parts);
}

struct Share {
  std::uint64_t darts = 0;
  std::vector<std::uint64_t> hits;  // of each run
};

Share throw_share(const Work& work, const Isa& isa, int rank, int size) {
  Share share;
  share.hits.resize(work.runs);
  const std::uint64_t end = share_begin(work.blocks(), rank + 1, size);
  for (std::uint64_t block = share_begin(work.blocks(), rank, size); block < end; ++block) {
    const std::uint64_t run = block / work.blocks_a_run();
    const Generators generators =
        generators_of(mix(work.seed + mix(run)), block % work.blocks_a_run());
    const std::uint64_t darts = work.darts_of(block);
    share.hits[run] +=
        darts == block_size ? isa.hits_of_block(generators) : hits_plain(generators, darts);
    share.darts += darts;
  }
  return share;
}

// What rank 0 learns from each rank.
struct Throughput {
  std::array<char, 64> host{};
  std::array<char, 64> processor{};
  std::array<char, 8> isa{};
  std::uint64_t darts = 0;
  double seconds = 0;
  int unsteady = 0;  // the share was thrown again, with other hits

  double rate() const { return seconds > 0 ? static_cast<double>(darts) / seconds : 0; }
  bool tells_speed() const { return darts > 0 && seconds >= least_seconds; }
};

template <std::size_t size>
void copy_text(const std::string& text, std::array<char, size>& into) {
  std::snprintf(into.data(), into.size(), "%s", text.c_str());
}

std::string host_name() {
  std::array<char, MPI_MAX_PROCESSOR_NAME> name{};
  int length = 0;
  MPI_Get_processor_name(name.data(), &length);
  return std::string(name.data(), std::strcspn(name.data(), "."));
}

// The board of a Raspberry Pi and its like, the processor of anything else.
std::string processor_name() {
  std::ifstream board("/proc/device-tree/model");
  std::string line;
  if (std::getline(board, line, '\0')) return line;
  std::ifstream processors("/proc/cpuinfo");
  while (std::getline(processors, line)) {
    if (line.compare(0, 10, "model name") == 0) return line.substr(line.find(':') + 1);
  }
  return "unknown";
}

// Throws the share, again and again for as long as it takes to see a processor that is stopped now
// and then: a quota of processor time is given out ten times a second.
Share throw_for(double seconds, const Work& work, const Isa& isa, int rank, int size,
                Throughput& mine) {
  MPI_Barrier(MPI_COMM_WORLD);  // all at once, so that ranks that share a core show
  const double begin = MPI_Wtime();
  Share share = throw_share(work, isa, rank, size);
  mine.darts = share.darts;
  while (MPI_Wtime() - begin < seconds && share.darts > 0) {
    const Share again = throw_share(work, isa, rank, size);
    if (again.hits != share.hits) mine.unsteady = 1;
    mine.darts += again.darts;
  }
  mine.seconds = MPI_Wtime() - begin;
  return share;
}

std::vector<Throughput> gather(const Throughput& mine, int size) {
  // Numbers and texts of one size and order: their bytes mean the same on every kind of host.
  std::vector<Throughput> all(static_cast<std::size_t>(size));
  MPI_Gather(&mine, sizeof mine, MPI_BYTE, all.data(), sizeof mine, MPI_BYTE, 0, MPI_COMM_WORLD);
  return all;
}

// Of two in the middle the higher: one of two nodes that is slow is held against the other.
double median(std::vector<double> values) {
  const auto middle = values.begin() + static_cast<std::ptrdiff_t>(values.size() / 2);
  std::nth_element(values.begin(), middle, values.end());
  return *middle;
}

struct Suspect {
  double rate = 0;  // the mean of its slow ranks
  double median = 0;
  int ranks = 0;
};

// Each rank is held against the median of the ranks on the same kind of processor that threw with
// the same instruction set. Named are hosts, with how many of their ranks are slow.
std::map<std::string, Suspect> find_suspects(const std::vector<Throughput>& ranks) {
  std::map<std::pair<std::string, std::string>, std::vector<double>> rates;
  for (const Throughput& rank : ranks) {
    if (rank.tells_speed()) rates[{rank.isa.data(), rank.processor.data()}].push_back(rank.rate());
  }
  std::map<std::string, Suspect> suspects;
  for (const Throughput& rank : ranks) {
    if (!rank.tells_speed()) continue;
    const double like = median(rates[{rank.isa.data(), rank.processor.data()}]);
    if (rank.rate() >= least_ratio * like) continue;
    Suspect& suspect = suspects[rank.host.data()];
    ++suspect.ranks;
    suspect.rate += (rank.rate() - suspect.rate) / suspect.ranks;
    suspect.median = like;
  }
  return suspects;
}

void print_ranks(const std::vector<Throughput>& ranks) {
  for (std::size_t i = 0; i < ranks.size(); ++i) {
    std::printf("pi rank=%zu host=%s darts=%llu seconds=%.6f samples_per_s=%.0f isa=%s\n", i,
                ranks[i].host.data(), static_cast<unsigned long long>(ranks[i].darts),
                ranks[i].seconds, ranks[i].rate(), ranks[i].isa.data());
  }
}

void print_suspects(const std::map<std::string, Suspect>& suspects) {
  for (const auto& [host, suspect] : suspects) {
    std::printf("pi suspect host=%s rate=%.0f median=%.0f ratio=%.2f ranks=%d\n", host.c_str(),
                suspect.rate, suspect.median, suspect.rate / suspect.median, suspect.ranks);
  }
}

bool all_steady(const std::vector<Throughput>& ranks) {
  bool steady = true;
  for (std::size_t i = 0; i < ranks.size(); ++i) {
    if (ranks[i].unsteady == 0) continue;
    std::fprintf(stderr, "pi: rank %zu on %s threw the same darts again, with other hits\n", i,
                 ranks[i].host.data());
    steady = false;
  }
  return steady;
}

// The sum of all hits, as the last line tells it.
struct Estimate {
  std::uint64_t hits;
  std::uint64_t darts;

  double pi() const { return 4 * static_cast<double>(hits) / static_cast<double>(darts); }
  // Of 4 x hits / darts, where a dart hits with probability pi/4.
  double sigma() const { return std::sqrt(true_pi * (4 - true_pi) / static_cast<double>(darts)); }
  bool is_pi() const {
    const double sigmas = std::abs(pi() - pi_of_grid) / sigma();
    if (sigmas <= most_sigmas) return true;
    std::fprintf(stderr, "pi: the estimate %.9f is %.1f sigma off: the sum or a rank is wrong\n",
                 pi(), sigmas);
    return false;
  }
};

// Far sharper than any sigma, where the answer is known.
bool is_known(const Work& work, std::uint64_t hits) {
  const bool known = work.runs == 1 && work.darts == default_darts && work.seed == default_seed;
  if (!known || hits == default_hits) return true;
  std::fprintf(
      stderr, "pi: these darts hit %llu times, not %llu as counted: the sum or a rank is wrong\n",
      static_cast<unsigned long long>(default_hits), static_cast<unsigned long long>(hits));
  return false;
}

void print_result(const Estimate& estimate, int size, std::size_t suspects, bool ok) {
  std::printf(
      "RESULT pi hits=%llu darts=%llu size=%d pi=%.9f error=%.3e sigma=%.3e suspects=%zu ok=%d\n",
      static_cast<unsigned long long>(estimate.hits),
      static_cast<unsigned long long>(estimate.darts), size, estimate.pi(), estimate.pi() - true_pi,
      estimate.sigma(), suspects, ok ? 1 : 0);
}

// All hits on rank 0, run by run.
std::vector<std::uint64_t> on_rank_0(const Share& share) {
  std::vector<std::uint64_t> hits(share.hits.size());
  MPI_Reduce(share.hits.data(), hits.data(), static_cast<int>(hits.size()), MPI_UINT64_T, MPI_SUM,
             0, MPI_COMM_WORLD);
  return hits;
}

bool estimate_once(const Options& options, const Isa& isa, int rank, int size) {
  const Work work{options.seed, 1, options.darts};
  Throughput mine;
  copy_text(host_name(), mine.host);
  copy_text(processor_name(), mine.processor);
  copy_text(isa.name, mine.isa);
  const Share share = throw_for(options.seconds, work, isa, rank, size, mine);
  const std::uint64_t hits = on_rank_0(share).front();
  const std::vector<Throughput> ranks = gather(mine, size);
  if (rank != 0) return true;

  print_ranks(ranks);
  const auto suspects = find_suspects(ranks);
  print_suspects(suspects);
  const Estimate estimate{hits, work.darts};
  const bool steady = all_steady(ranks);
  const bool known = is_known(work, hits);
  const bool ok = estimate.is_pi() && steady && known;
  print_result(estimate, size, suspects.size(), ok);
  return ok;
}

struct Spread {
  double mean = 0;
  double deviation = 0;
};

Spread spread_of(const std::vector<std::uint64_t>& hits, std::uint64_t darts) {
  Spread spread;
  for (const std::uint64_t of_run : hits) {
    spread.mean += Estimate{of_run, darts}.pi() / static_cast<double>(hits.size());
  }
  double squares = 0;
  for (const std::uint64_t of_run : hits) {
    squares += std::pow(Estimate{of_run, darts}.pi() - spread.mean, 2);
  }
  spread.deviation = std::sqrt(squares / static_cast<double>(hits.size()));
  return spread;
}

// How the estimate closes in on pi: its standard deviation halves where darts are four times as
// many.
bool study(const Options& options, const Isa& isa, int rank, int size) {
  std::string csv = "darts,mean,standard_deviation\n";
  Estimate all{0, 0};
  if (rank == 0) std::printf("%12s %12s %20s\n", "darts", "mean", "standard deviation");
  for (int power = study_first_power; power <= study_last_power; ++power) {
    const Work work{options.seed, study_runs, std::uint64_t{1} << (2 * power)};
    const std::vector<std::uint64_t> hits = on_rank_0(throw_share(work, isa, rank, size));
    if (rank != 0) continue;
    const Spread spread = spread_of(hits, work.darts);
    std::array<char, 80> row;
    std::snprintf(row.data(), row.size(), "%llu,%.9f,%.9f\n",
                  static_cast<unsigned long long>(work.darts), spread.mean, spread.deviation);
    csv += row.data();
    std::printf("%12llu %12.9f %20.9f\n", static_cast<unsigned long long>(work.darts), spread.mean,
                spread.deviation);
    for (const std::uint64_t of_run : hits) all.hits += of_run;
    all.darts += work.runs * work.darts;
  }
  if (rank != 0) return true;

  bool ok = all.is_pi();
  if (!options.csv.empty() && !(std::ofstream(options.csv) << csv).flush()) {
    std::fprintf(stderr, "pi: %s cannot be written\n", options.csv.c_str());
    ok = false;
  }
  print_result(all, size, 0, ok);
  return ok;
}

// What keeps any rank from its work, as all of them hear it: before it starts, not after.
std::string obstacle(const Options& options, const Isa& isa, int rank) {
  int no_isa = isa.hits_of_block == nullptr ? 1 : 0;
  MPI_Allreduce(MPI_IN_PLACE, &no_isa, 1, MPI_INT, MPI_MAX, MPI_COMM_WORLD);
  if (no_isa != 0) return "not every rank has a processor with " + options.isa;
  int no_file = rank == 0 && !options.csv.empty() && !std::ofstream(options.csv) ? 1 : 0;
  MPI_Bcast(&no_file, 1, MPI_INT, 0, MPI_COMM_WORLD);
  return no_file != 0 ? options.csv + " cannot be written" : "";
}

int run(const Options& options, int rank, int size) {
  const Isa isa = find_isa(options.isa);
  const std::string why_not = obstacle(options, isa, rank);
  if (!why_not.empty()) {
    if (rank == 0) std::fprintf(stderr, "pi: %s\n", why_not.c_str());
    return 2;
  }
  int ok = (options.study ? study : estimate_once)(options, isa, rank, size) ? 1 : 0;
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
