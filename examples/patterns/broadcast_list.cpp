// broadcast_list: rank 0 sends a list of numbers to all ranks.
// Run: -n 4
// Try: -n 8    a longer list: it has one number a rank
// Try: -n 1    refused: there is nobody to send to
//
// All ranks know how long the list is, so that one broadcast will do. Where only rank 0 knows,
// the length goes first (broadcast_map).
#include "../common/example.hpp"

namespace {

const char* const usage =
    "usage: broadcast_list\n"
    "Rank 0 broadcasts the list 0, 1, 2 ... with one number a rank.\n";

int broadcast_list(example::Program& program) {
  program.require_ranks(2);
  std::vector<int> original(static_cast<std::size_t>(program.size));
  std::iota(original.begin(), original.end(), 0);
  std::vector<int> list;
  if (program.rank == 0) list = original;
  program.say("starts with ", list);

  list.resize(original.size());
  MPI_Bcast(list.data(), program.size, MPI_INT, 0, MPI_COMM_WORLD);

  program.say("has ", list, " after the broadcast");
  return program.result(list == original, "length=", list.size());
}

}  // namespace

int main(int argc, char** argv) {
  return example::run(argc, argv, "broadcast_list", usage, broadcast_list);
}
