// reduce: one array a rank, combined with seven operations one after the other.
// Run: -n 3
// Try: -n 5     larger sums, far larger products; the least stays rank 0's
// Try: -n 17    refused: the product would not fit into 64 bits
//
// Number by number: SUM, PROD, MAX, MIN, LAND (are all of them other than zero?), and MAXLOC and
// MINLOC, which also tell which rank has the largest or least. Of equals they name the lower rank.
#include <algorithm>
#include <functional>

#include "../common/example.hpp"

namespace {

const char* const usage =
    "usage: reduce\n"
    "Rank r has (r + 1) x 0, 1, 2; rank 0 combines the arrays in seven ways.\n";

constexpr int length = 3;

using Number = std::int64_t;
using Array = std::vector<Number>;

Array array_of(int rank) {
  return {0, rank + 1, 2 * (rank + 1)};
}

// A number and the rank it belongs to, as MPI_2INT has it.
struct Place {
  int value;
  int rank;
  bool operator==(const Place& other) const { return value == other.value && rank == other.rank; }
};

std::ostream& operator<<(std::ostream& out, const Place& place) {
  return out << place.value << " on rank " << place.rank;
}

// What rank 0 should get, computed by itself, one rank after the other.
Array expected_of(int size, const std::function<Number(Number, Number)>& combine) {
  Array all = array_of(0);
  for (int rank = 1; rank < size; ++rank) {
    const Array array = array_of(rank);
    std::transform(all.begin(), all.end(), array.begin(), all.begin(), combine);
  }
  return all;
}

int reduce(example::Program& program) {
  program.require(program.size <= 16, "needs 16 ranks or fewer, not ", program.size);
  const Array mine = array_of(program.rank);
  program.say("has ", mine);

  const auto combined = [&](MPI_Op operation) {
    Array all(length);
    MPI_Reduce(mine.data(), all.data(), length, MPI_INT64_T, operation, 0, MPI_COMM_WORLD);
    return all;
  };
  const auto located = [&](MPI_Op operation) {
    std::vector<Place> places;
    for (const Number number : mine) places.push_back({static_cast<int>(number), program.rank});
    std::vector<Place> all(places.size());
    MPI_Reduce(places.data(), all.data(), length, MPI_2INT, operation, 0, MPI_COMM_WORLD);
    return all;
  };
  const Array sum = combined(MPI_SUM);
  const Array product = combined(MPI_PROD);
  const Array max = combined(MPI_MAX);
  const Array min = combined(MPI_MIN);
  Array all_true = combined(MPI_LAND);
  // True is any number but 0, and with a single rank it stays what it was.
  for (Number& number : all_true) number = number != 0 ? 1 : 0;
  const std::vector<Place> max_place = located(MPI_MAXLOC);
  const std::vector<Place> min_place = located(MPI_MINLOC);

  bool ok = true;
  if (program.rank == 0) {
    const int size = program.size;
    const auto larger = [](Number a, Number b) { return std::max(a, b); };
    const auto lesser = [](Number a, Number b) { return std::min(a, b); };
    ok = sum == expected_of(size, std::plus<>()) &&
         product == expected_of(size, std::multiplies<>()) && max == expected_of(size, larger) &&
         min == expected_of(size, lesser) && all_true == Array{0, 1, 1};
    // All have 0 in the first place, and then rank 0 is named.
    ok = ok && max_place == std::vector<Place>{{0, 0}, {size, size - 1}, {2 * size, size - 1}};
    ok = ok && min_place == std::vector<Place>{{0, 0}, {1, 0}, {2, 0}};
    std::puts(example::text("SUM    ", sum, "\nPROD   ", product, "\nMAX    ", max, "\nMIN    ",
                            min, "\nLAND   ", all_true, "\nMAXLOC ", max_place, "\nMINLOC ",
                            min_place)
                  .c_str());
  }
  return program.result(ok, "operations=7 sum=", sum.back(), " product=", product.back());
}

}  // namespace

int main(int argc, char** argv) {
  return example::run(argc, argv, "reduce", usage, reduce);
}
