#include "hosts/topology_drawing.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <sstream>

namespace clustermpi {
namespace {

TEST(TopologyDrawing, ShowsAPi) {
  Topology pi = uniform_topology(1, 4, 1);
  for (unsigned core = 0; core < 4; ++core) pi.caches.push_back({1, 'd', 32, {core, 1}});
  pi.caches.push_back({2, 'u', 1024, {0, 4}});
  EXPECT_EQ(topology_drawing(pi),
            "1 package, 1 NUMA node, 4 cores, 4 threads\n"
            "└─ package 0 (P#0)\n"
            "   └─ NUMA node 0 (P#0)\n"
            "      └─ L2 1 MiB\n"
            "         └─ cores 0 P#0  1 P#1  2 P#2  3 P#3\n"
            "              each L1d 32 KiB\n");
}

TEST(TopologyDrawing, MarksKindsAndWhatMayNotBeUsed) {
  Topology board;
  board.packages = {0};
  board.numas = {0};
  board.cores = {{0, 0, {0}, 0}, {0, 0, {4}, 1}, {0, 0, {5}, 1}};
  board.forbidden = {1, 2, 3, 9};
  EXPECT_EQ(topology_drawing(board),
            "1 package, 1 NUMA node, 3 cores, 3 threads, 2 kinds of core\n"
            "└─ package 0 (P#0)\n"
            "   └─ NUMA node 0 (P#0)\n"
            "      ├─ core 0 P#0\n"
            "      │    kind 0, slowest\n"
            "      └─ cores 1 P#4  2 P#5\n"
            "           kind 1, fastest\n"
            "not for this login: P#1-3,9\n");
}

TEST(TopologyDrawing, PutsANumaNodeOfSeveralPackagesAroundThem) {
  Topology node = uniform_topology(2, 1, 2);
  node.numas = {0};
  for (Core& core : node.cores) core.numa = 0;
  node.packages = {3, 8};
  EXPECT_EQ(topology_drawing(node),
            "2 packages, 1 NUMA node, 2 cores, 4 threads\n"
            "└─ NUMA node 0 (P#0)\n"
            "   ├─ package 0 (P#3)\n"
            "   │  └─ core 0 P#0,2\n"
            "   └─ package 1 (P#8)\n"
            "      └─ core 1 P#1,3\n");
}

TEST(TopologyDrawing, LeavesOutACacheThatCrossesPackages) {
  Topology node = uniform_topology(2, 2, 1);
  node.caches = {{3, 'u', 1024, {1, 2}}};
  EXPECT_EQ(topology_drawing(node).find("L3"), std::string::npos);
}

TEST(TopologyDrawing, IsNeverWiderThanItSays) {
  Topology large = uniform_topology(2, 128, 4);
  for (unsigned thread = 2000; thread < 2200; thread += 2) large.forbidden.push_back(thread);
  std::istringstream lines(topology_drawing(large));
  for (std::string line; std::getline(lines, line);) {
    const auto columns = std::count_if(line.begin(), line.end(), [](char c) {
      return (static_cast<unsigned char>(c) & 0xC0) != 0x80;
    });
    EXPECT_LE(static_cast<std::size_t>(columns), drawing_columns) << line;
  }
}

}  // namespace
}  // namespace clustermpi
