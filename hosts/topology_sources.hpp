// The two descriptions of a node's processors that the probe brings home: hwloc's XML where hwloc
// is installed there, and what the kernel says in /sys. Both give the same numbers.
//
// Nodes are not trusted: nothing throws, no more than max_hardware_threads are read, and what makes
// no sense gives nothing.
#pragma once

#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "hosts/topology.hpp"

namespace clustermpi {

/// Reads what `lstopo --of xml` prints, hwloc 1.x and 2.x. Its order is the logical order.
[[nodiscard]] std::optional<Topology> topology_of_hwloc(std::string_view xml);

/// Reads lines "FILE:CONTENT" as grep prints them in /sys/devices/system, in any order; a file
/// that is not known is ignored:
///
///   cpu/online
///   cpu/cpuN/topology/thread_siblings_list, physical_package_id
///   cpu/cpuN/cache/indexN/level, type, size, shared_cpu_list
///   cpu/cpuN/cpu_capacity, cpufreq/cpuinfo_max_freq
///   node/nodeN/cpulist
///   ../cpu_core/cpus, ../cpu_atom/cpus
///   cgroup/cpus  of no file: what the login's control group leaves it; all, where nothing is said
///
/// A core is what a list of siblings says, since core_id counts from zero in each cluster of an ARM
/// board and has gaps elsewhere. The logical order is hwloc's: packages, NUMA nodes, caches and
/// cores, each in the order of its first thread.
[[nodiscard]] std::optional<Topology> topology_of_sysfs(std::span<const std::string> lines);

}  // namespace clustermpi
