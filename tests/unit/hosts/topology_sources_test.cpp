// The samples in topology/: what lstopo prints of synthetic machines (two_packages,
// smt_interleaved, packages_alternate, pi4 .xml); the others are composed by hand in the words of
// lstopo and, .sysfs, of grep on the kernel's files, after the machines that they are named for.
#include "hosts/topology_sources.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <nlohmann/json.hpp>
#include <numeric>
#include <random>
#include <sstream>

#include "hosts/cpu_set.hpp"
#include "hosts/topology_json.hpp"
#include "tests/content_of.hpp"
#include "tests/topology_promises.hpp"

namespace clustermpi {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;

std::vector<std::string> lines_of(const std::string& text) {
  std::vector<std::string> lines;
  std::istringstream stream(text);
  for (std::string line; std::getline(stream, line);) lines.push_back(line);
  return lines;
}

/// The topology in a sample, which keeps all promises and survives facts.json.
Topology sample(const std::string& name) {
  const std::string text =
      test::content_of(CLUSTERMPI_SOURCE_DIR "/tests/unit/hosts/topology/" + name);
  EXPECT_FALSE(text.empty()) << name << " is missing";
  const auto read =
      name.ends_with(".xml") ? topology_of_hwloc(text) : topology_of_sysfs(lines_of(text));
  EXPECT_TRUE(read) << name;
  if (!read) return {};
  EXPECT_EQ(test::broken_promise(*read), "") << name;
  EXPECT_EQ(topology_of_json(short_json(*read)), read) << short_json(*read).dump(2);
  return *read;
}

/// "0,8 1,9": the threads of each core, in the logical order.
std::string threads(const Topology& topology) {
  std::string text;
  for (const Core& core : topology.cores)
    text += (text.empty() ? "" : " ") + number_list(core.threads);
  return text;
}

std::vector<unsigned> kinds(const Topology& topology) {
  std::vector<unsigned> found;
  for (const Core& core : topology.cores) found.push_back(core.kind);
  return found;
}

TEST(CpuSets, AreReadAsTheKernelAndHwlocWriteThem) {
  EXPECT_THAT(numbers_of(parse_cpu_list("0-3,8")), ElementsAre(0, 1, 2, 3, 8));
  EXPECT_THAT(numbers_of(parse_cpu_list("")), IsEmpty());
  EXPECT_THAT(numbers_of(parse_cpu_list("x,5,99999,3-1,4-99999999999999999999")),
              ElementsAre(4, 5));
  EXPECT_THAT(numbers_of(parse_cpu_mask("0x0000000b")), ElementsAre(0, 1, 3));
  EXPECT_THAT(numbers_of(parse_cpu_mask("0x00000001,,0x00000004")), ElementsAre(2, 64));
  EXPECT_EQ(parse_cpu_mask("0xf...f,0x00000000").count(), max_hardware_threads - 32);
  EXPECT_EQ(number_list(std::vector<unsigned>{0, 1, 2, 8, 5, 6}), "0-2,8,5-6");
}

TEST(HwlocTopology, HasPackagesNumaNodesAndCoresInItsOrder) {
  const Topology topology = sample("two_packages.xml");
  EXPECT_THAT(topology.cores_by_package(), ElementsAre(Span{0, 8}, Span{8, 8}));
  EXPECT_THAT(topology.cores_by_numa(),
              ElementsAre(Span{0, 4}, Span{4, 4}, Span{8, 4}, Span{12, 4}));
  EXPECT_THAT(topology.numas, ElementsAre(0, 1, 2, 3));
  EXPECT_EQ(topology.cores[5].threads, (std::vector<unsigned>{10, 11}));
  EXPECT_EQ(topology.caches[1], (Cache{3, 'u', 16384, {4, 4}}));
}

TEST(HwlocTopology, KeepsBothNumbersApart) {
  EXPECT_EQ(threads(sample("smt_interleaved.xml")), "0,8 1,9 2,10 3,11 4,12 5,13 6,14 7,15");
  EXPECT_EQ(threads(sample("packages_alternate.xml")), "0 2 4 6 1 3 5 7");
}

TEST(HwlocTopology, CountsWhatTheLoginMayUse) {
  const Topology topology = sample("restricted.xml");
  EXPECT_EQ(threads(topology), "3 5 6-7");
  EXPECT_THAT(topology.forbidden, ElementsAre(0, 1, 2, 4));
  EXPECT_THAT(topology.packages, ElementsAre(0, 1));
  EXPECT_THAT(topology.numas, ElementsAre(0, 1)) << "memory without cores is no domain of them";
}

TEST(HwlocTopology, ReadsVersion1) {
  const Topology topology = sample("hwloc1.xml");
  EXPECT_THAT(topology.cores_by_numa(), ElementsAre(Span{0, 2}, Span{2, 2}));
  EXPECT_THAT(topology.packages, ElementsAre(0, 1));
  EXPECT_THAT(topology.caches,
              ElementsAre(Cache{3, 'u', 8192, {0, 2}}, Cache{3, 'u', 8192, {2, 2}}));
}

TEST(Topologies, AgreeOnAHybridMachine) {
  const Topology topology = sample("hybrid.xml");
  EXPECT_THAT(kinds(topology), ElementsAre(1, 1, 1, 1, 1, 1, 0, 0, 0, 0, 0, 0, 0, 0))
      << "cores that run a little faster than their like are no kind of their own";
  EXPECT_EQ(sample("hybrid.sysfs"), topology);
}

TEST(SysfsTopology, ReadsRaspberryPis) {
  const Topology pi4 = sample("pi4.sysfs");
  EXPECT_EQ(pi4, uniform_topology(1, 4, 1));
  const Topology pi5 = sample("pi5_fake_numa.sysfs");
  EXPECT_EQ(pi5.cores, uniform_topology(1, 4, 1).cores);
  EXPECT_THAT(pi5.numas, ElementsAre(0)) << "eight NUMA nodes of the same cores are one domain";
  EXPECT_EQ(pi5.caches.back(), (Cache{3, 'u', 2048, {0, 4}}));
}

TEST(SysfsTopology, TellsBigCoresFromLittleOnes) {
  const Topology topology = sample("rk3588.sysfs");
  EXPECT_THAT(topology.packages, ElementsAre(0)) << "-1 is a kernel that does not know";
  EXPECT_THAT(kinds(topology), ElementsAre(0, 0, 0, 0, 1, 1, 1, 1));
}

TEST(SysfsTopology, KeepsBothNumbersApart) {
  EXPECT_EQ(threads(sample("smt_interleaved.sysfs")),
            "0,12 1,13 2,14 3,15 4,16 5,17 6,18 7,19 8,20 9,21 10,22 11,23");
  const Topology alternate = sample("packages_alternate.sysfs");
  EXPECT_EQ(threads(alternate), "0-1 4-5 8-9 12-13 2-3 6-7 10-11 14-15");
  EXPECT_THAT(alternate.cores_by_package(), ElementsAre(Span{0, 4}, Span{4, 4}));
}

TEST(SysfsTopology, LeavesOutWhatIsOffline) {
  const Topology topology = sample("offline.sysfs");
  EXPECT_EQ(threads(topology), "0 2 3 4 5 7");
  EXPECT_THAT(topology.forbidden, IsEmpty());
  EXPECT_THAT(topology.numas, ElementsAre(0, 1)) << "the third has memory only";
}

TEST(SysfsTopology, CountsWhatTheLoginMayUse) {
  const Topology topology = sample("restricted.sysfs");
  EXPECT_EQ(threads(topology), "2 3,15 4,16 22");
  EXPECT_EQ(number_list(topology.forbidden), "0-1,5-14,17-21,23");
  EXPECT_THAT(topology.caches,
              ElementsAre(Cache{3, 'u', 16384, {0, 1}}, Cache{3, 'u', 16384, {1, 2}},
                          Cache{3, 'u', 16384, {3, 1}}));
}

TEST(SysfsTopology, DoesNotCareInWhatOrderFilesAreRead) {
  std::vector<std::string> lines =
      lines_of(test::content_of(CLUSTERMPI_SOURCE_DIR "/tests/unit/hosts/topology/hybrid.sysfs"));
  const auto expected = topology_of_sysfs(lines);
  for (const unsigned seed : {1U, 2U, 3U}) {
    std::mt19937 random(seed);
    std::shuffle(lines.begin(), lines.end(), random);
    EXPECT_EQ(topology_of_sysfs(lines), expected) << "seed " << seed;
  }
}

TEST(Topologies, AreNoneWhereWhatIsSaidMakesNoSense) {
  for (const char* xml :
       {"", "<topology", "<topology/>", "<topology><object type='Machine'/></topology>",
        "<html><object type='Core'><object type='PU' os_index='0'/></object></html>",
        "<topology><object type='Machine' allowed_cpuset='0x2'><object type='Core'>"
        "<object type='PU' os_index='0'/></object></object></topology>"})
    EXPECT_EQ(topology_of_hwloc(xml), std::nullopt) << xml;
  std::string deep = "<topology>";
  for (int i = 0; i < 100000; ++i) deep += "<object type='Group'>";
  EXPECT_EQ(topology_of_hwloc(deep), std::nullopt);

  const std::vector<std::vector<std::string>> listings = {
      {},
      {"cpu/online:"},
      {"cpu/online:0-1", "cgroup/cpus:7"},
      {"cpu/cpu4096/topology/thread_siblings_list:4096"},
      {"cpu/cpux/topology/thread_siblings_list:0", "no colon", ":", "cpu/cpu:"},
      // packages that lie inside each other
      {"cpu/online:0-2", "node/node0/cpulist:0,2", "node/node1/cpulist:0-2",
       "cpu/cpu0/topology/physical_package_id:0", "cpu/cpu1/topology/physical_package_id:1",
       "cpu/cpu2/topology/physical_package_id:1"}};
  for (const auto& listing : listings) {
    const auto read = topology_of_sysfs(listing);
    EXPECT_EQ(read ? test::broken_promise(*read) : "", "");
    EXPECT_TRUE(!read || listing.size() > 2);
  }
}

TEST(Topologies, KeepTheirCoresWhereDomainsMakeNoSense) {
  const auto crossing = topology_of_sysfs(std::vector<std::string>{
      "cpu/online:0-3", "cpu/cpu0/topology/physical_package_id:0",
      "cpu/cpu1/topology/physical_package_id:0", "cpu/cpu2/topology/physical_package_id:1",
      "cpu/cpu3/topology/physical_package_id:1", "node/node0/cpulist:0,2",
      "node/node1/cpulist:1,3"});
  ASSERT_TRUE(crossing);
  EXPECT_EQ(threads(*crossing), "0 1 2 3");
  EXPECT_THAT(crossing->cores_by_package(), ElementsAre(Span{0, 2}, Span{2, 2}));
  EXPECT_THAT(crossing->numas, ElementsAre(0)) << "only the NUMA nodes are left out";

  const auto without_package = topology_of_hwloc(
      "<topology><object type='Machine' allowed_cpuset='0x3'>"
      "<object type='Package' os_index='0'><object type='Core'><object type='PU' os_index='0'/>"
      "</object></object><object type='Core'><object type='PU' os_index='1'/></object>"
      "</object></topology>");
  ASSERT_TRUE(without_package);
  EXPECT_EQ(threads(*without_package), "0 1");
  EXPECT_THAT(without_package->packages, ElementsAre(0));
}

TEST(SysfsTopology, TakesAllForAllowedWhereNothingIsSaid) {
  const auto topology =
      topology_of_sysfs(std::vector<std::string>{"cpu/online:0-1", "cgroup/cpus:"});
  ASSERT_TRUE(topology);
  EXPECT_EQ(threads(*topology), "0 1");
}

TEST(TopologyJson, IsShortAndRefusesWhatIsNotItsOwn) {
  EXPECT_EQ(short_json(uniform_topology(2, 64, 2)).dump(),
            R"({"caches":[],"cores":["0 0 0 64 1 0,128","1 1 0 64 1 64,192"],"forbidden":"",)"
            R"("numas":"0-1","packages":"0-1"})");
  for (const char* text :
       {"null", "7", "{}", R"({"packages":"0","numas":"0","forbidden":"","caches":[],"cores":[]})",
        R"({"packages":"0","numas":"0","forbidden":"","caches":[],"cores":["0 0 0 99999999 1 0"]})",
        R"({"packages":"0","numas":"0","forbidden":"","caches":[],"cores":["1 0 0 1 1 0"]})",
        R"({"packages":"0","numas":"0","forbidden":"","caches":["1 d"],"cores":["0 0 0 1 1 0"]})"})
    EXPECT_EQ(topology_of_json(nlohmann::json::parse(text)), std::nullopt) << text;
}

/// A machine as its kernel would list it, with the numbers of its threads dealt out at random.
struct Machine {
  explicit Machine(unsigned seed) {
    std::mt19937 random(seed);
    const auto below = [&](unsigned end) { return static_cast<unsigned>(random() % end); };
    const unsigned packages = 1 + below(3);
    const unsigned numas = 1 + below(3);
    const unsigned cores = 1 + below(5);
    const unsigned threads = 1 + below(3);
    const unsigned count = packages * numas * cores * threads;
    std::vector<unsigned> numbers(count);
    std::iota(numbers.begin(), numbers.end(), 0U);
    std::shuffle(numbers.begin(), numbers.end(), random);
    std::string allowed = std::to_string(numbers[below(count)]);
    for (const unsigned cpu : numbers)
      if (below(4) > 0) allowed += ',' + std::to_string(cpu);
    lines.push_back("cgroup/cpus:" + allowed);
    lines.push_back("cpu/online:0-" + std::to_string(count - 1));
    usable = parse_cpu_list(allowed);
    const unsigned per_package = numas * cores * threads;
    for (unsigned at = 0; at < count; ++at) {
      const std::string files = "cpu/cpu" + std::to_string(numbers[at]) + "/topology/";
      lines.push_back(files + "physical_package_id:" + std::to_string(at / per_package * 7));
      lines.push_back(files + "thread_siblings_list:" + list(numbers, at / threads, threads));
    }
    for (unsigned numa = 0; numa < packages * numas; ++numa)
      lines.push_back("node/node" + std::to_string(numa) +
                      "/cpulist:" + list(numbers, numa, cores * threads));
  }

  static std::string list(const std::vector<unsigned>& numbers, unsigned index, unsigned each) {
    std::string text;
    for (unsigned i = index * each; i < (index + 1) * each; ++i)
      text += (text.empty() ? "" : ",") + std::to_string(numbers[i]);
    return text;
  }

  std::vector<std::string> lines;
  CpuSet usable;
};

TEST(SysfsTopology, KeepsItsPromisesForAnyMachine) {
  for (unsigned seed = 1; seed <= 200; ++seed) {
    const Machine machine(seed);
    const auto topology = topology_of_sysfs(machine.lines);
    ASSERT_TRUE(topology) << "seed " << seed;
    ASSERT_EQ(test::broken_promise(*topology), "") << "seed " << seed;
    CpuSet used;
    for (const Core& core : topology->cores)
      for (const unsigned cpu : core.threads) used.set(cpu);
    ASSERT_EQ(used, machine.usable) << "seed " << seed;
    ASSERT_EQ(topology_of_json(short_json(*topology)), topology) << "seed " << seed;
  }
}

}  // namespace
}  // namespace clustermpi
