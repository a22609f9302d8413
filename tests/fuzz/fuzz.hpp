// What fuzz targets have in common. A target defines LLVMFuzzerTestOneInput. With clang,
// -fsanitize=fuzzer and -DCLUSTERMPI_LIBFUZZER it is a libFuzzer target; without, a program that
// mutates samples itself: TARGET [ROUNDS [SEED]].
#pragma once

#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <random>
#include <string>
#include <string_view>
#include <vector>

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size);

namespace clustermpi::test {

inline void require(bool holds, const char* what, std::string_view input) {
  if (holds) return;
  std::fprintf(stderr, "broken: %s\ninput (%zu bytes):\n%.*s\n", what, input.size(),
               static_cast<int>(input.size()), input.data());
  std::abort();
}

#ifndef CLUSTERMPI_LIBFUZZER
/// `text` with some bytes changed, dropped, doubled, or replaced by what parsers stumble over.
inline std::string mutate(std::string text, std::mt19937& random) {
  using namespace std::string_view_literals;
  static const std::vector<std::string_view> stumbling = {
      "[",     "]",         "[[",
      "\"",    "'",         "\"\"\"",
      "=",     ",",         "-",
      "\n",    "\0"sv,      "\xff",
      "\\",    "0",         "99999999999999999999",
      "[1-9]", "probe=1\n", "\xef\xbb\xbf",
      "{",     "\t"};
  for (auto changes = 1 + random() % 4; changes > 0 && !text.empty(); --changes) {
    const std::size_t at = random() % text.size();
    switch (random() % 4) {
      case 0:
        text[at] = static_cast<char>(random());
        break;
      case 1:
        text.erase(at, 1 + random() % 8);
        break;
      case 2:
        text.insert(at, text.substr(at, 1 + random() % 16));
        break;
      default:
        text.insert(at, stumbling[random() % stumbling.size()]);
    }
  }
  return text;
}

/// The whole of a program that is not run by libFuzzer.
inline int fuzz(int argc, char** argv, const std::vector<std::string>& seeds) {
  const unsigned long rounds = argc > 1 ? std::strtoul(argv[1], nullptr, 10) : 2000;
  const unsigned long seed = argc > 2 ? std::strtoul(argv[2], nullptr, 10) : 1;
  std::mt19937 random(static_cast<std::mt19937::result_type>(seed));
  for (unsigned long round = 0; round < rounds; ++round) {
    const std::string input = mutate(seeds[random() % seeds.size()], random);
    LLVMFuzzerTestOneInput(reinterpret_cast<const std::uint8_t*>(input.data()), input.size());
  }
  std::printf("%lu inputs survived (seed %lu)\n", rounds, seed);
  return 0;
}
#endif

}  // namespace clustermpi::test
