// message_passing_lists: partners exchange lists of numbers instead of single ones.
// Run: -n 4
// Try: -n 4 -- --length 1        as short as message_passing
// Try: -n 5                      refused: one rank would have no partner
//
// A list of numbers that lie side by side in memory is one message: MPI is told where it begins,
// how many there are and of what type.
#include "../common/example.hpp"

namespace {

const char* const usage =
    "usage: message_passing_lists [--length N]\n"
    "Partners 0-1, 2-3 ... exchange lists that begin with their ranks.\n"
    "  --length N   numbers in a list (default 8)\n";

std::vector<int> list_of(int rank, int length) {
  std::vector<int> list(static_cast<std::size_t>(length));
  std::iota(list.begin(), list.end(), rank);
  return list;
}

int message_passing_lists(example::Program& program) {
  const int length = program.small_number("--length", 8, 1, 1000);
  program.require_pairs();
  const std::vector<int> sent = list_of(program.rank, length);
  std::vector<int> received(sent.size());
  int partner = 0;
  if (program.rank % 2 == 1) {
    partner = program.rank - 1;
    MPI_Send(sent.data(), length, MPI_INT, partner, 0, MPI_COMM_WORLD);
    MPI_Recv(received.data(), length, MPI_INT, partner, 0, MPI_COMM_WORLD, MPI_STATUS_IGNORE);
  } else {
    partner = program.rank + 1;
    MPI_Recv(received.data(), length, MPI_INT, partner, 0, MPI_COMM_WORLD, MPI_STATUS_IGNORE);
    MPI_Send(sent.data(), length, MPI_INT, partner, 0, MPI_COMM_WORLD);
  }
  program.say("sent ", sent, " and received ", received);
  return program.result(received == list_of(partner, length), "pairs=", program.size / 2,
                        " length=", length);
}

}  // namespace

int main(int argc, char** argv) {
  return example::run(argc, argv, "message_passing_lists", usage, message_passing_lists);
}
