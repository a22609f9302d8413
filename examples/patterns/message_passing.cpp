// message_passing: partners exchange their ranks; odd ranks send first, even ones receive first.
// Run: -n 4
// Try: -n 10    five pairs
// Try: -n 3     refused: one rank would have no partner
//
// This is the cure for message_passing_deadlock: at any time one partner sends while the other
// receives. MPI_Send may come back before the message has arrived, MPI_Recv only after.
#include "../common/example.hpp"

namespace {

const char* const usage =
    "usage: message_passing\n"
    "Partners 0-1, 2-3 ... exchange their ranks.\n";

int message_passing(example::Program& program) {
  program.require_pairs();
  const int sent = program.rank;
  int received = -1;
  int partner = 0;
  if (program.rank % 2 == 1) {
    partner = program.rank - 1;
    MPI_Send(&sent, 1, MPI_INT, partner, 0, MPI_COMM_WORLD);
    MPI_Recv(&received, 1, MPI_INT, partner, 0, MPI_COMM_WORLD, MPI_STATUS_IGNORE);
  } else {
    partner = program.rank + 1;
    MPI_Recv(&received, 1, MPI_INT, partner, 0, MPI_COMM_WORLD, MPI_STATUS_IGNORE);
    MPI_Send(&sent, 1, MPI_INT, partner, 0, MPI_COMM_WORLD);
  }
  program.say("sent ", sent, " and received ", received);
  return program.result(received == partner, "pairs=", program.size / 2);
}

}  // namespace

int main(int argc, char** argv) {
  return example::run(argc, argv, "message_passing", usage, message_passing);
}
