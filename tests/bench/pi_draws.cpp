// What bounds pi: its own generators, whose draws are only added up, beside its blocks; one core,
// no MPI traffic. Prints `draws ISA DRAWS_PER_S DARTS_PER_S`, medians of interleaved turns.
#include <chrono>
#include <cstdint>
#include <cstdio>
#include <vector>

#include "../../examples/verify/pi/isa.hpp"
#include "../../examples/verify/pi/rates.hpp"

namespace {

using namespace pi;

std::uint64_t draws_plain(const Generators& generators) {
  std::uint64_t sum = 0;
  for (std::size_t lane = 0; lane < lanes; ++lane) {
    PlainLane generator(generators, lane);
    for (std::uint64_t step = 0; step < steps; ++step) sum += generator.draw();
  }
  return sum;
}

#if defined(__x86_64__)
__attribute__((target("avx2"))) std::uint64_t draws_avx2(const Generators& generators) {
  __m256i sums = _mm256_setzero_si256();
  for (std::size_t lane = 0; lane < lanes; lane += 2 * Avx2Lanes::count) {
    Avx2Lanes low(generators, lane);
    Avx2Lanes high(generators, lane + Avx2Lanes::count);
    for (std::uint64_t step = 0; step < steps; ++step) {
      sums = _mm256_add_epi64(sums, low.draw());
      sums = _mm256_add_epi64(sums, high.draw());
    }
  }
  alignas(32) std::array<std::uint64_t, 4> sum;
  _mm256_store_si256(reinterpret_cast<__m256i*>(sum.data()), sums);
  return sum[0] + sum[1] + sum[2] + sum[3];
}

__attribute__((target(CLUSTERMPI_AVX512_PARTS))) std::uint64_t draws_avx512(
    const Generators& generators) {
  Avx512Lanes low(generators, 0);
  Avx512Lanes high(generators, Avx512Lanes::count);
  Avx512Lanes::Words low_sums{};
  Avx512Lanes::Words high_sums{};
  for (std::uint64_t step = 0; step < steps; ++step) {
    low_sums += low.draw();
    high_sums += high.draw();
  }
  low_sums += high_sums;
  std::uint64_t sum = 0;
  for (std::size_t i = 0; i < Avx512Lanes::count; ++i) sum += low_sums[i];
  return sum;
}
#elif defined(__aarch64__)
std::uint64_t draws_neon(const Generators& generators) {
  uint64x2_t sums = vdupq_n_u64(0);
  for (std::size_t lane = 0; lane < lanes; lane += 2 * NeonLanes::count) {
    NeonLanes low(generators, lane);
    NeonLanes high(generators, lane + NeonLanes::count);
    for (std::uint64_t step = 0; step < steps; ++step) {
      sums = vaddq_u64(sums, low.draw());
      sums = vaddq_u64(sums, high.draw());
    }
  }
  return vaddvq_u64(sums);
}
#endif

// Blocks a second in one turn of about 50 ms. What they give goes where no compiler looks away.
double blocks_a_second(std::uint64_t (*of_block)(const Generators&)) {
  static volatile std::uint64_t sink;
  const auto begin = std::chrono::steady_clock::now();
  double seconds = 0;
  double blocks = 0;
  while (seconds < 0.05) {
    for (int i = 0; i < 16; ++i) sink = of_block(generators_of(1, static_cast<std::uint64_t>(i)));
    blocks += 16;
    seconds = std::chrono::duration<double>(std::chrono::steady_clock::now() - begin).count();
  }
  return blocks / seconds;
}

void compare(const char* isa, std::uint64_t (*draws)(const Generators&)) {
  const Isa thrown = find_isa(isa);
  if (thrown.hits_of_block == nullptr) return;
  std::vector<double> drawn;
  std::vector<double> darts;
  for (int turn = 0; turn < 21; ++turn) {
    drawn.push_back(blocks_a_second(draws) * steps * lanes);
    darts.push_back(blocks_a_second(thrown.hits_of_block) * block_size);
  }
  std::printf("draws %s %.0f %.0f\n", isa, median(drawn), median(darts));
}

}  // namespace

int main() {
  compare("plain", draws_plain);
#if defined(__x86_64__)
  compare("avx2", draws_avx2);
  compare("avx512", draws_avx512);
#elif defined(__aarch64__)
  compare("neon", draws_neon);
#endif
}
