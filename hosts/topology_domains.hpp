// What the readers of hwloc's XML and of sysfs have in common: from sets of hardware threads to a
// Topology.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <vector>

#include "hosts/cpu_set.hpp"
#include "hosts/topology.hpp"

namespace clustermpi {

/// A package or a NUMA node.
struct Domain {
  unsigned number = 0;  ///< physical
  CpuSet cpus;
};

struct CacheDomain {
  unsigned level = 1;
  char type = 'u';  ///< as in Cache
  std::uint64_t size_kib = 0;
  CpuSet cpus;
};

/// A node's processors as somebody described them; nothing is promised of it.
struct ProcessorSets {
  std::vector<CpuSet> cores;  ///< in the logical order, also those that may not be used
  std::vector<Domain> packages;
  std::vector<Domain> numas;
  std::vector<CacheDomain> caches;
  std::vector<CpuSet> kinds;  ///< the slowest first
  CpuSet allowed;
};

/// The smallest of `domains` that has `cpu`, the first of equal ones: a NUMA node that only has
/// memory, or one of several that the kernel pretends there are, is no domain of its own. Null
/// where none has it.
[[nodiscard]] const Domain* domain_of(const std::vector<Domain>& domains, unsigned cpu);

/// Nothing where no core may be used. Without packages or NUMA nodes there is one, number 0; so
/// there is where they make no sense, a core having none or the cores of one not lying side by
/// side: what is wrong with the NUMA nodes, and only then with the packages, takes no core away.
[[nodiscard]] std::optional<Topology> lay_out(ProcessorSets sets);

/// By level, then by cores, as Topology has them.
void sort_caches(std::vector<Cache>& caches);

/// What tells kinds of cores apart, by hardware thread; each may be empty.
struct KindHints {
  CpuSet performance, efficient;                        ///< Intel's two
  std::map<unsigned, std::uint64_t> capacity;           ///< the scheduler's figure
  std::map<unsigned, std::uint64_t> highest_frequency;  ///< in any one unit
};

/// The slowest first; none where all are alike.
[[nodiscard]] std::vector<CpuSet> kinds_of(const KindHints& hints);

}  // namespace clustermpi
