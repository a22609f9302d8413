#include "hosts/topology.hpp"

namespace clustermpi {
namespace {

/// Cores of one domain lie side by side, so each one that begins another domain begins a span.
std::vector<Span> spans_of(const std::vector<Core>& cores, unsigned Core::*domain) {
  std::vector<Span> spans;
  for (unsigned i = 0; i < cores.size(); ++i) {
    if (i == 0 || cores[i].*domain != cores[i - 1].*domain) spans.push_back({i, 0});
    ++spans.back().count;
  }
  return spans;
}

}  // namespace

std::vector<Span> Topology::cores_by_package() const {
  return spans_of(cores, &Core::package);
}

std::vector<Span> Topology::cores_by_numa() const {
  return spans_of(cores, &Core::numa);
}

unsigned Topology::thread_count() const {
  unsigned count = 0;
  for (const Core& core : cores) count += static_cast<unsigned>(core.threads.size());
  return count;
}

Topology uniform_topology(unsigned packages, unsigned cores_per_package,
                          unsigned threads_per_core) {
  Topology topology;
  const unsigned cores = packages * cores_per_package;
  for (unsigned package = 0; package < packages; ++package) {
    topology.packages.push_back(package);
    topology.numas.push_back(package);
  }
  for (unsigned core = 0; core < cores; ++core) {
    const unsigned package = core / cores_per_package;
    Core next{package, package, {}, 0};
    // As Linux numbers them: the first threads of all cores, then the second ones.
    for (unsigned thread = 0; thread < threads_per_core; ++thread)
      next.threads.push_back(core + thread * cores);
    topology.cores.push_back(std::move(next));
  }
  return topology;
}

}  // namespace clustermpi
