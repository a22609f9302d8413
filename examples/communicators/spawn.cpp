// spawn: a manager starts its own workers, which integrate pi for it.
// Run: -n 1
// Try: -n 1 -- --workers 4                   the same pi, from four
// Try: -n 1 -- --intervals 1000              closer to pi
// Try: -n 2                                  refused: one manager is enough
//
// MPI_Comm_spawn starts more processes while the program runs. They have a world of their own, and
// a second communicator to their parent, which has one group on either side: in a collective
// across it, the side with the root names MPI_ROOT, and the other side names the root's rank.
// Not every MPI can do it everywhere (Debian's MPICH 4.0 cannot): the program then says so.
#include <cmath>

#include "../common/example.hpp"

namespace {

const char* const usage =
    "usage: spawn [--workers N] [--intervals N]\n"
    "A manager spawns workers, sends them a number of intervals, and gets pi back.\n"
    "  --workers N     how many to start (default 2)\n"
    "  --intervals N   steps of the integration (default 100)\n";

constexpr double pi = 3.14159265358979323846;

// What a worker does: its share of the area under 4 / (1 + x^2), between 0 and 1.
int work(MPI_Comm manager, int rank, int size) {
  int intervals = 0;
  MPI_Bcast(&intervals, 1, MPI_INT, 0, manager);
  double area = 0;
  for (int i = rank; i < intervals; i += size) {
    const double x = (i + 0.5) / intervals;
    area += 4 / (1 + x * x) / intervals;
  }
  MPI_Reduce(&area, nullptr, 1, MPI_DOUBLE, MPI_SUM, 0, manager);
  MPI_Comm_disconnect(&manager);
  return 0;
}

// argv[0] as this process was started: the workers are the same program.
std::string own_path;

int spawn(example::Program& program) {
  MPI_Comm parent;
  MPI_Comm_get_parent(&parent);
  if (parent != MPI_COMM_NULL) return work(parent, program.rank, program.size);

  const int count = program.small_number("--workers", 2, 1, 64);
  int intervals = program.small_number("--intervals", 100, 1, 1'000'000);
  program.require(program.size == 1, "needs 1 rank, which starts the others, not ", program.size);

  MPI_Comm workers;
  MPI_Comm_set_errhandler(MPI_COMM_SELF, MPI_ERRORS_RETURN);
  const int error = MPI_Comm_spawn(own_path.c_str(), MPI_ARGV_NULL, count, MPI_INFO_NULL, 0,
                                   MPI_COMM_SELF, &workers, MPI_ERRCODES_IGNORE);
  program.require(error == MPI_SUCCESS, "MPI cannot start ", count,
                  " workers here: there are too few free slots, or it is built without spawn");

  double area = 0;
  MPI_Bcast(&intervals, 1, MPI_INT, MPI_ROOT, workers);
  MPI_Reduce(nullptr, &area, 1, MPI_DOUBLE, MPI_SUM, MPI_ROOT, workers);
  MPI_Comm_disconnect(&workers);

  program.say("has started ", count, " workers, and they have found ", area);
  // The midpoint rule is wrong by h^2 / 12 here, and by less than 1e-12 for rounding.
  const double h = 1.0 / intervals;
  const bool ok = std::abs(area - pi) < h * h / 11 + 1e-12;
  return program.result(ok, "workers=", count, " intervals=", intervals, " pi=", area);
}

}  // namespace

int main(int argc, char** argv) {
  own_path = argv[0];
  return example::run(argc, argv, "spawn", usage, spawn);
}
