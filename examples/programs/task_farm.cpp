// task_farm: a master with a queue of tasks, workers that answer, one task that fails.
// Run: -n 4
// Try: -n 4 -- --fail -1                    no task fails
// Try: -n 4 -- --stall 2 --deadline 1       worker 2 hangs, is named, and its task fails
// Try: -n 1                                 refused: a master alone does no work
//
// Shows what the header task_farm/task_farm.hpp can do. Every task is an array, answered by a
// larger array that goes straight to its place; on the way the workers send small values of their
// own.
#include <algorithm>

#include "../common/example.hpp"
#include "../task_farm/task_farm.hpp"

namespace {

const char* const usage =
    "usage: task_farm [--tasks N] [--fail TASK] [--stall RANK] [--deadline SECONDS]\n"
    "Rank 0 has a queue of tasks; the others do them, and one of them fails.\n"
    "  --tasks N            number of tasks (default 10)\n"
    "  --fail TASK          the task that fails, or -1 for none (default 3, or the last)\n"
    "  --stall RANK         a worker that hangs, or 0 (default 0)\n"
    "  --deadline SECONDS   how long a worker may be silent, 1 to 3600 (default 10)\n";

constexpr int output_length = 1000;

struct Input {
  int task;
  int length;
};

// Task t is answered by t, t + 1, t + 2 ...
std::vector<int> output_of(Input input) {
  std::vector<int> output(static_cast<std::size_t>(input.length));
  std::iota(output.begin(), output.end(), input.task);
  return output;
}

void work(int rank, int failing_task, int stalling_rank) {
  task_farm::Worker worker(MPI_COMM_WORLD);
  int done = 0;
  worker.serve<Input>([&](Input input) {
    while (rank == stalling_rank) std::this_thread::sleep_for(std::chrono::seconds(1));
    if (input.task == failing_task) throw std::runtime_error("this task cannot be done");
    worker.send("done before", done++);
    return output_of(input);
  });
}

int task_farm_demo(example::Program& program) {
  const int count = program.small_number("--tasks", 10, 1, 10'000);
  const int failing_task = program.small_number("--fail", std::min(3, count - 1), -1, count - 1);
  const int stalling_rank = program.small_number("--stall", 0, 0, program.size - 1);
  const int deadline = program.small_number("--deadline", 10, 1, 3600);
  program.require_ranks(2);
  if (program.rank != 0) {
    work(program.rank, failing_task, stalling_rank);
    return program.result(true);
  }

  std::vector<Input> inputs;
  for (int task = 0; task < count; ++task) inputs.push_back({task, output_length});
  std::vector<std::vector<int>> outputs(inputs.size(), std::vector<int>(output_length));
  task_farm::Master farm(MPI_COMM_WORLD, std::chrono::seconds(deadline));
  for (std::size_t task = 0; task < inputs.size(); ++task) farm.add(inputs[task], outputs[task]);
  farm.on_message([](task_farm::Message& message) {
    std::printf("Worker %d says: %s = %d\n", message.worker(), message.name().c_str(),
                message.value<int>());
  });

  int done = 0;
  int failed = 0;
  bool ok = true;
  while (const auto outcome = farm.next()) {
    if (outcome->ok) {
      std::printf("Worker %d has done task %d\n", outcome->worker, outcome->task);
      const auto task = static_cast<std::size_t>(outcome->task);
      ok = ok && outputs[task] == output_of(inputs[task]);
      ++done;
    } else {
      std::printf("Task %d has failed: %s\n", outcome->task, outcome->error.c_str());
      ++failed;
    }
  }
  farm.stop();
  ok = ok && done + failed == count && failed == (failing_task < 0 ? 0 : 1);
  if (!farm.lost().empty()) {
    // No rank can wait for the lost one, and so there is no common end.
    for (const auto& lost : farm.lost()) std::fprintf(stderr, "task_farm: %s\n", lost.why.c_str());
    std::printf("RESULT task_farm tasks=%d done=%d failed=%d lost=%zu ok=0\n", count, done, failed,
                farm.lost().size());
    std::fflush(stdout);
    MPI_Abort(MPI_COMM_WORLD, 1);
  }
  return program.result(ok, "tasks=", count, " done=", done, " failed=", failed);
}

}  // namespace

int main(int argc, char** argv) {
  return example::run(argc, argv, "task_farm", usage, task_farm_demo);
}
