// loop_equal_chunks: a loop is cut into blocks of equal length, one for each rank.
// Run: -n 4
// Try: -n 8                          one iteration a rank
// Try: -n 3                          refused: 8 iterations do not divide by 3
// Try: -n 4 -- --iterations 16       four iterations a rank
//
// Rank r does the iterations from r x chunk up to (r + 1) x chunk. Neighbouring iterations stay
// together, which is good for data that lies side by side.
#include "../common/example.hpp"

namespace {

const char* const usage =
    "usage: loop_equal_chunks [--iterations N]\n"
    "The ranks share a loop, each has a block of it.\n"
    "  --iterations N   length of the loop, divisible by the number of ranks (default 8)\n";

int loop_equal_chunks(example::Program& program) {
  const int iterations = program.small_number("--iterations", 8, 1, 1'000'000);
  program.require(iterations % program.size == 0, iterations, " iterations do not divide by ",
                  program.size, " ranks");

  const int chunk = iterations / program.size;
  const int begin = program.rank * chunk;
  std::vector<int> mine;
  for (int i = begin; i < begin + chunk; ++i) mine.push_back(i);
  program.say("does iterations ", mine);

  // Every iteration has been done by one rank.
  std::vector<int> times(static_cast<std::size_t>(iterations));
  for (const int i : mine) ++times[static_cast<std::size_t>(i)];
  MPI_Allreduce(MPI_IN_PLACE, times.data(), iterations, MPI_INT, MPI_SUM, MPI_COMM_WORLD);
  const bool ok = times == std::vector<int>(times.size(), 1);
  return program.result(ok, "iterations=", iterations, " chunk=", chunk);
}

}  // namespace

int main(int argc, char** argv) {
  return example::run(argc, argv, "loop_equal_chunks", usage, loop_equal_chunks);
}
