// message_passing_deadlock: pairs of ranks wait for each other for ever, until a deadline.
// Run: -n 4 -- --deadline 1
// Try: -n 4 -- --first send                     works, by luck: MPI buffers small messages
// Try: -n 2 -- --first send --bytes 10000000    stuck again: too large to be buffered
// Try: -n 3                                     refused: one rank would have no partner
//
// Both partners receive first, so neither comes to send. MPI_Recv would never return. It is
// written here as what it is inside, MPI_Irecv and a wait, because a wait can have a deadline.
// After the deadline each rank does its second step in spite of the first, and all end well:
// a deadlock that was shown is what this program calls right (exit status 0). The cure is to
// let one partner receive first and the other send first (message_passing), or to have MPI do
// both at once (sendrecv).
#include <algorithm>

#include "../common/example.hpp"

namespace {

const char* const usage =
    "usage: message_passing_deadlock [--first STEP] [--bytes N] [--deadline SECONDS]\n"
    "Partners 0-1, 2-3 ... exchange messages in the wrong order.\n"
    "  --first STEP         what both partners do first: receive or send (default receive)\n"
    "  --bytes N            length of a message (default 4)\n"
    "  --deadline SECONDS   how long to be stuck, 1 to 3600 (default 3)\n";

int message_passing_deadlock(example::Program& program) {
  const std::string first = program.word("--first", "receive");
  const int bytes = program.small_number("--bytes", 4, 1, 1 << 30);
  const int deadline = program.small_number("--deadline", 3, 1, 3600);
  program.require(first == "receive" || first == "send", "--first cannot be '", first,
                  "', only receive or send; see --help");
  program.require_pairs();
  const int partner = program.rank % 2 == 0 ? program.rank + 1 : program.rank - 1;

  const std::vector<char> mine(static_cast<std::size_t>(bytes), static_cast<char>(program.rank));
  std::vector<char> theirs(mine.size());
  MPI_Request receive;
  MPI_Request send;
  const auto start_receive = [&] {
    MPI_Irecv(theirs.data(), bytes, MPI_CHAR, partner, 0, MPI_COMM_WORLD, &receive);
  };
  const auto start_send = [&] {
    MPI_Isend(mine.data(), bytes, MPI_CHAR, partner, 0, MPI_COMM_WORLD, &send);
  };
  if (first == "receive") {
    start_receive();
  } else {
    start_send();
  }
  // MPI_Recv or MPI_Send would stay here for ever.
  const bool stuck = !example::completes_within(deadline, first == "receive" ? receive : send);
  MPI_Barrier(MPI_COMM_WORLD);  // lest a rank that gives up early free a partner that has not
  if (first == "receive") {
    start_send();
  } else {
    start_receive();
  }
  MPI_Wait(&receive, MPI_STATUS_IGNORE);
  MPI_Wait(&send, MPI_STATUS_IGNORE);

  program.say_if(stuck, "was in a deadlock: it and rank ", partner, " both had to ", first,
                 " first, and for ", deadline, " s neither went on; let one of the two begin with ",
                 first == "receive" ? "its send" : "its receive", ", or use MPI_Sendrecv");
  program.say_if(!stuck, "was lucky: MPI kept its ", bytes,
                 " bytes in a buffer, so the send ended without a receive");
  const bool arrived = std::all_of(theirs.begin(), theirs.end(),
                                   [&](char byte) { return byte == static_cast<char>(partner); });
  const bool as_expected = stuck || first == "send";
  return program.result(arrived && as_expected, "first=", first, " bytes=", bytes,
                        " deadlock=", stuck);
}

}  // namespace

int main(int argc, char** argv) {
  return example::run(argc, argv, "message_passing_deadlock", usage, message_passing_deadlock);
}
