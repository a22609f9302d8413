// allgather: each rank computes one row of the multiplication table, and all get the whole.
// Run: -n 4
// Try: -n 8    the table of eight
// Try: -n 1    1 x 1
//
// A gather whose outcome everybody has. It is not a gather and a broadcast: MPI moves the rows
// among the ranks so that none of them is the bottleneck.
#include "../common/example.hpp"

namespace {

const char* const usage =
    "usage: allgather\n"
    "Rank r computes row r + 1 of a multiplication table; every rank gets the table.\n";

int allgather(example::Program& program) {
  const int size = program.size;
  std::vector<int> row;
  for (int column = 1; column <= size; ++column) row.push_back((program.rank + 1) * column);
  program.say("computed ", row);

  std::vector<int> table(row.size() * row.size());
  MPI_Allgather(row.data(), size, MPI_INT, table.data(), size, MPI_INT, MPI_COMM_WORLD);

  bool ok = true;
  for (int i = 0; i < size * size; ++i) {
    ok = ok && table[static_cast<std::size_t>(i)] == (i / size + 1) * (i % size + 1);
  }
  program.say("has the table ", table);
  return program.result(ok, "rows=", size, " last=", table.back());
}

}  // namespace

int main(int argc, char** argv) {
  return example::run(argc, argv, "allgather", usage, allgather);
}
