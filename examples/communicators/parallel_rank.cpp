// parallel_rank: each rank has a number, and learns which place it takes among all numbers.
// Run: -n 4
// Try: -n 8                    more numbers, more places
// Try: -n 4 -- --seed 2        other numbers
//
// Rank 0 gathers the numbers, sorts them, each with the rank it is from, and scatters the places.
// The same function works within any communicator, which is why it is given one.
#include <algorithm>

#include "../common/example.hpp"

namespace {

const char* const usage =
    "usage: parallel_rank [--seed N]\n"
    "Each rank draws a number and is told its place: 0 for the least.\n"
    "  --seed N   other numbers for another N (default 1)\n";

// The place of `number` among the numbers of all ranks of `comm`. Equal ones are placed by rank.
int place_of(double number, MPI_Comm comm) {
  int size = 0;
  MPI_Comm_size(comm, &size);
  std::vector<double> numbers(static_cast<std::size_t>(size));
  MPI_Gather(&number, 1, MPI_DOUBLE, numbers.data(), 1, MPI_DOUBLE, 0, comm);

  std::vector<int> owners(numbers.size());
  std::iota(owners.begin(), owners.end(), 0);
  std::stable_sort(owners.begin(), owners.end(), [&](int a, int b) {
    return numbers[static_cast<std::size_t>(a)] < numbers[static_cast<std::size_t>(b)];
  });
  std::vector<int> places(numbers.size());
  for (int place = 0; place < size; ++place) {
    places[static_cast<std::size_t>(owners[static_cast<std::size_t>(place)])] = place;
  }
  int mine = -1;
  MPI_Scatter(places.data(), 1, MPI_INT, &mine, 1, MPI_INT, 0, comm);
  return mine;
}

int parallel_rank(example::Program& program) {
  const auto seed = static_cast<std::uint64_t>(program.number("--seed", 1, 0, 1'000'000));
  const auto number_of = [&](int rank) {
    const auto bits = example::random_bits(seed * 1'000'000 + static_cast<std::uint64_t>(rank));
    return static_cast<double>(bits % 10'000) / 100;
  };
  const double number = number_of(program.rank);
  const int place = place_of(number, MPI_COMM_WORLD);
  program.say("has ", number, ", which takes place ", place);

  // One's place is how many are before one.
  int before = 0;
  for (int rank = 0; rank < program.size; ++rank) {
    const double other = number_of(rank);
    if (other < number || (other == number && rank < program.rank)) ++before;
  }
  return program.result(place == before, "size=", program.size, " seed=", seed);
}

}  // namespace

int main(int argc, char** argv) {
  return example::run(argc, argv, "parallel_rank", usage, parallel_rank);
}
