// spmd: one program, many processes: each says which one it is.
// Run: -n 4
// Try: -n 8    eight greetings: the program is the same, only its number differs
// Try: -n 1    one process is a world too
//
// Single program, multiple data is what all the other examples build on. Every process has
// variables of its own; `rank` holds another value in each, and all differences start there.
#include "../common/example.hpp"

namespace {

const char* const usage =
    "usage: spmd\n"
    "Every process says its rank, how many there are, and its host.\n";

int spmd(example::Program& program) {
  program.say("greets you");

  // All numbers from 0 to size - 1 are there, once.
  std::vector<int> ranks(static_cast<std::size_t>(program.size));
  MPI_Allgather(&program.rank, 1, MPI_INT, ranks.data(), 1, MPI_INT, MPI_COMM_WORLD);
  std::vector<int> expected(ranks.size());
  std::iota(expected.begin(), expected.end(), 0);
  return program.result(ranks == expected, "size=", program.size);
}

}  // namespace

int main(int argc, char** argv) {
  return example::run(argc, argv, "spmd", usage, spmd);
}
