// alltoallv: every rank has a list for every rank, and the lists differ in length.
// Run: -n 4
// Try: -n 8    rank 7 gets eight numbers from each rank
// Try: -n 1    a list of one, to itself
//
// As alltoall, with two more rows of numbers on either side: how long each list is, and where in
// the array it begins. Both sides have to name the same length for the same message.
#include "../common/example.hpp"

namespace {

const char* const usage =
    "usage: alltoallv\n"
    "Rank r sends j + 1 copies of r to rank j, for all j.\n";

std::vector<int> offsets_of(const std::vector<int>& lengths) {
  std::vector<int> offsets(lengths.size());
  std::partial_sum(lengths.begin(), lengths.end() - 1, offsets.begin() + 1);
  return offsets;
}

int alltoallv(example::Program& program) {
  // Rank j wants j + 1 numbers from everybody.
  std::vector<int> sent_lengths(static_cast<std::size_t>(program.size));
  std::iota(sent_lengths.begin(), sent_lengths.end(), 1);
  const std::vector<int> received_lengths(sent_lengths.size(), program.rank + 1);
  const std::vector<int> sent_offsets = offsets_of(sent_lengths);
  const std::vector<int> received_offsets = offsets_of(received_lengths);

  const std::vector<int> sent(static_cast<std::size_t>(sent_offsets.back() + sent_lengths.back()),
                              program.rank);
  std::vector<int> received(
      static_cast<std::size_t>(received_offsets.back() + received_lengths.back()));
  MPI_Alltoallv(sent.data(), sent_lengths.data(), sent_offsets.data(), MPI_INT, received.data(),
                received_lengths.data(), received_offsets.data(), MPI_INT, MPI_COMM_WORLD);

  std::vector<int> expected;
  for (int source = 0; source < program.size; ++source) {
    expected.insert(expected.end(), static_cast<std::size_t>(program.rank + 1), source);
  }
  program.say("sent ", sent, " and received ", received);
  return program.result(received == expected, "sent=", sent.size());
}

}  // namespace

int main(int argc, char** argv) {
  return example::run(argc, argv, "alltoallv", usage, alltoallv);
}
