// pi_integration: the area under 4 / (1 + x^2) between 0 and 1 is pi, and each rank adds up a part.
// Run: -n 4
// Try: -n 1                              the same pi but for rounding, in more time
// Try: -n 4 -- --intervals 100           off by 8e-6, as the formula says
//
// The area is cut into strips, dealt out like cards; each rank adds up its own, and one reduction
// adds up the ranks. No rank has to wait for another before that.
#include <cmath>

#include "../common/example.hpp"

namespace {

const char* const usage =
    "usage: pi_integration [--intervals N]\n"
    "The ranks integrate 4 / (1 + x^2) from 0 to 1 by the midpoint rule.\n"
    "  --intervals N   strips the area is cut into (default 100000000)\n";

constexpr double pi = 3.14159265358979323846;

int pi_integration(example::Program& program) {
  const std::int64_t intervals = program.number("--intervals", 100'000'000, 1, 10'000'000'000);
  const double begin = MPI_Wtime();
  const double width = 1 / static_cast<double>(intervals);
  double mine = 0;
  for (std::int64_t i = program.rank; i < intervals; i += program.size) {
    const double x = (static_cast<double>(i) + 0.5) * width;
    mine += 4 / (1 + x * x);
  }
  mine *= width;

  double sum = 0;
  MPI_Reduce(&mine, &sum, 1, MPI_DOUBLE, MPI_SUM, 0, MPI_COMM_WORLD);
  const double seconds = MPI_Wtime() - begin;
  program.say("has added ", mine);

  // The midpoint rule is off by width^2 / 12 here; the rest is rounding.
  const bool ok = program.rank != 0 || std::abs(sum - pi) < width * width / 11 + 1e-11;
  return program.result(ok, "pi=", sum, " error=", sum - pi, " intervals=", intervals,
                        " seconds=", seconds);
}

}  // namespace

int main(int argc, char** argv) {
  return example::run(argc, argv, "pi_integration", usage, pi_integration);
}
