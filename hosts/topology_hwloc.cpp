#include <algorithm>
#include <pugixml.hpp>

#include "hosts/topology_domains.hpp"
#include "hosts/topology_sources.hpp"

namespace clustermpi {
namespace {

/// Deeper than any machine: a node that nests its answer without end shall not end us.
constexpr int deepest = 64;

bool is(const pugi::xml_node& object, std::string_view type) {
  return object.attribute("type").value() == type;
}

/// hwloc 2 has types of their own ("L3Cache", "L1iCache"), hwloc 1 has "Cache" for all.
bool is_cache(const pugi::xml_node& object) {
  const std::string_view type = object.attribute("type").value();
  return type == "Cache" || (type.starts_with('L') && type.ends_with("Cache"));
}

std::optional<unsigned> thread_number(const pugi::xml_node& object) {
  const unsigned number = object.attribute("os_index").as_uint(max_hardware_threads);
  if (number >= max_hardware_threads) return {};
  return number;
}

/// The objects of the tree, in its order, as sets of the threads below them.
class Tree {
 public:
  explicit Tree(ProcessorSets& sets) : sets_(sets) {}

  /// The hardware threads of `object` and all below it.
  CpuSet walk(const pugi::xml_node& object, int depth = 0) {
    CpuSet cpus;
    if (depth > deepest) return cpus;
    if (is(object, "PU")) {
      if (const auto number = thread_number(object)) cpus.set(*number);
      return cpus;
    }
    std::vector<pugi::xml_node> memory;
    for (const pugi::xml_node& child : object.children("object")) {
      if (is(child, "MemCache") || (is(child, "NUMANode") && !child.child("object"))) {
        memory.push_back(child);  // hwloc 2: serves all that is below its parent
        continue;
      }
      const CpuSet below = walk(child, depth + 1);
      // Where the kernel does not know cores each thread stands for itself.
      if (is(child, "PU") && !is(object, "Core") && below.any()) sets_.cores.push_back(below);
      cpus |= below;
    }
    for (const pugi::xml_node& child : memory) take_memory(child, cpus, depth);
    take(object, cpus);
    return cpus;
  }

 private:
  /// A cache in front of memory has the NUMA node below it.
  void take_memory(const pugi::xml_node& object, const CpuSet& cpus, int depth) {
    if (is(object, "NUMANode")) add(sets_.numas, object, cpus);
    if (depth > deepest) return;
    for (const pugi::xml_node& child : object.children("object"))
      take_memory(child, cpus, depth + 1);
  }

  void take(const pugi::xml_node& object, const CpuSet& cpus) {
    if (cpus.none()) return;
    if (is(object, "Core")) {
      sets_.cores.push_back(cpus);
    } else if (is(object, "Package") || is(object, "Socket")) {
      add(sets_.packages, object, cpus);
    } else if (is(object, "NUMANode")) {
      add(sets_.numas, object, cpus);
    } else if (is_cache(object)) {
      constexpr std::string_view types = "udi";  // as hwloc counts them
      const unsigned level = object.attribute("depth").as_uint();
      const unsigned type = object.attribute("cache_type").as_uint();
      if (level == 0 || level > 9 || type >= types.size()) return;
      sets_.caches.push_back(
          {level, types[type], object.attribute("cache_size").as_ullong() / 1024, cpus});
    }
  }

  static void add(std::vector<Domain>& domains, const pugi::xml_node& object, const CpuSet& cpus) {
    // A domain each for as many threads as there can be: more are no machine.
    if (cpus.any() && domains.size() < max_hardware_threads)
      domains.push_back({object.attribute("os_index").as_uint(), cpus});
  }

  ProcessorSets& sets_;
};

std::string_view info(const pugi::xml_node& of, const char* name) {
  return of.find_child_by_attribute("info", "name", name).attribute("value").value();
}

/// hwloc 2.4 and newer; earlier ones do not tell kinds apart.
std::vector<CpuSet> kinds(const pugi::xml_node& topology) {
  KindHints hints;
  for (const pugi::xml_node& kind : topology.children("cpukind")) {
    const CpuSet cpus = parse_cpu_mask(kind.attribute("cpuset").value());
    if (info(kind, "CoreType") == "IntelAtom") hints.efficient |= cpus;
    if (info(kind, "CoreType") == "IntelCore") hints.performance |= cpus;
    const auto number = [&](const char* name) {
      return kind.find_child_by_attribute("info", "name", name).attribute("value").as_ullong();
    };
    for (const unsigned cpu : numbers_of(cpus)) {
      if (const auto capacity = number("LinuxCapacity")) hints.capacity[cpu] = capacity;
      if (const auto frequency = number("FrequencyMaxMHz"))
        hints.highest_frequency[cpu] = frequency;
    }
  }
  return kinds_of(hints);
}

}  // namespace

std::optional<Topology> topology_of_hwloc(std::string_view xml) {
  pugi::xml_document document;
  if (!document.load_buffer(xml.data(), xml.size())) return {};
  const pugi::xml_node topology = document.child("topology");
  const pugi::xml_node machine = topology.child("object");
  ProcessorSets sets;
  Tree(sets).walk(machine);
  if (sets.cores.size() > max_hardware_threads) return {};
  const pugi::xml_attribute allowed = machine.attribute("allowed_cpuset");
  sets.allowed = allowed ? parse_cpu_mask(allowed.value()) : CpuSet().set();
  sets.kinds = kinds(topology);
  return lay_out(sets);
}

}  // namespace clustermpi
