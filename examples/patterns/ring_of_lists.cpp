// ring_of_lists: a list goes round all ranks, and each one adds its own number to it.
// Run: -n 4
// Try: -n 8    a longer way round, a longer list
// Try: -n 1    refused: a ring needs somebody to send to
//
// A receiver does not know how long the list has become. It asks first (MPI_Probe, MPI_Get_count),
// makes room, and then receives.
#include "../common/example.hpp"

namespace {

const char* const usage =
    "usage: ring_of_lists\n"
    "Rank 0 starts a list; it goes from rank to rank, growing by one number, and back to rank 0.\n";

std::vector<int> receive_list(int source) {
  MPI_Status status;
  MPI_Probe(source, 0, MPI_COMM_WORLD, &status);
  int length = 0;
  MPI_Get_count(&status, MPI_INT, &length);
  std::vector<int> list(static_cast<std::size_t>(length));
  MPI_Recv(list.data(), length, MPI_INT, source, 0, MPI_COMM_WORLD, MPI_STATUS_IGNORE);
  return list;
}

void send_list(const std::vector<int>& list, int destination) {
  MPI_Send(list.data(), static_cast<int>(list.size()), MPI_INT, destination, 0, MPI_COMM_WORLD);
}

int ring_of_lists(example::Program& program) {
  program.require_ranks(2);
  const int previous = (program.rank + program.size - 1) % program.size;
  const int next = (program.rank + 1) % program.size;
  std::vector<int> sent;
  std::vector<int> received;
  if (program.rank == 0) {
    sent = {0};
    send_list(sent, next);
    received = receive_list(previous);
  } else {
    received = receive_list(previous);
    sent = received;
    sent.push_back(program.rank);
    send_list(sent, next);
  }
  program.say("received ", received, " and sent ", sent);

  // What arrives are the ranks from 0 to the one before; at rank 0, all of them.
  std::vector<int> expected(static_cast<std::size_t>(previous + 1));
  std::iota(expected.begin(), expected.end(), 0);
  return program.result(received == expected, "length=", received.size());
}

}  // namespace

int main(int argc, char** argv) {
  return example::run(argc, argv, "ring_of_lists", usage, ring_of_lists);
}
