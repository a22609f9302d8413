// darts.hpp: blocks of darts, and how many of a block hit the circle.
//
// A block is thrown by 16 generators side by side, xoshiro256++ (Blackman and Vigna, 2019), as many
// as the widest instruction set steps in two vectors; narrower ones take several turns. All 64 bits
// of a draw are good ones: they are the coordinates, signed numbers of 16 bits, of two darts.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>

#include "../../common/random.hpp"

namespace pi {

inline constexpr std::size_t lanes = 16;
inline constexpr std::uint64_t steps = 4096;  // of each generator
inline constexpr std::uint64_t darts_a_draw = 2;
inline constexpr std::uint64_t darts_a_step = lanes * darts_a_draw;
inline constexpr std::uint64_t block_size = steps * darts_a_step;

inline constexpr std::uint32_t radius_squared = std::uint32_t{1} << 30;

struct Generators {
  alignas(64) std::uint64_t words[4][lanes];
};

inline Generators generators_of(std::uint64_t stream, std::uint64_t block) {
  Generators generators;
  std::uint64_t counter = stream + block * 4 * lanes * example::golden_step;
  for (auto& row : generators.words) {
    for (std::uint64_t& word : row) word = example::mix(counter += example::golden_step);
  }
  return generators;
}

inline std::uint64_t rotate(std::uint64_t x, int left) {
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

inline std::uint32_t is_hit(std::uint64_t coordinates) {
  const std::int32_t x = static_cast<std::int16_t>(coordinates);
  const std::int32_t y = static_cast<std::int16_t>(coordinates >> 16);
  return static_cast<std::uint32_t>(x * x) + static_cast<std::uint32_t>(y * y) < radius_squared ? 1
                                                                                                : 0;
}

// The hits among the first `darts` of a block.
inline std::uint64_t hits_plain(const Generators& generators, std::uint64_t darts) {
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

inline std::uint64_t block_plain(const Generators& generators) {
  return hits_plain(generators, block_size);
}

}  // namespace pi
