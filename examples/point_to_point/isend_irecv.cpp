// isend_irecv: two ranks start a message, work while it travels, and then wait for it.
// Run: -n 2
// Try: -n 4                          ranks 2 and 3 look on
// Try: -n 2 -- --value -7            another number
// Try: -n 1                          refused: there is nobody to send to
//
// MPI_Isend and MPI_Irecv come back at once, with a request to ask about later. Until MPI_Wait
// says so, the sender must not change the buffer and the receiver must not read it.
#include <cmath>

#include "../common/example.hpp"

namespace {

const char* const usage =
    "usage: isend_irecv [--value N]\n"
    "Rank 0 sends rank 1 a number, and both work meanwhile.\n"
    "  --value N   the number (default 42)\n";

// Something to do while the message is on its way.
double work() {
  double sum = 0;
  for (int i = 1; i <= 100'000; ++i) sum += std::sqrt(i);
  return sum;
}

int isend_irecv(example::Program& program) {
  const int value = program.small_number("--value", 42, -1'000'000, 1'000'000);
  program.require_ranks(2);

  int number = program.rank == 0 ? value : 0;
  double worked = 0;
  if (program.rank <= 1) {
    MPI_Request request;
    if (program.rank == 0) {
      MPI_Isend(&number, 1, MPI_INT, 1, 0, MPI_COMM_WORLD, &request);
    } else {
      MPI_Irecv(&number, 1, MPI_INT, 0, 0, MPI_COMM_WORLD, &request);
    }
    worked = work();
    MPI_Wait(&request, MPI_STATUS_IGNORE);
  }
  program.say_if(program.rank <= 1, "has the number ", number, ", and has computed ", worked);
  return program.result(program.rank > 1 || number == value, "value=", number);
}

}  // namespace

int main(int argc, char** argv) {
  return example::run(argc, argv, "isend_irecv", usage, isend_irecv);
}
