#include "hosts/topology_domains.hpp"

#include <algorithm>
#include <set>
#include <tuple>

namespace clustermpi {
namespace {

/// Gives logical numbers to the domains in the order in which cores meet them.
class Numbering {
 public:
  explicit Numbering(const std::vector<Domain>& domains) : domains_(domains) {}

  /// The logical number of the domain of `cpu`; nothing where it has none, or where cores of
  /// another domain lie between this one and its fellows.
  std::optional<unsigned> of(unsigned cpu, std::vector<unsigned>& physical) {
    const Domain* domain = domains_.empty() ? &whole_ : domain_of(domains_, cpu);
    if (domain == nullptr) return {};
    if (domain != last_) {
      if (!met_.insert(domain).second) return {};
      physical.push_back(domain->number);
      last_ = domain;
    }
    return static_cast<unsigned>(physical.size() - 1);
  }

 private:
  const std::vector<Domain>& domains_;
  Domain whole_;
  const Domain* last_ = nullptr;
  std::set<const Domain*> met_;
};

std::optional<unsigned> kind_of(const std::vector<CpuSet>& kinds, unsigned cpu) {
  for (unsigned kind = 0; kind < kinds.size(); ++kind)
    if (kinds[kind].test(cpu)) return kind;
  return {};
}

/// Kinds of which no core may be used do not count.
void renumber_kinds(std::vector<Core>& cores) {
  std::set<unsigned> used;
  for (const Core& core : cores) used.insert(core.kind);
  for (Core& core : cores)
    core.kind = static_cast<unsigned>(std::distance(used.begin(), used.find(core.kind)));
}

/// The cores that share a cache; nothing where they do not lie side by side.
std::optional<Span> cores_at(const CpuSet& cpus, const std::map<unsigned, unsigned>& core_of) {
  std::set<unsigned> cores;
  for (const unsigned cpu : numbers_of(cpus))
    if (const auto at = core_of.find(cpu); at != core_of.end()) cores.insert(at->second);
  if (cores.empty() || *cores.rbegin() - *cores.begin() + 1 != cores.size()) return {};
  return Span{*cores.begin(), static_cast<unsigned>(cores.size())};
}

auto place_of(const Cache& cache) {
  return std::tuple(cache.level, cache.cores.first, cache.type, cache.cores.count, cache.size_kib);
}

void place_caches(const std::vector<CacheDomain>& caches, Topology& topology) {
  std::map<unsigned, unsigned> core_of;
  for (unsigned core = 0; core < topology.cores.size(); ++core)
    for (const unsigned cpu : topology.cores[core].threads) core_of[cpu] = core;
  for (const CacheDomain& cache : caches)
    if (const auto span = cores_at(cache.cpus, core_of))
      topology.caches.push_back({cache.level, cache.type, cache.size_kib, *span});

  sort_caches(topology.caches);
  const auto same = [](const Cache& a, const Cache& b) {
    return a.level == b.level && a.type == b.type && a.cores == b.cores;
  };
  topology.caches.erase(std::unique(topology.caches.begin(), topology.caches.end(), same),
                        topology.caches.end());
}

/// Values that differ by less than this are one kind: some cores of one kind are allowed to run a
/// little faster than the others.
constexpr double clearly = 1.2;

std::vector<CpuSet> classes_of(const std::map<unsigned, std::uint64_t>& values) {
  std::map<std::uint64_t, CpuSet> by_value;
  for (const auto& [cpu, value] : values) by_value[value].set(cpu);
  std::vector<CpuSet> classes;
  double last = 0;
  for (const auto& [value, cpus] : by_value) {
    if (classes.empty() || static_cast<double>(value) > last * clearly) classes.emplace_back();
    classes.back() |= cpus;
    last = static_cast<double>(value);
  }
  if (classes.size() < 2) classes.clear();
  return classes;
}

/// Nothing where no core may be used, or where a domain makes no sense.
std::optional<Topology> placed(const ProcessorSets& sets) {
  Topology topology;
  Numbering packages(sets.packages);
  Numbering numas(sets.numas);
  CpuSet seen;
  for (const CpuSet& core : sets.cores) {
    const CpuSet usable = core & sets.allowed & ~seen;
    seen |= core;
    if (usable.none()) continue;
    const unsigned cpu = first_of(usable);
    const auto package = packages.of(cpu, topology.packages);
    const auto numa = numas.of(cpu, topology.numas);
    if (!package || !numa) return {};
    topology.cores.push_back(
        {*package, *numa, numbers_of(usable), kind_of(sets.kinds, cpu).value_or(0)});
  }
  if (topology.cores.empty()) return {};
  topology.forbidden = numbers_of(seen & ~sets.allowed);
  renumber_kinds(topology.cores);
  place_caches(sets.caches, topology);
  return topology;
}

}  // namespace

const Domain* domain_of(const std::vector<Domain>& domains, unsigned cpu) {
  const Domain* smallest = nullptr;
  for (const Domain& domain : domains) {
    if (!domain.cpus.test(cpu)) continue;
    if (smallest == nullptr || domain.cpus.count() < smallest->cpus.count()) smallest = &domain;
  }
  return smallest;
}

void sort_caches(std::vector<Cache>& caches) {
  std::stable_sort(caches.begin(), caches.end(),
                   [](const Cache& a, const Cache& b) { return place_of(a) < place_of(b); });
}

std::optional<Topology> lay_out(ProcessorSets sets) {
  if (auto topology = placed(sets)) return topology;
  sets.numas.clear();
  if (auto topology = placed(sets)) return topology;
  sets.packages.clear();
  return placed(sets);
}

std::vector<CpuSet> kinds_of(const KindHints& hints) {
  if (hints.performance.any() && hints.efficient.any()) return {hints.efficient, hints.performance};
  std::vector<CpuSet> kinds = classes_of(hints.capacity);
  return kinds.empty() ? classes_of(hints.highest_frequency) : kinds;
}

}  // namespace clustermpi
