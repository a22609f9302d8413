// sendrecv: partners exchange a letter in one call that cannot deadlock.
// Run: -n 4
// Try: -n 5    rank 4 has no partner: MPI_PROC_NULL stands in for it
// Try: -n 1    nobody to talk to, and still no special case
//
// Third cure of the deadlock: both partners call MPI_Sendrecv, and MPI sees to the order. A message
// to or from MPI_PROC_NULL does nothing at once, which saves an `if` at the edge.
#include "../common/example.hpp"

namespace {

const char* const usage =
    "usage: sendrecv\n"
    "Partners 0-1, 2-3 ... exchange letters.\n";

char letter_of(int rank) {
  return static_cast<char>('a' + rank % 26);
}

int sendrecv(example::Program& program) {
  int partner = program.rank % 2 == 0 ? program.rank + 1 : program.rank - 1;
  if (partner >= program.size) partner = MPI_PROC_NULL;

  const char sent = letter_of(program.rank);
  char received = '-';
  MPI_Sendrecv(&sent, 1, MPI_CHAR, partner, 0, &received, 1, MPI_CHAR, partner, 0, MPI_COMM_WORLD,
               MPI_STATUS_IGNORE);

  program.say("sent ", sent, " and received ", received);
  const char expected = partner == MPI_PROC_NULL ? '-' : letter_of(partner);
  return program.result(received == expected, "pairs=", program.size / 2);
}

}  // namespace

int main(int argc, char** argv) {
  return example::run(argc, argv, "sendrecv", usage, sendrecv);
}
