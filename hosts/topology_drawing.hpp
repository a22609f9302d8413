// A node's processors as a drawing in text.
#pragma once

#include <cstddef>
#include <string>

#include "hosts/topology.hpp"

namespace clustermpi {

/// Lines no wider than this, whatever the node.
inline constexpr std::size_t drawing_columns = 100;

/// A line of totals, then the tree from packages to cores, each with its logical number and, after
/// P#, the physical one; a core's are those of its hardware threads. Caches of one core stand
/// behind the cores that have such ones. Equal for nodes with equal processors.
///
///   1 package, 1 NUMA node, 4 cores, 4 threads
///   └─ package 0 (P#0)
///      └─ NUMA node 0 (P#0)
///         └─ L2 1 MiB
///            └─ cores 0 P#0  1 P#1  2 P#2  3 P#3
///                 each L1d 32 KiB
[[nodiscard]] std::string topology_drawing(const Topology& topology);

}  // namespace clustermpi
