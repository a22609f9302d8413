// sum_of_primes: primes are added up by ranks, and within each rank by threads.
// Run: -n 2 -- --threads 2
// Try: -n 4 -- --threads 1               the same four at work, without threads
// Try: -n 1 -- --threads 4               the same four at work, without messages
// Try: -n 2 -- --limit 2000000           142913828922
//
// Hybrid: MPI between hosts, threads within one. Threads share memory, so a host holds the data
// once; ranks reach other hosts. Only the main thread calls MPI here (MPI_THREAD_FUNNELED).
#include "../common/example.hpp"

namespace {

const char* const usage =
    "usage: sum_of_primes [--limit N] [--threads N]\n"
    "The ranks' threads add up all primes below a limit.\n"
    "  --limit N     the limit (default 1000000)\n"
    "  --threads N   threads a rank (default 2)\n";

bool is_prime(std::int64_t number) {
  if (number % 2 == 0) return number == 2;
  for (std::int64_t divisor = 3; divisor * divisor <= number; divisor += 2) {
    if (number % divisor == 0) return false;
  }
  return number >= 2;
}

// Another way, to check the first: cross out all multiples, what remains is prime.
std::int64_t sum_by_sieve(std::int64_t limit) {
  std::vector<bool> crossed_out(static_cast<std::size_t>(limit));
  std::int64_t sum = 0;
  for (std::int64_t number = 2; number < limit; ++number) {
    if (crossed_out[static_cast<std::size_t>(number)]) continue;
    sum += number;
    for (std::int64_t multiple = number * number; multiple < limit; multiple += number) {
      crossed_out[static_cast<std::size_t>(multiple)] = true;
    }
  }
  return sum;
}

int sum_of_primes(example::Program& program) {
  const std::int64_t limit = program.number("--limit", 1'000'000, 1, 100'000'000);
  const int thread_count = program.small_number("--threads", 2, 1, 1024);

  // All threads of all ranks are numbered through, and take the odd numbers in turn: if they took
  // all in turn, every second one of an even number of threads would have nothing but even ones.
  const std::int64_t all = static_cast<std::int64_t>(program.size) * thread_count;
  std::vector<std::int64_t> sums(static_cast<std::size_t>(thread_count));
  std::vector<std::thread> threads;
  for (int thread = 0; thread < thread_count; ++thread) {
    threads.emplace_back([&, thread] {
      const std::int64_t place = static_cast<std::int64_t>(program.rank) * thread_count + thread;
      std::int64_t sum = 0;
      for (std::int64_t number = 2 * place + 1; number < limit; number += 2 * all) {
        if (is_prime(number)) sum += number;
      }
      sums[static_cast<std::size_t>(thread)] = sum;
    });
  }
  for (std::thread& thread : threads) thread.join();
  std::int64_t mine = std::accumulate(sums.begin(), sums.end(), std::int64_t{0});
  if (program.rank == 0 && limit > 2) mine += 2;  // the one even prime
  program.say("adds ", mine, ", from its threads ", sums);

  std::int64_t sum = 0;
  MPI_Reduce(&mine, &sum, 1, MPI_INT64_T, MPI_SUM, 0, MPI_COMM_WORLD);
  const bool ok = program.rank != 0 || sum == sum_by_sieve(limit);
  return program.result(ok, "limit=", limit, " sum=", sum, " ranks=", program.size,
                        " threads=", thread_count);
}

}  // namespace

int main(int argc, char** argv) {
  return example::run(argc, argv, "sum_of_primes", usage, sum_of_primes);
}
