// dynamic_load_balance: a master hands out tasks one by one, to whoever is free.
// Run: -n 4
// Try: -n 2                          one worker has to do all of them
// Try: -n 4 -- --tasks 3             one task a worker, so nothing can be balanced
// Try: -n 1                          refused: a master alone does no work
//
// Tasks take 1 to 8 units of time. Dealt out in equal numbers, they would leave some ranks idle
// and others late. Here a worker that answers gets the next task. The tag of a message says what
// it is: work, or stop. task_farm/task_farm.hpp is this pattern grown up.
#include "../common/example.hpp"

namespace {

const char* const usage =
    "usage: dynamic_load_balance [--tasks N] [--unit MILLISECONDS]\n"
    "Rank 0 hands out tasks of different length to the others, which sleep that long.\n"
    "  --tasks N             number of tasks (default: 4 a worker)\n"
    "  --unit MILLISECONDS   how long the shortest task takes (default 20)\n";

enum Tag { work_tag = 1, stop_tag = 2 };

// Does tasks until it is told to stop; returns how much it did.
int work(int unit) {
  int done = 0;
  while (true) {
    int task = 0;
    MPI_Status status;
    MPI_Recv(&task, 1, MPI_INT, 0, MPI_ANY_TAG, MPI_COMM_WORLD, &status);
    if (status.MPI_TAG == stop_tag) return done;
    std::this_thread::sleep_for(std::chrono::milliseconds(unit) * task);
    done += task;
    MPI_Send(&task, 1, MPI_INT, 0, work_tag, MPI_COMM_WORLD);
  }
}

// Hands out all tasks; returns how many units each rank was given, or nothing if an answer is
// wrong.
std::vector<int> hand_out(const std::vector<int>& tasks, int size) {
  std::vector<int> given(static_cast<std::size_t>(size));
  std::vector<int> last(given.size());  // the task each rank has now
  std::size_t next = 0;
  // Sends a worker its next task, or tells it that there is none.
  const auto serve = [&](int worker) {
    if (next < tasks.size()) {
      const int task = tasks[next++];
      std::printf("The master sends a task of %d units to rank %d\n", task, worker);
      MPI_Send(&task, 1, MPI_INT, worker, work_tag, MPI_COMM_WORLD);
      last[static_cast<std::size_t>(worker)] = task;
      given[static_cast<std::size_t>(worker)] += task;
    } else {
      const int nothing = 0;
      MPI_Send(&nothing, 1, MPI_INT, worker, stop_tag, MPI_COMM_WORLD);
    }
  };
  bool ok = true;
  for (int worker = 1; worker < size; ++worker) serve(worker);
  for (std::size_t answers = 0; answers < tasks.size(); ++answers) {
    int task = 0;
    MPI_Status status;
    MPI_Recv(&task, 1, MPI_INT, MPI_ANY_SOURCE, work_tag, MPI_COMM_WORLD, &status);
    std::printf("The master hears that rank %d has done %d units\n", status.MPI_SOURCE, task);
    ok = ok && task == last[static_cast<std::size_t>(status.MPI_SOURCE)];
    serve(status.MPI_SOURCE);
  }
  return ok ? given : std::vector<int>();
}

int dynamic_load_balance(example::Program& program) {
  const int count = program.small_number("--tasks", 4 * (program.size - 1), 1, 10'000);
  const int unit = program.small_number("--unit", 20, 0, 1000);
  program.require_ranks(2);

  int done = 0;
  int units = 0;
  std::vector<int> given;
  if (program.rank == 0) {
    std::vector<int> tasks;
    for (int i = 0; i < count; ++i) {
      tasks.push_back(1 +
                      static_cast<int>(example::random_bits(static_cast<std::uint64_t>(i)) % 8));
    }
    units = std::accumulate(tasks.begin(), tasks.end(), 0);
    given = hand_out(tasks, program.size);
  } else {
    done = work(unit);
  }
  program.say_if(program.rank != 0, "did ", done, " units and was told to stop");

  // Each worker did what the master gave it.
  std::vector<int> did(static_cast<std::size_t>(program.size));
  MPI_Gather(&done, 1, MPI_INT, did.data(), 1, MPI_INT, 0, MPI_COMM_WORLD);
  const bool ok = program.rank != 0 || did == given;
  return program.result(ok, "tasks=", count, " units=", units, " workers=", program.size - 1);
}

}  // namespace

int main(int argc, char** argv) {
  return example::run(argc, argv, "dynamic_load_balance", usage, dynamic_load_balance);
}
