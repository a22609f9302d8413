#include "hosts/overview.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/unit/hosts/example_fleet.hpp"

namespace clustermpi {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;

FleetFacts with_a_server() {
  FleetFacts facts = example::fleet_facts();
  Facts& server = facts["red02"];
  server.sockets = 2;
  server.cores_per_socket = 8;
  server.threads_per_core = 2;
  server.architecture = "amd64";
  server.model.clear();
  server.packages["openmpi-bin"] = "4.1.4-3+b1";
  return facts;
}

TEST(FactsTable, AlignsItsColumns) {
  FleetFacts facts = with_a_server();
  facts.erase("red03");
  EXPECT_EQ(
      facts_table(example::inventory(), facts),
      "HOST   ADDRESS       SYSTEM     ARCH   CPU    MEMORY   FREE      PYTHON  MPI             "
      "MODEL\n"
      "red    192.168.1.10  debian 12  arm64  4      3.7 GiB  10.0 GiB  3.11.2  -               "
      "Raspberry Pi 4 Model B Rev 1.4\n"
      "red01  192.168.1.11  debian 12  arm64  4      3.7 GiB  10.0 GiB  3.11.2  -               "
      "Raspberry Pi 4 Model B Rev 1.4\n"
      "red02  192.168.1.12  debian 12  amd64  2x8x2  3.7 GiB  10.0 GiB  3.11.2  Open MPI 4.1.4  "
      "-\n"
      "red03  192.168.1.13  unknown    -      -      -        -         -       -               "
      "-\n");
}

TEST(FactsTable, ShowsTheMpiThatTheInventoryAsksFor) {
  Inventory inventory = example::inventory();
  inventory.mpi = MpiImplementation::mpich;
  FleetFacts facts = with_a_server();
  EXPECT_THAT(facts_table(inventory, facts), testing::Not(testing::HasSubstr("4.1.4")));
  facts["red02"].packages["mpich"] = "4.0.2-3+b1";
  EXPECT_THAT(facts_table(inventory, facts), testing::HasSubstr("MPICH 4.0.2"));
}

TEST(SystemVectors, AreOneForAFleetOfOneKind) {
  const auto vectors = system_vectors(example::inventory(), example::fleet_facts());
  EXPECT_THAT(vectors, ElementsAre(SystemVector{4, 1, 4, 1}));
  EXPECT_EQ(render_vectors(vectors), "S(4, 1, 4, 1)");
  EXPECT_EQ(render_totals(vectors), "S^T(4, 4, 16, 16)");
}

TEST(SystemVectors, AreAListForAMixedFleet) {
  const auto vectors = system_vectors(example::inventory(), with_a_server());
  EXPECT_THAT(vectors, ElementsAre(SystemVector{3, 1, 4, 1}, SystemVector{1, 2, 8, 2}));
  EXPECT_EQ(render_vectors(vectors), "[S(3, 1, 4, 1), S(1, 2, 8, 2)]");
  EXPECT_EQ(render_totals(vectors), "[S^T(3, 3, 12, 12), S^T(1, 2, 16, 32)]");
}

TEST(SystemVectors, AreNoneWithoutFacts) {
  EXPECT_THAT(system_vectors(example::inventory(), {}), IsEmpty());
  EXPECT_EQ(render_vectors({}), "[]");
}

}  // namespace
}  // namespace clustermpi
