#include <algorithm>
#include <charconv>
#include <map>

#include "hosts/topology_domains.hpp"
#include "hosts/topology_sources.hpp"

namespace clustermpi {
namespace {

template <typename Number>
std::optional<Number> number_in(std::string_view text) {
  Number number{};
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (error != std::errc{}) return {};
  return number;
}

/// The N of "cpuN/..." with `word` "cpu", taken away from `path` with the slash behind it.
std::optional<unsigned> numbered(std::string_view& path, std::string_view word) {
  if (!path.starts_with(word)) return {};
  std::string_view rest = path.substr(word.size());
  const std::size_t slash = rest.find('/');
  const auto number = number_in<unsigned>(rest);
  if (slash == std::string_view::npos || !number || *number >= max_hardware_threads) return {};
  path = rest.substr(slash + 1);
  return number;
}

struct CacheFiles {
  unsigned level = 0;
  std::string_view type;
  std::uint64_t size_kib = 0;
  CpuSet cpus;
};

/// "32K", "1024K", "16M".
std::uint64_t kib_of(std::string_view size) {
  const std::uint64_t number = number_in<std::uint64_t>(size).value_or(0);
  if (number > UINT32_MAX) return 0;
  return size.ends_with('M') ? number * 1024 : number;
}

/// All that was said, by what it was said of.
class Sysfs {
 public:
  void take(std::string_view line) {
    const std::size_t colon = line.find(':');
    if (colon == std::string_view::npos) return;
    std::string_view path = line.substr(0, colon);
    const std::string_view value = line.substr(colon + 1);
    if (path == "cpu/online") {
      online_ = parse_cpu_list(value);
    } else if (path == "../cpu_core/cpus") {
      hints_.performance = parse_cpu_list(value);
    } else if (path == "../cpu_atom/cpus") {
      hints_.efficient = parse_cpu_list(value);
    } else if (path == "cgroup/cpus") {
      if (const CpuSet allowed = parse_cpu_list(value); allowed.any()) allowed_ = allowed;
    } else if (path.starts_with("cpu/")) {
      path.remove_prefix(4);
      if (const auto cpu = numbered(path, "cpu")) take_cpu(*cpu, path, value);
    } else if (path.starts_with("node/")) {
      path.remove_prefix(5);
      if (const auto node = numbered(path, "node"); node && path == "cpulist")
        nodes_[*node] = parse_cpu_list(value);
    }
  }

  [[nodiscard]] ProcessorSets sets() const {
    ProcessorSets sets;
    const CpuSet online = online_cpus();
    sets.allowed = allowed_.value_or(online);
    sets.kinds = kinds_of(hints_);
    for (const auto& [number, cpus] : packages_) sets.packages.push_back({number, cpus});
    for (const auto& [number, cpus] : nodes_)
      if ((cpus & online).any()) sets.numas.push_back({number, cpus & online});
    for (const auto& [place, cache] : caches_) add_cache(place.first, cache, sets);
    sets.cores = cores(online);
    sort_as_hwloc(sets);
    return sets;
  }

 private:
  void take_cpu(unsigned cpu, std::string_view file, std::string_view value) {
    if (file == "topology/thread_siblings_list") {
      siblings_[cpu] = parse_cpu_list(value);
    } else if (file == "topology/physical_package_id") {
      // Boards that do not know say -1.
      packages_[number_in<unsigned>(value).value_or(0)].set(cpu);
    } else if (file == "cpu_capacity") {
      if (const auto capacity = number_in<std::uint64_t>(value)) hints_.capacity[cpu] = *capacity;
    } else if (file == "cpufreq/cpuinfo_max_freq") {
      if (const auto frequency = number_in<std::uint64_t>(value))
        hints_.highest_frequency[cpu] = *frequency;
    } else if (file.starts_with("cache/")) {
      file.remove_prefix(6);
      if (const auto index = numbered(file, "index"); index && *index < 16)
        take_cache(caches_[{cpu, *index}], file, value);
    }
  }

  static void take_cache(CacheFiles& cache, std::string_view file, std::string_view value) {
    if (file == "level") cache.level = number_in<unsigned>(value).value_or(0);
    if (file == "type") cache.type = value;
    if (file == "size") cache.size_kib = kib_of(value);
    if (file == "shared_cpu_list") cache.cpus = parse_cpu_list(value);
  }

  /// Each once: where the first that shares it names it.
  static void add_cache(unsigned cpu, const CacheFiles& cache, ProcessorSets& sets) {
    if (cache.level == 0 || cache.level > 9 || cache.type.empty() || first_of(cache.cpus) != cpu)
      return;
    const char type = cache.type == "Data" ? 'd' : cache.type == "Instruction" ? 'i' : 'u';
    sets.caches.push_back({cache.level, type, cache.size_kib, cache.cpus});
  }

  /// What is offline has no topology, or an old one.
  [[nodiscard]] CpuSet online_cpus() const {
    if (online_.any()) return online_;
    CpuSet cpus;
    for (const auto& [cpu, siblings] : siblings_) cpus.set(cpu);
    return cpus;
  }

  [[nodiscard]] std::vector<CpuSet> cores(const CpuSet& online) const {
    std::vector<CpuSet> cores;
    CpuSet seen;
    for (const unsigned cpu : numbers_of(online)) {
      if (seen.test(cpu)) continue;
      CpuSet core;
      if (const auto known = siblings_.find(cpu); known != siblings_.end()) core = known->second;
      core.set(cpu);
      core &= online & ~seen;
      seen |= core;
      cores.push_back(core);
    }
    return cores;
  }

  /// hwloc puts siblings in the order of their first threads, on each level of its tree.
  static void sort_as_hwloc(ProcessorSets& sets) {
    std::map<unsigned, std::vector<unsigned>> path;  // first thread of a core -> those above it
    for (const CpuSet& core : sets.cores) path[first_of(core)] = domains_above(sets, core);
    std::vector<const CacheDomain*> outer;
    for (const CacheDomain& cache : sets.caches) outer.push_back(&cache);
    std::stable_sort(outer.begin(), outer.end(), [](const CacheDomain* a, const CacheDomain* b) {
      return a->level > b->level;
    });
    for (const CacheDomain* cache : outer)
      for (const unsigned cpu : numbers_of(cache->cpus))
        if (const auto core = path.find(cpu); core != path.end())
          core->second.push_back(first_of(cache->cpus));
    for (auto& [cpu, above] : path) above.push_back(cpu);
    std::sort(sets.cores.begin(), sets.cores.end(), [&](const CpuSet& a, const CpuSet& b) {
      return path.at(first_of(a)) < path.at(first_of(b));
    });
  }

  /// First threads of the package and the NUMA node of `core`, the larger first.
  static std::vector<unsigned> domains_above(const ProcessorSets& sets, const CpuSet& core) {
    const Domain* package = domain_of(sets.packages, first_of(core));
    const Domain* numa = domain_of(sets.numas, first_of(core));
    if (package != nullptr && numa != nullptr && package->cpus.count() < numa->cpus.count())
      std::swap(package, numa);
    std::vector<unsigned> firsts;
    for (const Domain* domain : {package, numa})
      firsts.push_back(domain == nullptr ? 0 : first_of(domain->cpus));
    return firsts;
  }

  CpuSet online_;
  std::optional<CpuSet> allowed_;
  std::map<unsigned, CpuSet> siblings_;
  std::map<unsigned, CpuSet> packages_;
  std::map<unsigned, CpuSet> nodes_;
  std::map<std::pair<unsigned, unsigned>, CacheFiles> caches_;  ///< by cpu and index
  KindHints hints_;
};

}  // namespace

std::optional<Topology> topology_of_sysfs(std::span<const std::string> lines) {
  Sysfs sysfs;
  for (const std::string& line : lines) sysfs.take(line);
  return lay_out(sysfs.sets());
}

}  // namespace clustermpi
