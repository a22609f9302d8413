// What the real mpirun makes of our machinefiles and rankfiles: it starts a daemon on every host,
// which are made up here, and its own map is held against the plan. (Its --do-not-launch does not
// know rankfiles.)
#include <gtest/gtest.h>

#include <algorithm>
#include <regex>
#include <sstream>

#include "hosts/writers.hpp"
#include "tests/content_of.hpp"
#include "tests/launchers/fake_fleet.hpp"

namespace clustermpi {
namespace {

using test::FakeFleet;
using test::Output;
using test::Seat;

Output mpirun(const FakeFleet& fleet, const std::string& arguments) {
  return test::run(
      fleet.environment() +
      "OMPI_ALLOW_RUN_AS_ROOT=1 OMPI_ALLOW_RUN_AS_ROOT_CONFIRM=1 timeout 60 mpirun.openmpi "
      "--mca plm_rsh_agent " +
      FakeFleet::agent() + " --mca plm_rsh_no_tree_spawn 1 --display-map " + arguments + " true");
}

/// "socket 0[core 1[hwt 0-1]], socket 0[core 2[hwt 0]]" as cores and threads.
std::vector<std::pair<unsigned, unsigned>> threads_of(const std::string& text) {
  static const std::regex core("core (\\d+)\\[hwt (\\d+)(-(\\d+))?");
  std::vector<std::pair<unsigned, unsigned>> threads;
  for (std::sregex_iterator at(text.begin(), text.end(), core), end; at != end; ++at) {
    const auto number = [&](std::size_t group) {
      return static_cast<unsigned>(std::stoul((*at)[group]));
    };
    const unsigned last = (*at)[4].matched ? number(4) : number(2);
    for (unsigned thread = number(2); thread <= last; ++thread)
      threads.emplace_back(number(1), thread);
  }
  return threads;
}

/// mpirun's map, by rank.
std::vector<Seat> map_of(const std::string& text) {
  static const std::regex node("Data for node: (\\S+)");
  static const std::regex process("Process rank: (\\d+) Bound: (.*)");
  std::map<std::size_t, Seat> seats;
  std::string host;
  std::istringstream lines(text);
  for (std::string line; std::getline(lines, line);) {
    std::smatch found;
    if (std::regex_search(line, found, node)) host = found[1];
    if (std::regex_search(line, found, process))
      seats[std::stoul(found[1])] = {host, threads_of(found[2])};
  }
  std::vector<Seat> by_rank;
  for (auto& [rank, seat] : seats) by_rank.push_back(std::move(seat));
  return by_rank;
}

std::string files_of(const FakeFleet& fleet, const Placement& placement) {
  return " -np " + std::to_string(placement.ranks.size()) + " --hostfile " +
         fleet.file("hosts", machinefile(placement, MpiFormat::openmpi4)) + " --rankfile " +
         fleet.file("ranks", rankfile(placement, MpiFormat::openmpi4)) +
         (placement.unit == CpuUnit::thread ? " --use-hwthread-cpus" : "");
}

struct NamedFleet {
  const char* name;
  std::vector<test::FakeHost> hosts;

  friend std::ostream& operator<<(std::ostream& out, const NamedFleet& fleet) {
    return out << fleet.name;
  }
};

class OpenMpiFleet : public testing::TestWithParam<NamedFleet> {};

TEST_P(OpenMpiFleet, PutsRanksWhereThePlanSays) {
  FakeFleet fleet(GetParam().hosts);
  for (std::size_t i = 0; i < fleet.inventory().hosts.size(); ++i)
    fleet.facts()[fleet.inventory().hosts[i].name].gpus = static_cast<unsigned>(i % 3);
  for (const PlacementRequest& request : test::requests_for(fleet, 4)) {
    const Placement placement = fleet.place(request);
    const Output output = mpirun(fleet, files_of(fleet, placement));
    EXPECT_EQ(output.status, 0) << output.text;
    EXPECT_EQ(map_of(output.text), test::seats_of(placement, fleet.facts()))
        << name_of(request.policy) << " with " << request.threads << " threads a rank, "
        << rankfile(placement, MpiFormat::openmpi4) << output.text;
  }
}

std::string golden(const std::string& name) {
  return test::content_of(CLUSTERMPI_SOURCE_DIR "/tests/golden/writers/" + name);
}

/// hosts/samples/mixed.toml with the processors that tests/golden/writers_test.cpp gives it.
std::vector<test::FakeHost> classroom() {
  std::vector<test::FakeHost> hosts = {{"desk", "pack:1 core:16 pu:1"}};
  for (const char* name : {"four1", "four2", "four3", "four4", "four5", "four6", "three1", "three2",
                           "three3", "three4"})
    hosts.push_back({name, "pack:1 core:4 pu:1"});
  return hosts;
}

TEST(OpenMpi, TakesTheGoldenFiles) {
  const FakeFleet fleet(classroom());
  const std::string ranks = golden("rankfile.openmpi4");
  const auto np = std::count(ranks.begin(), ranks.end(), '\n');
  const Output output = mpirun(fleet, " -np " + std::to_string(np) + " --hostfile " +
                                          fleet.file("hosts", golden("machinefile.openmpi4")) +
                                          " --rankfile " + fleet.file("ranks", ranks));
  EXPECT_EQ(output.status, 0) << output.text;
  const std::vector<Seat> seats = map_of(output.text);
  ASSERT_EQ(seats.size(), static_cast<std::size_t>(np)) << output.text;
  std::istringstream lines(ranks);
  for (std::size_t rank = 0; rank < seats.size(); ++rank) {
    std::ostringstream line;
    line << "rank " << rank << '=' << seats[rank].host
         << " slot=" << seats[rank].threads.at(0).first;
    std::string wanted;
    std::getline(lines, wanted);
    EXPECT_EQ(line.str(), wanted);
  }
}

INSTANTIATE_TEST_SUITE_P(Fleets, OpenMpiFleet,
                         testing::Values(NamedFleet{"Pis",
                                                    {{"pi01", "pack:1 core:4 pu:1"},
                                                     {"pi02", "pack:1 core:4 pu:1"},
                                                     {"pi03", "pack:1 core:4 pu:1"}}},
                                         NamedFleet{"Servers",
                                                    {{"server1", "pack:2 numa:2 core:2 pu:2"},
                                                     {"server2", "pack:2 numa:2 core:2 pu:2"}}},
                                         NamedFleet{"Mixed",
                                                    {{"pi01", "pack:1 core:4 pu:1"},
                                                     {"server1", "pack:2 numa:1 core:4 pu:2"},
                                                     {"desk", "pack:1 core:6 pu:2"}}}),
                         [](const testing::TestParamInfo<NamedFleet>& fleet) {
                           return fleet.param.name;
                         });

}  // namespace
}  // namespace clustermpi
