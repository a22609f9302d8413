// random.hpp: random numbers that every rank can compute for itself.
#pragma once

#include <cstdint>

namespace example {

// The finalizer of SplitMix64 (Steele, Lea and Flood, 2014): 64 well-mixed bits from a counter.
inline std::uint64_t mix(std::uint64_t z) {
  z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9u;
  z = (z ^ (z >> 27)) * 0x94d049bb133111ebu;
  return z ^ (z >> 31);
}

// What SplitMix64 adds to its counter: 2^64 over the golden ratio, made odd.
inline constexpr std::uint64_t golden_step = 0x9e3779b97f4a7c15u;

// The `index`th of a row of random numbers (SplitMix64): the same on every rank, whoever asks.
inline std::uint64_t random_bits(std::uint64_t index) {
  return mix((index + 1) * golden_step);
}

}  // namespace example
