#include "hosts/topology_json.hpp"

#include <fmt/format.h>

#include <nlohmann/json.hpp>
#include <numeric>
#include <sstream>
#include <string>

#include "hosts/cpu_set.hpp"
#include "hosts/topology_domains.hpp"

namespace clustermpi {
namespace {

using Json = nlohmann::json;

/// Whether `core` is `first`, `step` further on by each of its `count` predecessors.
bool continues(const Core& first, const Core& core, unsigned count, unsigned step) {
  if (core.package != first.package || core.numa != first.numa || core.kind != first.kind ||
      core.threads.size() != first.threads.size())
    return false;
  for (std::size_t i = 0; i < first.threads.size(); ++i)
    if (core.threads[i] != first.threads[i] + count * step) return false;
  return true;
}

Json core_runs(const std::vector<Core>& cores) {
  Json runs = Json::array();
  for (std::size_t at = 0; at < cores.size();) {
    const Core& first = cores[at];
    unsigned step = 1;
    if (at + 1 < cores.size() && cores[at + 1].threads.front() > first.threads.front())
      step = cores[at + 1].threads.front() - first.threads.front();
    unsigned count = 1;
    while (at + count < cores.size() && continues(first, cores[at + count], count, step)) ++count;
    runs.push_back(fmt::format("{} {} {} {} {} {}", first.package, first.numa, first.kind, count,
                               step, number_list(first.threads)));
    at += count;
  }
  return runs;
}

Json cache_runs(std::vector<Cache> caches) {
  Json runs = Json::array();
  while (!caches.empty()) {
    const Cache first = caches.front();
    unsigned count = 0;
    // Data and instruction caches lie beside each other: a run takes what is its own and leaves
    // the rest.
    std::erase_if(caches, [&](const Cache& cache) {
      Cache next = first;
      next.cores.first += count * first.cores.count;
      if (cache != next) return false;
      ++count;
      return true;
    });
    runs.push_back(fmt::format("{} {} {} {} {} {}", first.level, first.type, first.size_kib,
                               first.cores.first, first.cores.count, count));
  }
  return runs;
}

/// "0-1,4" in the order written.
std::vector<unsigned> numbers_in(const std::string& list) {
  std::vector<unsigned> numbers;
  std::istringstream items(list);
  for (std::string item; std::getline(items, item, ',');) {
    unsigned first = 0;
    unsigned last = 0;
    char dash = 0;
    std::istringstream range(item);
    if (!(range >> first)) continue;
    if (!(range >> dash >> last)) last = first;
    for (unsigned i = first; i <= last && numbers.size() < max_hardware_threads; ++i)
      numbers.push_back(i);
  }
  return numbers;
}

bool read_cores(const Json& runs, std::vector<Core>& cores) {
  for (const Json& run : runs) {
    std::istringstream words(run.get<std::string>());
    Core core;
    unsigned count = 0;
    unsigned step = 0;
    std::string threads;
    words >> core.package >> core.numa >> core.kind >> count >> step >> threads;
    core.threads = numbers_in(threads);
    if (!words || core.threads.empty() || count + cores.size() > max_hardware_threads) return false;
    for (unsigned i = 0; i < count; ++i) {
      cores.push_back(core);
      for (unsigned& thread : core.threads) thread += step;
    }
  }
  return true;
}

bool read_caches(const Json& runs, std::vector<Cache>& caches) {
  for (const Json& run : runs) {
    std::istringstream words(run.get<std::string>());
    Cache cache;
    std::size_t count = 0;
    words >> cache.level >> cache.type >> cache.size_kib >> cache.cores.first >>
        cache.cores.count >> count;
    if (!words || count > max_hardware_threads) return false;
    for (std::size_t i = 0; i < count; ++i) {
      caches.push_back(cache);
      cache.cores.first += cache.cores.count;
    }
  }
  sort_caches(caches);
  return true;
}

/// Every domain that a core names is there.
bool complete(const Topology& topology) {
  for (const Core& core : topology.cores)
    if (core.package >= topology.packages.size() || core.numa >= topology.numas.size())
      return false;
  return !topology.cores.empty();
}

std::vector<unsigned> numbers_of(const Span& span) {
  std::vector<unsigned> numbers(span.count);
  std::iota(numbers.begin(), numbers.end(), span.first);
  return numbers;
}

Json domains(const std::vector<unsigned>& physical, unsigned Core::*domain,
             const std::vector<Core>& cores) {
  Json list = Json::array();
  for (unsigned logical = 0; logical < physical.size(); ++logical) {
    std::vector<unsigned> own;
    for (unsigned core = 0; core < cores.size(); ++core)
      if (cores[core].*domain == logical) own.push_back(core);
    list.push_back({{"logical", logical}, {"physical", physical[logical]}, {"cores", own}});
  }
  return list;
}

}  // namespace

nlohmann::json short_json(const Topology& topology) {
  return {{"packages", number_list(topology.packages)},
          {"numas", number_list(topology.numas)},
          {"cores", core_runs(topology.cores)},
          {"caches", cache_runs(topology.caches)},
          {"forbidden", number_list(topology.forbidden)}};
}

std::optional<Topology> topology_of_json(const nlohmann::json& json) {
  try {
    Topology topology;
    topology.packages = numbers_in(json.at("packages").get<std::string>());
    topology.numas = numbers_in(json.at("numas").get<std::string>());
    topology.forbidden = numbers_in(json.at("forbidden").get<std::string>());
    if (!read_cores(json.at("cores"), topology.cores) ||
        !read_caches(json.at("caches"), topology.caches) || !complete(topology))
      return {};
    return topology;
  } catch (const nlohmann::json::exception&) {
    return {};
  }
}

nlohmann::json plain_json(const Topology& topology) {
  Json cores = Json::array();
  for (unsigned i = 0; i < topology.cores.size(); ++i) {
    const Core& core = topology.cores[i];
    cores.push_back({{"logical", i},
                     {"package", core.package},
                     {"numa", core.numa},
                     {"kind", core.kind},
                     {"threads", core.threads}});
  }
  Json caches = Json::array();
  for (const Cache& cache : topology.caches) {
    const char* const type = cache.type == 'd'   ? "data"
                             : cache.type == 'i' ? "instruction"
                                                 : "unified";
    caches.push_back({{"level", cache.level},
                      {"type", type},
                      {"size_kib", cache.size_kib},
                      {"cores", numbers_of(cache.cores)}});
  }
  return {{"packages", domains(topology.packages, &Core::package, topology.cores)},
          {"numas", domains(topology.numas, &Core::numa, topology.cores)},
          {"cores", cores},
          {"caches", caches},
          {"forbidden", topology.forbidden}};
}

}  // namespace clustermpi
