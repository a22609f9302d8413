// deadlock: two ranks among many wait for each other's message, and the others go on.
// Run: -n 6 -- --deadline 1
// Try: -n 6 -- --cure swap         one of the two sends first: no deadlock
// Try: -n 6 -- --cure sendrecv     MPI does both at once: no deadlock
// Try: -n 5                        refused: there is no rank 5
//
// Ranks 1 and 5 each receive and then send. The rest of the world has nothing to do with it and
// gets on, so that a program may look alive while a part of it is stuck. A receive with a deadline
// (MPI_Irecv and a wait that ends) finds it; then the two send after all, and everything ends
// well. Exit status 0 says that the deadlock was there without a cure, or not there with one.
#include "../common/example.hpp"

namespace {

const char* const usage =
    "usage: deadlock [--cure CURE] [--deadline SECONDS]\n"
    "Ranks 1 and 5 exchange a letter, in the wrong order or cured.\n"
    "  --cure CURE          none, swap (rank 5 sends first) or sendrecv (default none)\n"
    "  --deadline SECONDS   how long to be stuck, 1 to 3600 (default 3)\n";

constexpr int tag = 0;

int deadlock(example::Program& program) {
  const std::string cure = program.word("--cure", "none");
  const int deadline = program.small_number("--deadline", 3, 1, 3600);
  program.require(cure == "none" || cure == "swap" || cure == "sendrecv", "--cure cannot be '",
                  cure, "', only none, swap or sendrecv; see --help");
  program.require_ranks(6);

  const bool takes_part = program.rank == 1 || program.rank == 5;
  const int partner = program.rank == 1 ? 5 : 1;
  const char mine = program.rank == 1 ? 'a' : 'b';
  char theirs = '?';
  bool stuck = false;
  program.say("is here");
  if (takes_part && cure == "sendrecv") {
    MPI_Sendrecv(&mine, 1, MPI_CHAR, partner, tag, &theirs, 1, MPI_CHAR, partner, tag,
                 MPI_COMM_WORLD, MPI_STATUS_IGNORE);
  } else if (takes_part) {
    const bool sends_first = cure == "swap" && program.rank == 5;
    if (sends_first) MPI_Send(&mine, 1, MPI_CHAR, partner, tag, MPI_COMM_WORLD);
    MPI_Request receive;
    MPI_Irecv(&theirs, 1, MPI_CHAR, partner, tag, MPI_COMM_WORLD, &receive);
    stuck = !example::completes_within(deadline, receive);  // MPI_Recv would stay here for ever
    if (!sends_first) MPI_Send(&mine, 1, MPI_CHAR, partner, tag, MPI_COMM_WORLD);
    MPI_Wait(&receive, MPI_STATUS_IGNORE);
  }

  // Whoever gives up first frees the other: one of the two is enough to tell.
  int deadlocks = stuck ? 1 : 0;
  MPI_Allreduce(MPI_IN_PLACE, &deadlocks, 1, MPI_INT, MPI_MAX, MPI_COMM_WORLD);
  program.say_if(takes_part, "sent ", mine, " to rank ", partner, " and received ", theirs);
  if (program.rank == 0 && deadlocks > 0) {
    std::printf(
        "Ranks 1 and 5 were in a deadlock: each had to receive before it sent, and for %d s "
        "neither got anything; let one of them send first (--cure swap), or use MPI_Sendrecv "
        "(--cure sendrecv)\n",
        deadline);
  }
  const bool arrived = !takes_part || theirs == (program.rank == 1 ? 'b' : 'a');
  return program.result(arrived && deadlocks == (cure == "none" ? 1 : 0), "cure=", cure,
                        " deadlock=", deadlocks);
}

}  // namespace

int main(int argc, char** argv) {
  return example::run(argc, argv, "deadlock", usage, deadlock);
}
