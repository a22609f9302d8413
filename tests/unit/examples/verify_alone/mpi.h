// As much of MPI as pi, and what it shares with all examples, needs for a world of one rank: for
// processors that this machine has no MPI for.
#pragma once
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <cstring>

using MPI_Comm = int;
using MPI_Datatype = std::size_t;  // its bytes
using MPI_Op = int;
using MPI_Request = int;
struct MPI_Status;
inline constexpr MPI_Comm MPI_COMM_WORLD = 0;
inline constexpr MPI_Comm MPI_COMM_NULL = -1;
inline constexpr int MPI_THREAD_FUNNELED = 1;
inline constexpr MPI_Status* MPI_STATUS_IGNORE = nullptr;
inline constexpr MPI_Datatype MPI_CHAR = 1;
inline constexpr MPI_Datatype MPI_BYTE = 1;
inline constexpr MPI_Datatype MPI_INT = 4;
inline constexpr MPI_Datatype MPI_UINT64_T = 8;
inline constexpr MPI_Op MPI_SUM = 0;
inline constexpr MPI_Op MPI_MAX = 1;
inline constexpr int MPI_MAX_PROCESSOR_NAME = 256;
inline const void* const MPI_IN_PLACE = nullptr;

inline int MPI_Init_thread(int*, char***, int needed, int* provided) {
  *provided = needed;
  return 0;
}
inline int MPI_Finalize() {
  return 0;
}
inline int MPI_Abort(MPI_Comm, int status) {
  std::exit(status);
}
inline int MPI_Comm_dup(MPI_Comm, MPI_Comm* other) {
  return *other = 0;
}
inline int MPI_Comm_free(MPI_Comm*) {
  return 0;
}
inline int MPI_Test(MPI_Request*, int* done, MPI_Status*) {
  *done = 1;
  return 0;
}
inline int MPI_Comm_rank(MPI_Comm, int* rank) {
  return *rank = 0;
}
inline int MPI_Comm_size(MPI_Comm, int* size) {
  *size = 1;
  return 0;
}
inline int MPI_Get_processor_name(char* name, int* length) {
  *length = std::snprintf(name, MPI_MAX_PROCESSOR_NAME, "alone");
  return 0;
}
inline double MPI_Wtime() {
  return std::chrono::duration<double>(std::chrono::steady_clock::now().time_since_epoch()).count();
}
inline int MPI_Barrier(MPI_Comm) {
  return 0;
}
inline int MPI_Bcast(void*, int, MPI_Datatype, int, MPI_Comm) {
  return 0;
}
inline int MPI_Allreduce(const void*, void*, int, MPI_Datatype, MPI_Op, MPI_Comm) {
  return 0;  // in place
}
inline int MPI_Reduce(const void* mine, void* all, int count, MPI_Datatype type, MPI_Op, int,
                      MPI_Comm) {
  std::memcpy(all, mine, static_cast<std::size_t>(count) * type);
  return 0;
}
inline int MPI_Gather(const void* mine, int count, MPI_Datatype type, void* all, int, MPI_Datatype,
                      int, MPI_Comm) {
  std::memcpy(all, mine, static_cast<std::size_t>(count) * type);
  return 0;
}
inline int MPI_Gatherv(const void* mine, int count, MPI_Datatype type, void* all, const int*,
                       const int*, MPI_Datatype, int, MPI_Comm) {
  std::memcpy(all, mine, static_cast<std::size_t>(count) * type);
  return 0;
}
