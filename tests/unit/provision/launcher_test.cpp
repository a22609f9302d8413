#include "provision/launch/slurm.hpp"
#include "provision/launch/words.hpp"
#include "provision/steps/slurm_nodes.hpp"

#include <gmock/gmock.h>

namespace clustermpi {
namespace {

using testing::ElementsAre;
using testing::IsSupersetOf;

MpiJob job_of(std::vector<std::string> command) {
  MpiJob job;
  job.command = std::move(command);
  return job;
}
MpiJob job() {
  return job_of({"/home/pi/.clustermpi/bin/hello", "--expect", "8"});
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

TEST(MpirunArguments, InsideAnAllocationSlurmStartsTheDaemonsAndNotSsh) {
  MpiJob inside = job();
  inside.via = Via::salloc;
  EXPECT_THAT(mpirun_arguments(inside, 8, MpiFormat::openmpi4, "192.168.1.0/24"),
              ElementsAre("-np", "8", "--mca", "oob_tcp_if_include", "192.168.1.0/24", "--mca",
                          "btl_tcp_if_include", "192.168.1.0/24", "/home/pi/.clustermpi/bin/hello",
                          "--expect", "8"));
  EXPECT_THAT(mpirun_arguments(inside, 8, MpiFormat::openmpi5, "192.168.1.0/24"),
              ElementsAre("-np", "8", "--prtemca", "prte_if_include", "192.168.1.0/24", "--mca",
                          "btl_tcp_if_include", "192.168.1.0/24", "/home/pi/.clustermpi/bin/hello",
                          "--expect", "8"));
}

TEST(HydraArguments, GiveTheNameThatNodesCallBack) {
  EXPECT_THAT(hydra_arguments(job(), 8, "red"),
              ElementsAre("-n", "8", "-localhost", "red", "-launcher", "ssh", "-rmk", "user",
                          "-genvnone", "/home/pi/.clustermpi/bin/hello", "--expect", "8"));
}

TEST(HydraArguments, EnvironmentIsNamedButItsValuesAreNotShown) {
  MpiJob with_environment;
  with_environment.command = {"env"};
  with_environment.environment = {{"N", "10"}, {"FIND", "a b"}};
  EXPECT_THAT(hydra_arguments(with_environment, 1, "red"),
              ElementsAre("-n", "1", "-localhost", "red", "-launcher", "ssh", "-rmk", "user",
                          "-genvlist", "N,FIND", "env"));
}

TEST(HydraArguments, InsideAnAllocationSlurmStartsTheProxiesAndNotSsh) {
  MpiJob inside = job();
  inside.via = Via::salloc;
  EXPECT_THAT(hydra_arguments(inside, 8, "red"),
              ElementsAre("-n", "8", "-localhost", "red", "-genvnone",
                          "/home/pi/.clustermpi/bin/hello", "--expect", "8"));
}

SlurmState slurm(const std::string& nodes) {
  return parse_slurm_state("ping=Slurmctld(primary) at red is UP\n" + nodes + "end=1\n");
}
const std::string four_cpus = "node=red|2|idle|Unknown|none\nnode=red01|2|idle|Unknown|none\n";

TEST(SlurmRequest, AllSlotsAreAllNodesByName) {
  const std::vector<NodeSlots> nodes{{"red", 2, 2}, {"red01", 2, 2}};
  SlurmRequest request = slurm_request(job(), nodes, slurm(four_cpus));
  request.directory = "/home/pi";
  EXPECT_THAT(slurm_options(request),
              ElementsAre("--job-name=hello", "--chdir=/home/pi", "--ntasks=4", "--nodes=2",
                          "--nodelist=red,red01", "--ntasks-per-node=2"));
}

TEST(SlurmRequest, FewerRanksGoWhereSlurmWantsButNotOutsideTheJobsHosts) {
  MpiJob two = job();
  two.np = 2;
  two.patience = std::chrono::seconds(10);
  const SlurmState state = slurm(four_cpus + "node=arm|4|idle|Unknown|none\n");
  SlurmRequest request = slurm_request(two, {{"red", 2, 2}, {"red01", 2, 2}}, state);
  request.directory = "/home/pi";
  request.partition = "all";
  EXPECT_THAT(slurm_options(request),
              ElementsAre("--job-name=hello", "--chdir=/home/pi", "--ntasks=2", "--partition=all",
                          "--exclude=arm", "--immediate=10"));
}

// Slurm reads n[1-2]-ib as nothing at all, and a range of more than 65,536 names likewise.
TEST(SlurmRequest, NamesHostsAsSlurmReadsThem) {
  SlurmRequest request;
  request.nodes = {"n2-ib", "n1-ib", "n3"};
  request.not_on = {"r1.lan", "r2.lan"};
  EXPECT_THAT(slurm_options(request),
              IsSupersetOf({"--nodelist=n1-ib,n2-ib,n3", "--exclude=r1.lan,r2.lan"}));
  EXPECT_EQ(update_command({"n2-ib", "n1-ib"}, "state=resume"),
            "scontrol update nodename=n1-ib,n2-ib state=resume\n");
}

TEST(SlurmRequest, UnequalNodesAreFilledBySlurm) {
  const std::vector<NodeSlots> nodes{{"red", 1, 2}, {"red01", 2, 2}};
  const SlurmState state = slurm(four_cpus);
  EXPECT_EQ(slurm_request(job(), nodes, state).ranks_per_node, 0u);
  EXPECT_FALSE(places_exactly(nodes, state));
  EXPECT_TRUE(places_exactly({{"red", 1, 2}, {"red01", 1, 2}}, state));
  EXPECT_TRUE(places_exactly({{"red", 2, 2}, {"red01", 2, 2}}, state));
}

TEST(SlurmRequest, MoreRanksThanCpusAreRefusedWithTheirNumber) {
  MpiJob many = job();
  many.np = 5;
  try {
    static_cast<void>(slurm_request(many, {{"red", 2, 2}, {"red01", 2, 2}}, slurm(four_cpus)));
    FAIL() << "was not refused";
  } catch (const Error& error) {
    EXPECT_EQ(error.code(), ExitCode::usage);
    EXPECT_STREQ(error.what(), "5 ranks asked for, but Slurm has 4 CPUs on red,red01");
    EXPECT_EQ(error.hint(), "ask for at most 4");
  }
}

TEST(BatchScript, QuotesTheProgramsWords) {
  EXPECT_EQ(batch_script(job_of({"bin/a.out", "it's", "$HOME"}), MpiFormat::openmpi4),
            "#!/bin/sh\nexec srun --mpi=pmix --kill-on-bad-exit=1 bin/a.out 'it'\\''s' '$HOME'\n");
  EXPECT_EQ(batch_script(job_of({"a.out"}), MpiFormat::mpich),
            "#!/bin/sh\nexec srun --mpi=pmi2 --kill-on-bad-exit=1 a.out\n");
  EXPECT_EQ(job_name({"/home/pi/bin/a.out"}), "a.out");
  EXPECT_EQ(job_name({"bin/"}), "job");
}

TEST(PlacedStep, HasAllOfItsNodesAndNamesTheCores) {
  EXPECT_THAT(placed_step(job_of({"a.out", "x"}), MpiFormat::openmpi4, 3, "map_cpu:0,1"),
              testing::ElementsAre("srun", "--whole", "--distribution=arbitrary", "--ntasks=3",
                                   "--cpu-bind=map_cpu:0,1", "--mpi=pmix", "--kill-on-bad-exit=1",
                                   "a.out", "x"));
  SlurmRequest request;
  request.whole_nodes = true;
  EXPECT_THAT(slurm_options(request), testing::Contains("--exclusive"));
}

}  // namespace
}  // namespace clustermpi
