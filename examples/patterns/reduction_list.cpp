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
    "Rank r of n has the list r, 2(n - r), 3(n - r), 4(n - r), 5(n - r); rank 0 gets maximum and "
    "sum,\n"
    "both by number and whole.\n";

constexpr int length = 5;

// The first number grows with the rank, the others become less: the largest list has not the
// largest numbers.
std::vector<int> list_of(int rank, int size) {
  std::vector<int> list = {rank};
  for (int i = 2; i <= length; ++i) list.push_back(i * (size - rank));
  return list;
}

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

// On rank 0: number by number.
std::vector<int> combined(const std::vector<int>& list, MPI_Op operation) {
  std::vector<int> outcome(length);
  MPI_Reduce(list.data(), outcome.data(), length, MPI_INT, operation, 0, MPI_COMM_WORLD);
  return outcome;
}

// On rank 0: one of the lists.
std::vector<int> largest_list(const std::vector<int>& list) {
  MPI_Datatype whole_list;
  MPI_Type_contiguous(length, MPI_INT, &whole_list);
  MPI_Type_commit(&whole_list);
  MPI_Op larger;
  MPI_Op_create(larger_list, 1, &larger);
  std::vector<int> largest(length);
  MPI_Reduce(list.data(), largest.data(), 1, whole_list, larger, 0, MPI_COMM_WORLD);
  MPI_Op_free(&larger);
  MPI_Type_free(&whole_list);
  return largest;
}

int reduction_list(example::Program& program) {
  const int n = program.size;
  const std::vector<int> list = list_of(program.rank, n);
  program.say("has ", list);

  const std::vector<int> max = combined(list, MPI_MAX);
  const std::vector<int> sum = combined(list, MPI_SUM);
  const std::vector<int> largest = largest_list(list);
  std::vector<int> joined(program.rank == 0 ? static_cast<std::size_t>(length * n) : 0);
  MPI_Gather(list.data(), length, MPI_INT, joined.data(), length, MPI_INT, 0, MPI_COMM_WORLD);

  std::vector<int> all;
  for (int rank = 0; rank < n; ++rank) {
    const std::vector<int> next = list_of(rank, n);
    all.insert(all.end(), next.begin(), next.end());
  }
  const int ranks_up = n * (n + 1) / 2;  // 1 + 2 + ... + n
  const bool ok =
      program.rank != 0 || (max == std::vector<int>{n - 1, 2 * n, 3 * n, 4 * n, 5 * n} &&
                            sum == std::vector<int>{ranks_up - n, 2 * ranks_up, 3 * ranks_up,
                                                    4 * ranks_up, 5 * ranks_up} &&
                            largest == list_of(n - 1, n) && joined == all);
  program.say_if(program.rank == 0, "has the maximum by number ", max, " and as whole lists ",
                 largest);
  program.say_if(program.rank == 0, "has the sum by number ", sum, " and as whole lists ", joined);
  return program.result(ok, "length=", length, " joined=", joined.size());
}

}  // namespace

int main(int argc, char** argv) {
  return example::run(argc, argv, "reduction_list", usage, reduction_list);
}
