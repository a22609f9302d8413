// What every Topology promises, whoever read it: for tests of the readers and for the fuzzer.
#pragma once

#include <algorithm>
#include <set>
#include <string>
#include <vector>

#include "hosts/topology.hpp"

namespace clustermpi::test {

/// Whether `spans` cover `count` things, each once and in order.
inline bool cover(const std::vector<Span>& spans, std::size_t count) {
  std::size_t next = 0;
  for (const Span& span : spans) {
    if (span.first != next || span.count == 0) return false;
    next += span.count;
  }
  return next == count;
}

/// The promise that `topology` breaks; empty where it keeps all.
inline std::string broken_promise(const Topology& topology) {
  if (topology.cores.empty()) return "there is a core";
  std::set<unsigned> threads(topology.forbidden.begin(), topology.forbidden.end());
  std::size_t named = topology.forbidden.size();
  std::set<unsigned> kinds;
  for (const Core& core : topology.cores) {
    if (core.threads.empty()) return "a core has a thread";
    if (!std::is_sorted(core.threads.begin(), core.threads.end())) return "threads ascend";
    threads.insert(core.threads.begin(), core.threads.end());
    named += core.threads.size();
    kinds.insert(core.kind);
  }
  if (threads.size() != named) return "a thread is in one place";
  if (*kinds.rbegin() + 1 != kinds.size()) return "kinds count from 0";
  const auto packages = topology.cores_by_package();
  const auto numas = topology.cores_by_numa();
  if (packages.size() != topology.packages.size()) return "a package is one span";
  if (numas.size() != topology.numas.size()) return "a NUMA node is one span";
  if (!cover(packages, topology.cores.size())) return "packages cover the cores";
  if (!cover(numas, topology.cores.size())) return "NUMA nodes cover the cores";
  for (unsigned i = 0; i < packages.size(); ++i)
    if (topology.cores[packages[i].first].package != i) return "packages count from 0";
  for (unsigned i = 0; i < numas.size(); ++i)
    if (topology.cores[numas[i].first].numa != i) return "NUMA nodes count from 0";
  for (const Cache& cache : topology.caches)
    if (cache.cores.count == 0 || cache.cores.first + cache.cores.count > topology.cores.size())
      return "a cache has cores of the node";
  return {};
}

}  // namespace clustermpi::test
