// What a sweep takes from the output of its programs.
#include "cli/benchmark.hpp"

#include <gmock/gmock.h>

#include "tests/unit/example_cluster.hpp"

namespace clustermpi::cli {
namespace {

class BenchmarkTest : public test::ExampleCluster {
 protected:
  [[nodiscard]] SweepRun run_of(const std::string& command, const std::string& out,
                                int exit_status = 0) {
    Result result;
    result.out = out;
    result.exit_status = exit_status;
    SweepRun run;
    program_benchmark({command})->program(cluster, {}).read(result, run);
    return run;
  }
};

TEST_F(BenchmarkTest, ReadsTheLineResult) {
  const SweepRun run = run_of("mandelbrot", "bits\nRESULT mandelbrot seconds=1.5 ok=1\n");
  EXPECT_EQ(run.fault, "");
  EXPECT_EQ(run.figures.at("seconds"), "1.5");
}

TEST_F(BenchmarkTest, TakesNoExampleForRunWhoseOutputWasLost) {
  EXPECT_EQ(run_of("mandelbrot", "bits\nRESU").fault, "its line RESULT did not come through");
  EXPECT_EQ(run_of("mandelbrot", "", 1).fault, "") << "it failed: its exit status says so";
  EXPECT_EQ(run_of("bin/a.out", "bits\n").fault, "") << "not every program has such a line";
}

}  // namespace
}  // namespace clustermpi::cli
