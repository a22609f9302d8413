// alltoall: every rank has a number for every rank.
// Run: -n 5
// Try: -n 3    three numbers each
// Try: -n 1    a rank sends to itself
//
// Number j of rank i becomes number i of rank j: seen as a table with one row a rank, it is
// transposed. It is the heaviest of the collectives, size x size messages, and the heart of
// parallel Fourier transforms and sorts.
#include "../common/example.hpp"

namespace {

const char* const usage =
    "usage: alltoall\n"
    "Rank r sends (r + 1) x j to rank j, for all j.\n";

int alltoall(example::Program& program) {
  std::vector<int> sent;
  std::vector<int> expected;
  for (int other = 0; other < program.size; ++other) {
    sent.push_back((program.rank + 1) * other);
    expected.push_back((other + 1) * program.rank);
  }
  std::vector<int> received(sent.size());
  MPI_Alltoall(sent.data(), 1, MPI_INT, received.data(), 1, MPI_INT, MPI_COMM_WORLD);

  program.say("sent ", sent, " and received ", received);
  return program.result(received == expected, "messages=", program.size * program.size);
}

}  // namespace

int main(int argc, char** argv) {
  return example::run(argc, argv, "alltoall", usage, alltoall);
}
