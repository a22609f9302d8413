// isa.hpp: which instruction set throws the darts, chosen when the program runs.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "darts.hpp"
#include "vectors.hpp"

namespace pi {

// A way to throw a whole block; a block that is cut short is thrown plainly.
struct Isa {
  const char* name;
  std::uint64_t (*hits_of_block)(const Generators&);
};

// The one of that name, or the best for "auto"; nothing to call if this processor does not have it.
inline Isa find_isa(const std::string& name) {
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

}  // namespace pi
