// broadcast: a variable and an array of one rank, the root, are sent to all ranks.
// Run: -n 4
// Try: -n 4 -- --root 3           any rank can be the root, if all name the same
// Try: -n 4 -- --root 4           refused: there is no rank 4
//
// One call for all: the root gives what the others get. It takes about log2(size) steps, for
// whoever has it passes it on.
#include "../common/example.hpp"

namespace {

const char* const usage =
    "usage: broadcast [--root RANK] [--length N]\n"
    "The root broadcasts the number 100 and an array.\n"
    "  --root RANK   who has the data (default 0)\n"
    "  --length N    numbers in the array (default 10)\n";

int broadcast(example::Program& program) {
  const int root = program.small_number("--root", 0, 0, program.size - 1);
  const int length = program.small_number("--length", 10, 1, 1'000'000);
  std::vector<int> original(static_cast<std::size_t>(length));
  std::iota(original.begin(), original.end(), 0);

  int variable = 0;
  std::vector<int> array(original.size());
  if (program.rank == root) {
    variable = 100;
    array = original;
  }
  program.say("starts with ", variable, " and ", array);

  MPI_Bcast(&variable, 1, MPI_INT, root, MPI_COMM_WORLD);
  MPI_Bcast(array.data(), length, MPI_INT, root, MPI_COMM_WORLD);

  program.say("has ", variable, " and ", array, " after the broadcast");
  return program.result(variable == 100 && array == original, "root=", root, " value=", variable,
                        " length=", length);
}

}  // namespace

int main(int argc, char** argv) {
  return example::run(argc, argv, "broadcast", usage, broadcast);
}
