// gather: rank 0 collects a short list from every rank, in rank order.
// Run: -n 4
// Try: -n 8                        the collected list grows with the ranks
// Try: -n 4 -- --length 1          one number a rank
//
// The reverse of scatter. Only rank 0 gets the outcome, and only rank 0 needs room for it; where
// all ranks want it, there is MPI_Allgather.
#include "../common/example.hpp"

namespace {

const char* const usage =
    "usage: gather [--length N]\n"
    "Rank r has the numbers 10r, 20r, 30r ...; rank 0 collects them all.\n"
    "  --length N   numbers a rank (default 3)\n";

std::vector<int> list_of(int rank, int length) {
  std::vector<int> list;
  for (int i = 1; i <= length; ++i) list.push_back(10 * rank * i);
  return list;
}

int gather(example::Program& program) {
  const int length = program.small_number("--length", 3, 1, 1000);
  const std::vector<int> mine = list_of(program.rank, length);
  program.say("starts with ", mine);

  std::vector<int> all;
  if (program.rank == 0) all.resize(mine.size() * static_cast<std::size_t>(program.size));
  MPI_Gather(mine.data(), length, MPI_INT, all.data(), length, MPI_INT, 0, MPI_COMM_WORLD);

  std::vector<int> expected;
  for (int rank = 0; program.rank == 0 && rank < program.size; ++rank) {
    const std::vector<int> list = list_of(rank, length);
    expected.insert(expected.end(), list.begin(), list.end());
  }
  program.say("has ", all, " after the gather");
  return program.result(all == expected, "length=", all.size());
}

}  // namespace

int main(int argc, char** argv) {
  return example::run(argc, argv, "gather", usage, gather);
}
