// pi: darts thrown at a square, counted where they hit the circle in it.
// Run: -n 4
// Try: -n 1                  the same hits, later
// Try: -n 4 -- --isa plain   the same hits, without vector instructions
// Try: -n 1 -- --study       how the error shrinks with the darts: 64 runs each
//
// It proves that all cores compute and that a reduction is right: the number of hits is the same to
// the last digit for any number of ranks, any mix of hosts and any instruction set. Darts come in
// blocks, each from generators of its own that are seeded by the number of the block, so that it
// does not matter which rank throws it; and they are judged in whole numbers. The rate of each rank
// shows a node that is slower than its like.
#include <cstdint>
#include <cstdio>
#include <fstream>
#include <string>
#include <vector>

#include "../common/example.hpp"
#include "pi/estimate.hpp"
#include "pi/isa.hpp"
#include "pi/rates.hpp"
#include "pi/share.hpp"
#include "pi/study.hpp"

namespace pi {
namespace {

const char* const usage =
    "usage: pi [--darts N] [--seed S] [--seconds T] [--isa NAME] [--study [--csv FILE]]\n"
    "Estimates pi from N darts, shared among all ranks.\n"
    "  --darts N     how many darts in all, 1 to 2^44 (default 67108864)\n"
    "  --seed S      another seed throws other darts (default 1)\n"
    "  --seconds T   each rank repeats its share until T seconds are over, to measure its rate "
    "and\n"
    "                to see the same hits each time (default 0.5; 0: throw it once)\n"
    "  --isa NAME    plain, avx2, avx512 or neon instead of the best there is (auto)\n"
    "  --study       instead: mean and standard deviation of 64 estimates for 4^5 to 4^14 darts\n"
    "  --csv FILE    the study's table as comma separated values\n";

constexpr std::uint64_t most_darts = std::uint64_t{1} << 44;

struct Options {
  std::uint64_t darts;
  std::uint64_t seed;
  double seconds;
  std::string isa;
  bool study;
  std::string csv;
};

Options options_of(const example::Program& program) {
  Options options;
  options.darts = program.number<std::uint64_t>("--darts", default_darts, 1, most_darts);
  options.seed = program.number<std::uint64_t>("--seed", default_seed, 0, UINT64_MAX);
  options.seconds = program.real("--seconds", 0.5, 0, 3600);
  options.isa = program.word("--isa", "auto");
  options.study = program.has("--study");
  options.csv = program.file("--csv");
  const std::string& isa = options.isa;
  program.require(
      isa == "auto" || isa == "plain" || isa == "avx2" || isa == "avx512" || isa == "neon",
      "--isa cannot be '", isa, "', only auto, plain, avx2, avx512 or neon; see --help");
  program.require(options.csv.empty() || options.study, "--csv goes with --study; see --help");
  return options;
}

// What rank 0 makes of it is what counts: elsewhere it is right.
bool estimate_once(const example::Program& program, const Options& options, const Isa& isa) {
  const Work work{options.seed, 0, 1, options.darts};
  Throughput mine;
  copy_text(program.short_host(), mine.host);
  copy_text(processor_name(), mine.processor);
  copy_text(isa.name, mine.isa);
  const Share share = throw_for(options.seconds, work, isa, program.rank, program.size, mine);
  const std::uint64_t hits = on_rank_0(share).front();
  const std::vector<Throughput> ranks = gather(mine, program.size);
  if (program.rank != 0) return true;

  print_ranks(ranks);
  const auto suspects = find_suspects(ranks);
  print_suspects(suspects);
  const Estimate estimate{hits, work.darts};
  const bool steady = all_steady(ranks);
  const bool known = is_known(work, hits);
  const bool ok = estimate.is_pi() && steady && known;
  print_result(estimate, program.size, suspects.size(), ok);
  return ok;
}

// What keeps any rank from its work is found before it starts, not after.
void require_means(const example::Program& program, const Options& options, const Isa& isa) {
  int no_isa = isa.hits_of_block == nullptr ? 1 : 0;
  MPI_Allreduce(MPI_IN_PLACE, &no_isa, 1, MPI_INT, MPI_MAX, MPI_COMM_WORLD);
  program.require(no_isa == 0, "not every rank has a processor with ", options.isa);
  const bool writes = program.rank == 0 && !options.csv.empty();
  int no_file = writes && !std::ofstream(options.csv) ? 1 : 0;
  MPI_Bcast(&no_file, 1, MPI_INT, 0, MPI_COMM_WORLD);
  program.require(no_file == 0, options.csv, " cannot be written");
}

int run(example::Program& program) {
  const Options options = options_of(program);
  const Isa isa = find_isa(options.isa);
  require_means(program, options, isa);
  int ok = options.study ? study(options.seed, options.csv, isa, program.rank, program.size)
                         : estimate_once(program, options, isa);
  MPI_Bcast(&ok, 1, MPI_INT, 0, MPI_COMM_WORLD);
  return ok != 0 ? 0 : 1;
}

}  // namespace
}  // namespace pi

int main(int argc, char** argv) {
  return example::run(argc, argv, "pi", pi::usage, pi::run);
}
