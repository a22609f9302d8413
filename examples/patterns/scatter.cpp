// scatter: rank 0 deals an array out, an equal share for each rank.
// Run: -n 4
// Try: -n 3                        nine numbers, for the array has three a rank
// Try: -n 4 -- --length 8          shares of two
// Try: -n 4 -- --length 10         refused: 10 numbers do not divide by 4
//
// Share 0 goes to rank 0 itself, share 1 to rank 1, and so on. All ranks call MPI_Scatter, but
// only rank 0's array is looked at. Shares that differ in length are for MPI_Scatterv.
#include "../common/example.hpp"

namespace {

const char* const usage =
    "usage: scatter [--length N]\n"
    "Rank 0 has an array of multiples and deals it out.\n"
    "  --length N   numbers in the array, divisible by the number of ranks (default: 3 a rank)\n";

// Share s of the array holds the first multiples of s + 1: 1 2 3, then 2 4 6, then 3 6 9 ...
std::vector<int> share_of(int rank, int length) {
  std::vector<int> share;
  for (int i = 1; i <= length; ++i) share.push_back((rank + 1) * i);
  return share;
}

int scatter(example::Program& program) {
  const int length = program.small_number("--length", 3 * program.size, 1, 1'000'000);
  program.require(length % program.size == 0, "an array of ", length, " does not divide by ",
                  program.size, " ranks");
  const int share_length = length / program.size;

  std::vector<int> array;
  if (program.rank == 0) {
    for (int rank = 0; rank < program.size; ++rank) {
      const std::vector<int> share = share_of(rank, share_length);
      array.insert(array.end(), share.begin(), share.end());
    }
  }
  program.say("starts with ", array);

  std::vector<int> share(static_cast<std::size_t>(share_length));
  MPI_Scatter(array.data(), share_length, MPI_INT, share.data(), share_length, MPI_INT, 0,
              MPI_COMM_WORLD);

  program.say("has ", share, " after the scatter");
  return program.result(share == share_of(program.rank, share_length), "length=", length,
                        " share=", share_length);
}

}  // namespace

int main(int argc, char** argv) {
  return example::run(argc, argv, "scatter", usage, scatter);
}
