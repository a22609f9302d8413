// mpi_io: all ranks write one file together, each its own part of it.
// Run: -n 2
// Try: -n 8                             a file twice as long
// Try: -n 4 -- --length 1               one number a rank
// Try: -n 4 -- --file /etc/hosts        refused: it exists already
// Try: -n 8 -- --file /shared/numbers   on several hosts, in a folder that they share
//
// Rank r writes at its own place, as if it had the file for itself, and nothing has to be
// collected first. Then each reads what its neighbour wrote. The file has to be where all hosts
// see it, and it is deleted when it is closed.
#include "../common/example.hpp"
#include "../common/shared_folder.hpp"

namespace {

const char* const usage =
    "usage: mpi_io [--file FILE] [--length N]\n"
    "Each rank writes its part of a file, and reads the next rank's part.\n"
    "  --file FILE   new scratch file, on a file system all hosts share (default mpi_io.scratch)\n"
    "  --length N    numbers a rank (default 10)\n";

std::vector<int> part_of(int rank, int length) {
  std::vector<int> part(static_cast<std::size_t>(length));
  std::iota(part.begin(), part.end(), rank * length);
  return part;
}

int mpi_io(example::Program& program) {
  const std::string name = program.word("--file", "mpi_io.scratch");
  const int length = program.small_number("--length", 10, 1, 1'000'000);

  MPI_File file = example::open_scratch_file(program, name);

  const std::vector<int> written = part_of(program.rank, length);
  const MPI_Offset part_bytes = static_cast<MPI_Offset>(written.size() * sizeof(int));
  MPI_File_write_at(file, program.rank * part_bytes, written.data(), length, MPI_INT,
                    MPI_STATUS_IGNORE);

  // What one rank wrote, another sees after both have said sync, with a barrier in between.
  MPI_File_sync(file);
  MPI_Barrier(MPI_COMM_WORLD);
  MPI_File_sync(file);

  const int neighbour = (program.rank + 1) % program.size;
  std::vector<int> read(written.size());
  MPI_File_read_at(file, neighbour * part_bytes, read.data(), length, MPI_INT, MPI_STATUS_IGNORE);
  MPI_File_close(&file);

  program.say("wrote ", written, " and read ", read);
  return program.result(read == part_of(neighbour, length), "bytes=", part_bytes * program.size);
}

}  // namespace

int main(int argc, char** argv) {
  return example::run(argc, argv, "mpi_io", usage, mpi_io);
}
