// reduction: each rank has a number; together they find the sum and the largest.
// Run: -n 4
// Try: -n 1                                    one square: sum and largest are the same
// Try: replace MPI_MAX by MPI_MIN              the least square is 1, and the check says so
// Try: replace MPI_SUM by MPI_PROD             the squares are multiplied, and the check says so
//
// MPI_Reduce combines the numbers of all ranks with an operation, and rank 0 gets the outcome.
// It does so in a tree: 1000 ranks need about 10 steps, not 1000.
#include "../common/example.hpp"

namespace {

const char* const usage =
    "usage: reduction\n"
    "Rank r computes the square of r + 1; rank 0 gets the sum and the largest of them.\n";

int reduction(example::Program& program) {
  const std::int64_t number = program.rank + 1;
  const std::int64_t square = number * number;
  program.say("has the square ", square);

  std::int64_t sum = 0;
  std::int64_t largest = 0;
  MPI_Reduce(&square, &sum, 1, MPI_INT64_T, MPI_SUM, 0, MPI_COMM_WORLD);
  MPI_Reduce(&square, &largest, 1, MPI_INT64_T, MPI_MAX, 0, MPI_COMM_WORLD);

  // Only rank 0 has the outcome; the formula is known from school.
  const std::int64_t n = program.size;
  const bool ok = program.rank != 0 || (sum == n * (n + 1) * (2 * n + 1) / 6 && largest == n * n);
  program.say_if(program.rank == 0, "knows: the sum is ", sum, " and the largest is ", largest);
  return program.result(ok, "sum=", sum, " max=", largest);
}

}  // namespace

int main(int argc, char** argv) {
  return example::run(argc, argv, "reduction", usage, reduction);
}
