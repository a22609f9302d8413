// reduction_list: lists are combined number by number, or each list as a whole.
// Run: -n 4
// Try: -n 1    with one list, all four outcomes are that list
// Try: -n 2    the sum as whole lists is ten numbers long, by number it stays five
//
// MPI's own operations work number by number: first with first, second with second. Some
// languages compare and add lists as wholes: the largest list is then the one that a dictionary
// would have last, and the sum is one list behind the other. In MPI the first is an operation of
// one's own on a type that is a whole list, and the second is no reduction but a gather.
#include <algorithm>

#include "../common/example.hpp"

namespace {

const char* const usage =
    "usage: reduction_list\n"
    "Rank r has the list r, 2r, 3r, 4r, 5r; rank 0 gets maximum and sum, both by number and "
    "whole.\n";

constexpr int length = 5;

// Keeps in `out` the larger one of two lists; `count` lists lie one behind the other.
void larger_list(void* in, void* out, int* count, MPI_Datatype*) {
  const int* theirs = static_cast<int*>(in);
  int* kept = static_cast<int*>(out);
  for (int i = 0; i < *count; ++i, theirs += length, kept += length) {
    if (std::lexicographical_compare(kept, kept + length, theirs, theirs + length)) {
      std::copy(theirs, theirs + length, kept);
    }
  }
}

int reduction_list(example::Program& program) {
  std::vector<int> list;
  for (int i = 1; i <= length; ++i) list.push_back(i * program.rank);
  program.say("has ", list);

  std::vector<int> max(length);
  std::vector<int> sum(length);
  MPI_Reduce(list.data(), max.data(), length, MPI_INT, MPI_MAX, 0, MPI_COMM_WORLD);
  MPI_Reduce(list.data(), sum.data(), length, MPI_INT, MPI_SUM, 0, MPI_COMM_WORLD);

  MPI_Datatype whole_list;
  MPI_Type_contiguous(length, MPI_INT, &whole_list);
  MPI_Type_commit(&whole_list);
  MPI_Op larger;
  MPI_Op_create(larger_list, 1, &larger);
  std::vector<int> largest(length);
  MPI_Reduce(list.data(), largest.data(), 1, whole_list, larger, 0, MPI_COMM_WORLD);
  MPI_Op_free(&larger);
  MPI_Type_free(&whole_list);

  std::vector<int> joined(program.rank == 0 ? static_cast<std::size_t>(length * program.size) : 0);
  MPI_Gather(list.data(), length, MPI_INT, joined.data(), length, MPI_INT, 0, MPI_COMM_WORLD);

  bool ok = true;
  if (program.rank == 0) {
    const int n = program.size;
    for (int i = 0; i < length; ++i) {
      const auto at = static_cast<std::size_t>(i);
      ok = ok && max[at] == (i + 1) * (n - 1) && largest[at] == max[at];
      ok = ok && sum[at] == (i + 1) * n * (n - 1) / 2;
      for (int rank = 0; rank < n; ++rank) {
        ok = ok && joined[static_cast<std::size_t>(rank * length + i)] == (i + 1) * rank;
      }
    }
  }
  program.say_if(program.rank == 0, "has the maximum by number ", max, " and as whole lists ",
                 largest);
  program.say_if(program.rank == 0, "has the sum by number ", sum, " and as whole lists ", joined);
  return program.result(ok, "length=", length, " joined=", joined.size());
}

}  // namespace

int main(int argc, char** argv) {
  return example::run(argc, argv, "reduction_list", usage, reduction_list);
}
