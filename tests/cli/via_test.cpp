// --via of `run` and `verify`: which ways there are, and what is said of others.
#include "tests/cli/app_on_sshd.hpp"

namespace clustermpi::test {
namespace {

using testing::HasSubstr;

using ViaTest = AppOnSshd;

TEST_F(ViaTest, AWayThatThereIsNotIsRefusedWithThoseThatThereAre) {
  const Outcome run_outcome = run({"run", "--via", "rsh", "--", "true"});
  EXPECT_EQ(run_outcome.status, 2);
  EXPECT_EQ(run_outcome.err,
            "error: there is no way 'rsh'\n  one of: mpirun, srun, salloc, sbatch\n");
  // A batch job proves nothing that srun does not.
  const Outcome verify_outcome = run({"verify", "--via", "sbatch"});
  EXPECT_EQ(verify_outcome.status, 2);
  EXPECT_EQ(verify_outcome.err,
            "error: there is no way 'sbatch'\n  one of: mpirun, srun, salloc, all\n");
}

TEST_F(ViaTest, HelpNamesTheWays) {
  EXPECT_THAT(run({"run", "--help"}).out, HasSubstr("--via WAY:{mpirun,srun,salloc,sbatch}"));
  EXPECT_THAT(run({"verify", "--help"}).out, HasSubstr("--via WAY:{mpirun,srun,salloc,all}"));
}

}  // namespace
}  // namespace clustermpi::test
