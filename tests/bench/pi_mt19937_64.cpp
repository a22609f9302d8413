// What pi is held against: the same darts from std::mt19937_64, two of 16-bit coordinates a draw
// and judged the same, and as most people would throw them, two doubles a dart. One core.
#include <chrono>
#include <cstdint>
#include <cstdio>
#include <random>

namespace {

std::uint64_t is_hit(std::uint64_t coordinates) {
  const std::int32_t x = static_cast<std::int16_t>(coordinates);
  const std::int32_t y = static_cast<std::int16_t>(coordinates >> 16);
  return static_cast<std::uint32_t>(x * x) + static_cast<std::uint32_t>(y * y) < std::uint32_t{1}
                                                                                     << 30
             ? 1
             : 0;
}

std::uint64_t whole_numbers(std::mt19937_64& generator, std::uint64_t darts) {
  std::uint64_t hits = 0;
  for (std::uint64_t i = 0; i < darts / 2; ++i) {
    const std::uint64_t bits = generator();
    hits += is_hit(bits) + is_hit(bits >> 32);
  }
  return hits;
}

std::uint64_t doubles(std::mt19937_64& generator, std::uint64_t darts) {
  std::uniform_real_distribution<double> coordinate(-1, 1);
  std::uint64_t hits = 0;
  for (std::uint64_t i = 0; i < darts; ++i) {
    const double x = coordinate(generator);
    const double y = coordinate(generator);
    hits += x * x + y * y < 1 ? 1 : 0;
  }
  return hits;
}

void measure(const char* name, std::uint64_t (*throw_darts)(std::mt19937_64&, std::uint64_t)) {
  constexpr std::uint64_t darts = 1 << 22;
  std::mt19937_64 generator(1);
  std::uint64_t hits = 0;
  double thrown = 0;
  double seconds = 0;
  const auto begin = std::chrono::steady_clock::now();
  while (seconds < 0.3) {
    hits += throw_darts(generator, darts);
    thrown += static_cast<double>(darts);
    seconds = std::chrono::duration<double>(std::chrono::steady_clock::now() - begin).count();
  }
  std::printf("%s samples_per_s=%.0f pi=%.6f\n", name, thrown / seconds,
              4 * static_cast<double>(hits) / thrown);
}

}  // namespace

int main() {
  measure("mt whole", whole_numbers);
  measure("mt doubles", doubles);
}
