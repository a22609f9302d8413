// scatter_gather_array: an array is dealt out, worked on by all ranks, and put together again.
// Run: -n 4
// Try: -n 1                       rank 0 does all the work itself
// Try: -n 4 -- --share 5          an array of 20
//
// The most common shape of a parallel program: scatter, work, gather. Only rank 0 holds the whole
// array; the others have room for their share and no more.
#include "../common/example.hpp"

namespace {

const char* const usage =
    "usage: scatter_gather_array [--share N]\n"
    "The numbers 1, 2, 3 ... of an array are multiplied by ten, each rank does a share.\n"
    "  --share N   numbers a rank (default 3)\n";

std::vector<int> multiples(int of, int length) {
  std::vector<int> array;
  for (int i = 1; i <= length; ++i) array.push_back(of * i);
  return array;
}

int scatter_gather_array(example::Program& program) {
  const int share_length = program.small_number("--share", 3, 1, 10'000);
  const int length = program.rank == 0 ? share_length * program.size : 0;
  std::vector<int> array = multiples(1, length);
  program.say("starts with ", array);

  std::vector<int> share(static_cast<std::size_t>(share_length));
  MPI_Scatter(array.data(), share_length, MPI_INT, share.data(), share_length, MPI_INT, 0,
              MPI_COMM_WORLD);
  program.say("has ", share, " after the scatter");

  for (int& number : share) number *= 10;
  program.say("has ", share, " after the work");

  MPI_Gather(share.data(), share_length, MPI_INT, array.data(), share_length, MPI_INT, 0,
             MPI_COMM_WORLD);
  program.say_if(program.rank == 0, "has ", array, " after the gather");
  return program.result(array == multiples(10, length), "length=", length, " share=", share_length);
}

}  // namespace

int main(int argc, char** argv) {
  return example::run(argc, argv, "scatter_gather_array", usage, scatter_gather_array);
}
