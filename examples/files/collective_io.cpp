// collective_io: a matrix goes to a file by columns and comes back by rows, in two calls.
// Run: -n 2
// Try: -n 3                            a matrix of 3 x 3
// Try: -n 4 -- --block 2               two columns and two rows a rank: 8 x 8
// Try: -n 8 -- --file /shared/matrix   on several hosts, in a folder that they share
//
// In the file the matrix lies row by row, so that a column is scattered all over it. A view tells
// MPI which part of the file is this rank's; then one MPI_File_write_all a rank is enough, and MPI
// joins the many small pieces of all ranks into few large ones.
#include "../common/example.hpp"
#include "../common/shared_folder.hpp"

namespace {

const char* const usage =
    "usage: collective_io [--file FILE] [--block N]\n"
    "Each rank writes columns of a matrix and reads rows of it.\n"
    "  --file FILE   new scratch file, on a file system all hosts share (default "
    "collective_io.scratch)\n"
    "  --block N     columns, and rows, a rank (default 1)\n";

// Makes a part of a side x side matrix what the file shows to this rank.
void view_part(MPI_File file, int side, std::array<int, 2> part, std::array<int, 2> begin) {
  const std::array<int, 2> whole = {side, side};
  MPI_Datatype type;
  MPI_Type_create_subarray(2, whole.data(), part.data(), begin.data(), MPI_ORDER_C, MPI_INT, &type);
  MPI_Type_commit(&type);
  MPI_File_set_view(file, 0, MPI_INT, type, "native", MPI_INFO_NULL);
  MPI_Type_free(&type);
}

int collective_io(example::Program& program) {
  const std::string name = program.word("--file", "collective_io.scratch");
  const int block = program.small_number("--block", 1, 1, 100);
  const int side = block * program.size;
  const int first = block * program.rank;

  MPI_File file = example::open_scratch_file(program, name);

  // The number in row i, column j is i x side + j: its place in the file.
  std::vector<int> columns;
  for (int i = 0; i < side; ++i) {
    for (int j = first; j < first + block; ++j) columns.push_back(i * side + j);
  }
  const int count = block * side;
  view_part(file, side, {side, block}, {0, first});
  MPI_File_write_all(file, columns.data(), count, MPI_INT, MPI_STATUS_IGNORE);

  MPI_File_sync(file);
  MPI_Barrier(MPI_COMM_WORLD);
  MPI_File_sync(file);

  std::vector<int> rows(columns.size());
  view_part(file, side, {block, side}, {first, 0});
  MPI_File_read_all(file, rows.data(), count, MPI_INT, MPI_STATUS_IGNORE);
  MPI_File_close(&file);

  std::vector<int> expected(rows.size());
  std::iota(expected.begin(), expected.end(), first * side);
  program.say("wrote the columns ", columns, " and read the rows ", rows);
  return program.result(rows == expected, "side=", side);
}

}  // namespace

int main(int argc, char** argv) {
  return example::run(argc, argv, "collective_io", usage, collective_io);
}
