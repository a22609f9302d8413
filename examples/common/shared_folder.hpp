// shared_folder.hpp: for programs in which all ranks use one file.
#pragma once

#include <chrono>
#include <cstdint>
#include <cstdio>
#include <fstream>
#include <string>

#include "example.hpp"

namespace example {

// Whether there is a new file now with this number in it: nobody loses one that is there already.
inline bool create_file(const std::string& name, std::int64_t number) {
  std::FILE* file = std::fopen(name.c_str(), "wx");
  if (file == nullptr) return false;
  const bool written = std::fputs(std::to_string(number).c_str(), file) >= 0;
  return std::fclose(file) == 0 && written;
}

// Creates a file that is the same one on all hosts, or refuses: rank 0 writes a number into it, and
// all look whether they find it. Without that, ranks would wait for ever for what the others wrote.
// All ranks call it.
inline void create_shared_file(const Program& program, const std::string& name) {
  std::int64_t mark = std::chrono::steady_clock::now().time_since_epoch().count();
  int made = program.rank != 0 || create_file(name, mark) ? 1 : 0;
  MPI_Bcast(&mark, 1, MPI_INT64_T, 0, MPI_COMM_WORLD);
  MPI_Bcast(&made, 1, MPI_INT, 0, MPI_COMM_WORLD);
  program.require(made == 1, "'", name, "' exists already, or cannot be created");

  std::int64_t found = 0;
  std::ifstream(name) >> found;
  int blind = found == mark ? program.size : program.rank;
  MPI_Allreduce(MPI_IN_PLACE, &blind, 1, MPI_INT, MPI_MIN, MPI_COMM_WORLD);
  if (blind == program.size) return;
  if (program.rank == 0) std::remove(name.c_str());
  program.require(false, "rank ", blind, " does not see what rank 0 wrote to '", name,
                  "': start all ranks on one host, or name a file on a file system that all "
                  "hosts share, with --file");
}

// A new and empty file for all ranks, gone when it is closed. All ranks call it.
inline MPI_File open_scratch_file(const Program& program, const std::string& name) {
  create_shared_file(program, name);
  MPI_File file;
  const int mode = MPI_MODE_RDWR | MPI_MODE_DELETE_ON_CLOSE;
  int opened =
      MPI_File_open(MPI_COMM_WORLD, name.c_str(), mode, MPI_INFO_NULL, &file) == MPI_SUCCESS;
  MPI_Allreduce(MPI_IN_PLACE, &opened, 1, MPI_INT, MPI_LAND, MPI_COMM_WORLD);
  program.require(opened != 0, "MPI cannot open '", name, "', which rank 0 has created");
  MPI_File_set_size(file, 0);
  return file;
}

}  // namespace example
