// count: each rank draws random numbers, and all count how often one number is among them.
// Run: -n 4
// Try: -n 8             twice as many numbers
// Try: --env FIND=11    refused: no number is larger than MAX
// Try: --env N=1000     about a tenth of 4000 numbers are 8
//
// N, MAX and FIND come from the environment, which MPI passes to hosts of its own at best. So only
// rank 0 reads them, and broadcasts them; without that, ranks elsewhere would count with the
// defaults, and nobody would notice.
#include <algorithm>
#include <cstdlib>

#include "../common/example.hpp"

namespace {

const char* const usage =
    "usage: [N=20] [MAX=10] [FIND=8] count\n"
    "Each rank draws N numbers from 1 to MAX, and FIND is counted in all of them.\n"
    "The three are read from rank 0's environment.\n";

struct Parameters {
  int n = 20;
  int max = 10;
  int find = 8;
};

int from_environment(const example::Program& program, const char* name, int otherwise, int most) {
  const char* value = std::getenv(name);
  if (value == nullptr || *value == '\0') return otherwise;
  return static_cast<int>(program.to_number(name, value, 1, most));
}

// Rank 0's parameters on all ranks, or rank 0's refusal.
Parameters shared_parameters(const example::Program& program) {
  Parameters parameters;
  std::string refusal;
  if (program.rank == 0) {
    try {
      parameters.n = from_environment(program, "N", 20, 1'000'000);
      parameters.max = from_environment(program, "MAX", 10, 1'000'000);
      parameters.find =
          from_environment(program, "FIND", std::min(8, parameters.max), parameters.max);
    } catch (const example::Refusal& thrown) {
      refusal = thrown.what();
      parameters.n = 0;
    }
  }
  MPI_Bcast(&parameters, sizeof parameters, MPI_BYTE, 0, MPI_COMM_WORLD);
  program.require(parameters.n > 0, refusal);
  return parameters;
}

std::vector<int> numbers_of(int rank, const Parameters& parameters) {
  std::vector<int> numbers;
  for (int i = 0; i < parameters.n; ++i) {
    const auto index = static_cast<std::uint64_t>(rank) * 1'000'000 + static_cast<std::uint64_t>(i);
    const auto bits = example::random_bits(index);
    numbers.push_back(1 + static_cast<int>(bits % static_cast<std::uint64_t>(parameters.max)));
  }
  return numbers;
}

int occurrences(const std::vector<int>& numbers, int wanted) {
  return static_cast<int>(std::count(numbers.begin(), numbers.end(), wanted));
}

int count(example::Program& program) {
  const Parameters parameters = shared_parameters(program);
  const std::vector<int> mine = numbers_of(program.rank, parameters);
  const int found = occurrences(mine, parameters.find);
  program.say("has ", found, " in ", mine);

  std::vector<int> counts(static_cast<std::size_t>(program.size));
  MPI_Gather(&found, 1, MPI_INT, counts.data(), 1, MPI_INT, 0, MPI_COMM_WORLD);

  const int total = std::accumulate(counts.begin(), counts.end(), 0);
  bool ok = true;
  for (int rank = 0; program.rank == 0 && rank < program.size; ++rank) {
    const int expected = occurrences(numbers_of(rank, parameters), parameters.find);
    ok = ok && counts[static_cast<std::size_t>(rank)] == expected;
  }
  program.say_if(program.rank == 0, "has gathered ", counts, ": ", total, " times ",
                 parameters.find);
  return program.result(ok, "n=", parameters.n, " max=", parameters.max, " find=", parameters.find,
                        " total=", total);
}

}  // namespace

int main(int argc, char** argv) {
  return example::run(argc, argv, "count", usage, count);
}
