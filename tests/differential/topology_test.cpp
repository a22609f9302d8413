// Our readers beside hwloc's own programs: what they say of a machine, we say too.
#include <gtest/gtest.h>
#include <unistd.h>

#include <cstdio>
#include <cstdlib>
#include <sstream>

#include "hosts/cpu_set.hpp"
#include "hosts/facts.hpp"
#include "hosts/topology_sources.hpp"
#include "tests/shell.hpp"

namespace clustermpi {
namespace {

using test::output_of;

/// What the probe sends, with each of its words for hwloc's program replaced by `program`.
Facts probed_with(const std::string& program) {
  return parse_probe(output_of("sed 's/lstopo-no-graphics/" + program +
                               "/' '" CLUSTERMPI_SOURCE_DIR "/provision/remote/probe.sh' | sh -s"));
}

class WithHwloc : public testing::Test {
 protected:
  void SetUp() override {
    ASSERT_EQ(std::system("command -v lstopo-no-graphics hwloc-calc >/dev/null"), 0)
        << "hwloc is not installed: scripts/install-deps.sh --test";
  }
};

using ThisMachine = WithHwloc;
using Synthetic = WithHwloc;

TEST_F(ThisMachine, IsTheSameByHwlocAndByTheKernel) {
  const Facts by_hwloc = probed_with("lstopo-no-graphics");
  const Facts by_kernel = probed_with("no-such-program");
  ASSERT_TRUE(by_hwloc.topology);
  ASSERT_TRUE(by_kernel.topology);
  EXPECT_EQ(by_kernel.topology->cores, by_hwloc.topology->cores);
  EXPECT_EQ(by_kernel.topology->packages, by_hwloc.topology->packages);
  EXPECT_EQ(by_kernel.topology->numas, by_hwloc.topology->numas);
  EXPECT_EQ(by_kernel.topology->forbidden, by_hwloc.topology->forbidden);
  // A virtual machine's kernel may know no caches where hwloc asks the processor.
  if (!by_kernel.topology->caches.empty()) {
    EXPECT_EQ(by_kernel.topology->caches, by_hwloc.topology->caches);
  }
}

/// Which of the control group's CPUs a login's processes begin on is no matter of numbers:
/// systemd's CPUAffinity= and isolcpus change it.
TEST_F(ThisMachine, IsTheSameWhateverTheAffinity) {
  const std::string probe = "'" CLUSTERMPI_SOURCE_DIR "/provision/remote/probe.sh'";
  const std::string pinned = "taskset -c $(taskset -pc $$ | grep -o '[0-9]*$') ";
  const Facts by_hwloc = parse_probe(output_of(pinned + "sh -s <" + probe));
  const Facts by_kernel = parse_probe(
      output_of("sed s/lstopo-no-graphics/no-such-program/ " + probe + " | " + pinned + "sh -s"));
  ASSERT_TRUE(by_hwloc.topology);
  ASSERT_TRUE(by_kernel.topology);
  EXPECT_EQ(by_kernel.topology->cores, by_hwloc.topology->cores);
  EXPECT_EQ(by_kernel.topology->forbidden, by_hwloc.topology->forbidden);
}

/// The physical numbers below each of hwloc's `count` objects `type`, a line each.
std::string as_hwloc_counts(const std::string& xml, const std::string& type, std::size_t count) {
  std::string command;
  for (std::size_t i = 0; i < count; ++i)
    command += "hwloc-calc -i '" + xml + "' --physical-output -I PU " + type + ":" +
               std::to_string(i) + " 2>/dev/null; ";
  return output_of(command);
}

std::string line_of(const CpuSet& cpus) {
  std::string line;
  for (const unsigned cpu : numbers_of(cpus))
    line += (line.empty() ? "" : ",") + std::to_string(cpu);
  return line + '\n';
}

std::string as_we_count(const Topology& topology, const std::vector<Span>& spans) {
  std::string lines;
  for (const Span& span : spans) {
    CpuSet cpus;
    for (unsigned core = span.first; core < span.first + span.count; ++core)
      for (const unsigned cpu : topology.cores[core].threads) cpus.set(cpu);
    lines += line_of(cpus);
  }
  return lines;
}

/// hwloc-calc prints in its own order; as sets they compare.
std::string sorted_lines(const std::string& lines) {
  std::string sorted;
  std::istringstream stream(lines);
  for (std::string line; std::getline(stream, line);) sorted += line_of(parse_cpu_list(line));
  return sorted;
}

TEST_F(Synthetic, MachinesHaveHwlocsNumbers) {
  for (const char* machine :
       {"pack:1 core:4 pu:1", "pack:2 numa:2 l3:1 core:4 pu:2", "numa:2 pack:2 core:2 pu:2",
        "pack:2 numa:1 core:4 pu:2(indexes=0,8,1,9,2,10,3,11,4,12,5,13,6,14,7,15)",
        "pack:2 numa:1 core:4 pu:1(indexes=0,2,4,6,1,3,5,7)",
        "pack:2 l3:2 l2:2 core:2 pu:1(indexes=15,14,13,12,11,10,9,8,7,6,5,4,3,2,1,0)",
        "pack:2 numa:2 l3:2 core:2 pu:2"}) {
    SCOPED_TRACE(machine);
    std::string file = testing::TempDir() + "topology-XXXXXX";
    const int made = mkstemp(file.data());
    ASSERT_GE(made, 0);
    const std::string xml = output_of(std::string("lstopo-no-graphics -i '") + machine +
                                      "' --of xml 2>/dev/null | tee '" + file + "'");
    const auto topology = topology_of_hwloc(xml);
    ASSERT_TRUE(topology);
    std::vector<Span> cores;
    for (unsigned core = 0; core < topology->cores.size(); ++core) cores.push_back({core, 1});
    EXPECT_EQ(as_we_count(*topology, cores),
              sorted_lines(as_hwloc_counts(file, "core", cores.size())));
    const auto packages = topology->cores_by_package();
    EXPECT_EQ(as_we_count(*topology, packages),
              sorted_lines(as_hwloc_counts(file, "package", packages.size())));
    const auto numas = topology->cores_by_numa();
    EXPECT_EQ(as_we_count(*topology, numas),
              sorted_lines(as_hwloc_counts(file, "numa", numas.size())));
    EXPECT_EQ(output_of("hwloc-calc -i '" + file + "' -N core all 2>/dev/null"),
              std::to_string(cores.size()) + '\n');
    close(made);
    std::remove(file.c_str());
  }
}

}  // namespace
}  // namespace clustermpi
