// loop_chunks_of_one: the iterations of a loop are dealt to the ranks in turn, like cards.
// Run: -n 4
// Try: -n 3                          ranks 0 and 1 do three iterations, rank 2 does two
// Try: -n 4 -- --iterations 3        refused: a rank would have nothing to do
//
// Rank r does r, r + size, r + 2 x size ... No number of ranks is a bad one here, and if
// iterations get more expensive towards the end, each rank has its part of the expensive ones.
#include "../common/example.hpp"

namespace {

const char* const usage =
    "usage: loop_chunks_of_one [--iterations N]\n"
    "The ranks share a loop, each takes every size-th iteration.\n"
    "  --iterations N   length of the loop, not less than the number of ranks (default 8)\n";

int loop_chunks_of_one(example::Program& program) {
  const int iterations = program.small_number("--iterations", 8, 1, 1'000'000);
  program.require(iterations >= program.size, iterations, " iterations are too few for ",
                  program.size, " ranks");

  std::vector<int> mine;
  for (int i = program.rank; i < iterations; i += program.size) mine.push_back(i);
  program.say("does iterations ", mine);

  // Every iteration has been done by one rank.
  std::vector<int> times(static_cast<std::size_t>(iterations));
  for (const int i : mine) ++times[static_cast<std::size_t>(i)];
  MPI_Allreduce(MPI_IN_PLACE, times.data(), iterations, MPI_INT, MPI_SUM, MPI_COMM_WORLD);
  const bool ok = times == std::vector<int>(times.size(), 1);
  return program.result(ok, "iterations=", iterations, " most=", mine.size());
}

}  // namespace

int main(int argc, char** argv) {
  return example::run(argc, argv, "loop_chunks_of_one", usage, loop_chunks_of_one);
}
