// share.hpp: what each rank throws of all darts.
#pragma once

#include <algorithm>
#include <cstdint>
#include <vector>

#include "../../common/example.hpp"
#include "darts.hpp"
#include "isa.hpp"

namespace pi {

// So many runs of so many darts each. All their blocks, in one row, are what ranks share. A run's
// number decides its darts: for others than those of another Work, begin with another number.
struct Work {
  std::uint64_t seed;
  std::uint64_t first_run;
  std::uint64_t runs;
  std::uint64_t darts;

  std::uint64_t blocks_a_run() const { return (darts + block_size - 1) / block_size; }
  std::uint64_t blocks() const { return runs * blocks_a_run(); }
  std::uint64_t darts_of(std::uint64_t block) const {
    return std::min(block_size, darts - block % blocks_a_run() * block_size);
  }
};

// Where the share of `rank` begins: shares differ by at most one block.
inline std::uint64_t share_begin(std::uint64_t blocks, int rank, int size) {
  const auto part = static_cast<std::uint64_t>(rank);
  const auto parts = static_cast<std::uint64_t>(size);
  return blocks / parts * part + std::min(part, blocks % parts);
}

struct Share {
  std::uint64_t darts = 0;
  std::vector<std::uint64_t> hits;  // of each run
};

inline Share throw_share(const Work& work, const Isa& isa, int rank, int size) {
  Share share;
  share.hits.resize(work.runs);
  const std::uint64_t end = share_begin(work.blocks(), rank + 1, size);
  for (std::uint64_t block = share_begin(work.blocks(), rank, size); block < end; ++block) {
    const std::uint64_t run = block / work.blocks_a_run();
    const std::uint64_t stream = example::mix(work.seed + example::mix(work.first_run + run));
    const Generators generators = generators_of(stream, block % work.blocks_a_run());
    const std::uint64_t darts = work.darts_of(block);
    share.hits[run] +=
        darts == block_size ? isa.hits_of_block(generators) : hits_plain(generators, darts);
    share.darts += darts;
  }
  return share;
}

// All hits on rank 0, run by run.
inline std::vector<std::uint64_t> on_rank_0(const Share& share) {
  std::vector<std::uint64_t> hits(share.hits.size());
  MPI_Reduce(share.hits.data(), hits.data(), static_cast<int>(hits.size()), MPI_UINT64_T, MPI_SUM,
             0, MPI_COMM_WORLD);
  return hits;
}

}  // namespace pi
