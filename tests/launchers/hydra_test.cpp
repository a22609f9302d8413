// What the real mpiexec.hydra makes of our hostfiles. The hosts are made up, and their processors
// are this machine's, so that a rank can say itself what it is bound to.
#include <gtest/gtest.h>
#include <unistd.h>

#include <sstream>

#include "hosts/writers.hpp"
#include "tests/launchers/fake_fleet.hpp"

namespace clustermpi {
namespace {

using test::FakeFleet;
using test::Output;

struct Reported {
  std::string host;
  std::string cpus;  ///< as taskset prints them

  bool operator==(const Reported&) const = default;
};

std::ostream& operator<<(std::ostream& out, const Reported& rank) {
  return out << rank.host << ' ' << rank.cpus;
}

/// Ranges of the kernel's numbers, "0-1,4".
std::string folded(const std::vector<unsigned>& cpus) {
  std::string text;
  for (std::size_t i = 0; i < cpus.size();) {
    std::size_t end = i + 1;
    while (end < cpus.size() && cpus[end] == cpus[end - 1] + 1) ++end;
    text += (text.empty() ? "" : ",") + std::to_string(cpus[i]);
    if (end - i > 2) text += "-" + std::to_string(cpus[end - 1]);
    if (end - i == 2) text += "," + std::to_string(cpus[end - 1]);
    i = end;
  }
  return text;
}

std::vector<Reported> planned(const Placement& placement, const FleetFacts& facts) {
  std::vector<Reported> ranks;
  for (const RankPlace& place : placement.ranks) {
    const std::string& host = placement.nodes[place.node].host;
    ranks.push_back({host, folded(physical_cpus(place, placement.unit, *facts.at(host).topology))});
  }
  return ranks;
}

std::vector<Reported> reported(const std::string& text) {
  std::map<unsigned, Reported> ranks;
  std::istringstream lines(text);
  unsigned rank = 0;
  for (Reported each; lines >> rank >> each.host >> each.cpus;) ranks[rank] = each;
  std::vector<Reported> by_rank;
  for (auto& [number, each] : ranks) by_rank.push_back(std::move(each));
  return by_rank;
}

TEST(Hydra, PutsRanksWhereThePlanSays) {
  FakeFleet fleet({{"a", ""}, {"b", ""}, {"c", ""}});
  fleet.inventory().hosts[0].slots = 3;
  for (std::size_t i = 0; i < 3; ++i)
    fleet.facts()[fleet.inventory().hosts[i].name].gpus = static_cast<unsigned>(i);
  for (const PlacementRequest& request : test::requests_for(fleet, 7)) {
    const Placement placement = fleet.place(request);
    const std::string hostfile = machinefile(placement, MpiFormat::mpich, fleet.facts());
    const Output output =
        test::run(fleet.environment() + "timeout 60 mpiexec.hydra -launcher ssh -launcher-exec " +
                  FakeFleet::agent() + " -localhost $(hostname) -f " +
                  fleet.file("hosts", hostfile) + " -n " + std::to_string(placement.ranks.size()) +
                  R"( sh -c 'echo $PMI_RANK $NODE $(taskset -pc $$ | sed "s/.*: //")')");
    EXPECT_EQ(output.status, 0) << output.text;
    EXPECT_EQ(reported(output.text), planned(placement, fleet.facts()))
        << name_of(request.policy) << " with " << request.threads << " threads a rank\n"
        << hostfile << output.text;
  }
}

}  // namespace
}  // namespace clustermpi
