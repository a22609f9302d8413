// vectors.hpp: blocks of darts by the vector instructions of this kind of processor.
//
// Each function is compiled for its instruction set alone, whatever the rest is compiled for:
// isa.hpp calls only those that the processor has.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <numeric>
#if defined(__x86_64__)
#include <immintrin.h>
#elif defined(__aarch64__)
#include <arm_neon.h>
#endif

#include "darts.hpp"

namespace pi {

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

__attribute__((target("avx2"))) inline std::uint64_t block_avx2(const Generators& generators) {
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
__attribute__((target(CLUSTERMPI_AVX512_PARTS))) inline std::uint64_t block_avx512(
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

inline std::uint64_t block_neon(const Generators& generators) {
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

}  // namespace pi
