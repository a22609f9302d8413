// The processors of one node: packages, NUMA nodes, cores, hardware threads and caches.
//
// Two numberings live side by side. Logical numbers count what a process may use, from 0, in the
// order of the tree (hwloc's order, which Open MPI's rankfile and Hydra take). Physical numbers are
// the kernel's: `taskset`, `sched_getaffinity` and Slurm's --cpu-bind speak them.
#pragma once

#include <compare>
#include <cstdint>
#include <string>
#include <vector>

namespace clustermpi {

/// Things that lie side by side in the logical order: `count` of them from `first` on.
struct Span {
  unsigned first = 0;
  unsigned count = 0;

  // clang-tidy 14 takes a defaulted <=> for a null pointer
  auto operator<=>(const Span&) const = default;  // NOLINT(modernize-use-nullptr)
};

/// Its place in Topology::cores is its logical number.
struct Core {
  unsigned package = 0;           ///< logical
  unsigned numa = 0;              ///< logical
  std::vector<unsigned> threads;  ///< its hardware threads that may be used; physical, ascending
  unsigned kind = 0;              ///< of cores that differ: 0 is the slowest

  bool operator==(const Core&) const = default;
};

struct Cache {
  unsigned level = 1;
  char type = 'u';  ///< 'd' data, 'i' instructions, 'u' both
  std::uint64_t size_kib = 0;
  Span cores;  ///< that share it; logical

  bool operator==(const Cache&) const = default;
};

/// What holds whoever made it: the cores of a package, and those of a NUMA node, lie side by side;
/// logical numbers and kinds have no gaps; no thread is there twice.
struct Topology {
  std::vector<Core> cores;         ///< those with a hardware thread that may be used
  std::vector<unsigned> packages;  ///< logical -> physical
  std::vector<unsigned> numas;     ///< logical -> physical
  std::vector<Cache> caches;       ///< by level, then by cores
  std::vector<unsigned>
      forbidden;  ///< online hardware threads that the login may not use; physical

  /// The cores of each package, and of each NUMA node, by its logical number.
  [[nodiscard]] std::vector<Span> cores_by_package() const;
  [[nodiscard]] std::vector<Span> cores_by_numa() const;
  [[nodiscard]] unsigned thread_count() const;

  bool operator==(const Topology&) const = default;
};

/// Where no more is known than how many there are: numbered in order, one NUMA node a package.
[[nodiscard]] Topology uniform_topology(unsigned packages, unsigned cores_per_package,
                                        unsigned threads_per_core);

}  // namespace clustermpi
