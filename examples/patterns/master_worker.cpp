// master_worker: rank 0 takes the part of the master, all others are workers.
// Run: -n 6
// Try: -n 2    one master and one worker; the master stays rank 0
// Try: -n 1    a master with nobody to work for it
//
// The one difference to spmd is the `if`: what a process does follows from its rank.
#include "../common/example.hpp"

namespace {

const char* const usage =
    "usage: master_worker\n"
    "Rank 0 greets as the master, all others as workers.\n";

int master_worker(example::Program& program) {
  int workers = 0;
  if (program.rank == 0) {
    program.say("greets you, its master");
  } else {
    program.say("greets you, a worker");
    workers = 1;
  }
  MPI_Allreduce(MPI_IN_PLACE, &workers, 1, MPI_INT, MPI_SUM, MPI_COMM_WORLD);
  return program.result(workers == program.size - 1, "masters=1 workers=", workers);
}

}  // namespace

int main(int argc, char** argv) {
  return example::run(argc, argv, "master_worker", usage, master_worker);
}
