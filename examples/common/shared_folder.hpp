// shared_folder.hpp: for programs in which all ranks use one file.
#pragma once

#include <chrono>
#include <cstdint>
#include <cstdio>
#include <fstream>
#include <string>

#include "example.hpp"

namespace example {

// Refuses where `name` cannot be created, or would be another file on each host: rank 0 writes a
// number beside it, and all look whether they find it. Without that, ranks would wait for ever for
// what the others wrote. All ranks call it.
inline void require_shared_folder(const Program& program, const std::string& name) {
  const std::string probe = name + ".shared";
  std::int64_t mark = std::chrono::steady_clock::now().time_since_epoch().count();
  int made = 1;
  if (program.rank == 0) made = (std::ofstream(probe) << mark).flush() ? 1 : 0;
  MPI_Bcast(&mark, 1, MPI_INT64_T, 0, MPI_COMM_WORLD);
  MPI_Bcast(&made, 1, MPI_INT, 0, MPI_COMM_WORLD);
  program.require(made == 1, "cannot create '", name, "'");

  std::int64_t found = 0;
  std::ifstream(probe) >> found;
  int blind = found == mark ? program.size : program.rank;
  MPI_Allreduce(MPI_IN_PLACE, &blind, 1, MPI_INT, MPI_MIN, MPI_COMM_WORLD);
  if (program.rank == 0) std::remove(probe.c_str());
  program.require(blind == program.size, "rank ", blind, " does not see what rank 0 wrote beside '",
                  name,
                  "': start all ranks on one host, or name a file on a file system that all "
                  "hosts share, with --file");
}

// A file for all ranks, gone when it is closed. All ranks call it.
inline MPI_File open_scratch_file(const Program& program, const std::string& name) {
  require_shared_folder(program, name);
  MPI_File file;
  const int mode = MPI_MODE_CREATE | MPI_MODE_RDWR | MPI_MODE_DELETE_ON_CLOSE;
  int opened =
      MPI_File_open(MPI_COMM_WORLD, name.c_str(), mode, MPI_INFO_NULL, &file) == MPI_SUCCESS;
  MPI_Allreduce(MPI_IN_PLACE, &opened, 1, MPI_INT, MPI_LAND, MPI_COMM_WORLD);
  program.require(opened != 0, "cannot create '", name, "'");
  return file;
}

}  // namespace example
