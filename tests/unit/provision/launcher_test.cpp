#include "provision/launcher.hpp"

#include <gmock/gmock.h>

namespace clustermpi {
namespace {

using testing::ElementsAre;

MpiJob job() {
  MpiJob job;
  job.command = {"/home/pi/.clustermpi/bin/hello", "--expect", "8"};
  return job;
}

TEST(MpirunArguments, OpenMpi4GetsTheNetworkForBothItsLayers) {
  EXPECT_THAT(mpirun_arguments(job(), 8, MpiFormat::openmpi4, "192.168.1.0/24"),
              ElementsAre("-np", "8", "--mca", "oob_tcp_if_include", "192.168.1.0/24", "--mca",
                          "plm_rsh_args", "-o BatchMode=yes -o ConnectTimeout=10", "--mca",
                          "btl_tcp_if_include", "192.168.1.0/24", "/home/pi/.clustermpi/bin/hello",
                          "--expect", "8"));
}

TEST(MpirunArguments, OpenMpi5NamesTheRuntimesOptionsDifferently) {
  EXPECT_THAT(mpirun_arguments(job(), 8, MpiFormat::openmpi5, "192.168.1.0/24"),
              ElementsAre("-np", "8", "--prtemca", "prte_if_include", "192.168.1.0/24", "--prtemca",
                          "plm_ssh_args", "-o BatchMode=yes -o ConnectTimeout=10", "--mca",
                          "btl_tcp_if_include", "192.168.1.0/24", "/home/pi/.clustermpi/bin/hello",
                          "--expect", "8"));
}

TEST(MpirunArguments, EnvironmentIsNamedButItsValuesAreNotShown) {
  MpiJob with_environment;
  with_environment.command = {"env"};
  with_environment.environment = {{"N", "10"}, {"FIND", "a b"}};
  const auto words = mpirun_arguments(with_environment, 1, MpiFormat::openmpi4, "10.0.0.0/8");
  EXPECT_THAT(words, testing::IsSupersetOf({"-x", "N", "-x", "FIND"}));
  EXPECT_THAT(words, testing::Not(testing::Contains(testing::HasSubstr("a b"))));
}

}  // namespace
}  // namespace clustermpi
