// groups_and_communicators: the world is split into rows, and a group of chosen ranks is formed.
// Run: -n 8
// Try: -n 8 -- --row 2      four rows of two
// Try: -n 16                the classic picture: a square of four rows
// Try: -n 1                 a row of one, and no prime rank at all
//
// A communicator is who talks with whom: collectives work within it, and its ranks begin at 0.
// MPI_Comm_split makes one for each colour, all at once. A group is just a list of ranks, made
// without any message; MPI_Comm_create_group turns it into a communicator, called by its members
// only.
#include "../common/example.hpp"

namespace {

const char* const usage =
    "usage: groups_and_communicators [--row N]\n"
    "Each row of ranks gets a communicator, and so do the ranks that are prime numbers.\n"
    "  --row N   ranks in a row (default 4)\n";

// Two ways to see a rank, and what its communicator's ranks add up to.
struct Place {
  int rank = -1;
  int size = 0;
  int sum = 0;
};

Place place_in(MPI_Comm comm, int number) {
  Place place;
  MPI_Comm_rank(comm, &place.rank);
  MPI_Comm_size(comm, &place.size);
  MPI_Allreduce(&number, &place.sum, 1, MPI_INT, MPI_SUM, comm);
  return place;
}

bool is_prime(int number) {
  for (int divisor = 2; divisor * divisor <= number; ++divisor) {
    if (number % divisor == 0) return false;
  }
  return number >= 2;
}

int groups_and_communicators(example::Program& program) {
  const int row_length = program.small_number("--row", 4, 1, 1000);

  const int colour = program.rank / row_length;
  MPI_Comm row;
  MPI_Comm_split(MPI_COMM_WORLD, colour, program.rank, &row);
  const Place in_row = place_in(row, program.rank);
  MPI_Comm_free(&row);
  program.say("is rank ", in_row.rank, " of ", in_row.size, " in row ", colour,
              ", whose world ranks add up to ", in_row.sum);

  std::vector<int> primes;
  for (int rank = 0; rank < program.size; ++rank) {
    if (is_prime(rank)) primes.push_back(rank);
  }
  Place in_primes;
  if (is_prime(program.rank)) {
    MPI_Group world_group;
    MPI_Comm_group(MPI_COMM_WORLD, &world_group);
    MPI_Group prime_group;
    MPI_Group_incl(world_group, static_cast<int>(primes.size()), primes.data(), &prime_group);
    MPI_Comm prime_comm;
    MPI_Comm_create_group(MPI_COMM_WORLD, prime_group, 0, &prime_comm);
    in_primes = place_in(prime_comm, program.rank);
    MPI_Comm_free(&prime_comm);
    MPI_Group_free(&prime_group);
    MPI_Group_free(&world_group);
  }
  program.say_if(is_prime(program.rank), "is prime, and rank ", in_primes.rank, " of ",
                 in_primes.size, " among the primes");

  // The same sums without communicators.
  int row_sum = 0;
  for (int rank = colour * row_length; rank < program.size && rank / row_length == colour; ++rank) {
    row_sum += rank;
  }
  const int prime_sum = std::accumulate(primes.begin(), primes.end(), 0);
  const bool row_ok = in_row.rank == program.rank % row_length && in_row.sum == row_sum;
  const bool primes_ok = !is_prime(program.rank) || in_primes.sum == prime_sum;
  return program.result(row_ok && primes_ok, "rows=", (program.size - 1) / row_length + 1,
                        " primes=", primes.size());
}

}  // namespace

int main(int argc, char** argv) {
  return example::run(argc, argv, "groups_and_communicators", usage, groups_and_communicators);
}
