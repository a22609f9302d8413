// An MPI that lies: preloaded, it damages the last number of whatever arrives, so that a test can
// see the catalogue's programs notice. It leaves other communicators than the world alone, over
// which the programs agree on their result. Where the environment says so, it has no threads, or
// tells of texts that are too long.
#define OMPI_SKIP_MPICXX 1
#define MPICH_SKIP_MPICXX 1
#include <mpi.h>

#include <algorithm>
#include <climits>
#include <cstdlib>

namespace {

void damage(void* data, int count, MPI_Datatype type, MPI_Comm comm) {
  if (comm != MPI_COMM_WORLD || count < 1) return;
  int bytes = 0;
  PMPI_Type_size(type, &bytes);
  static_cast<unsigned char*>(data)[bytes * (count - 1)] ^= 1u;
}

int rank_in(MPI_Comm comm) {
  int rank = 0;
  PMPI_Comm_rank(comm, &rank);
  return rank;
}

int size_of(MPI_Comm comm) {
  int size = 0;
  PMPI_Comm_size(comm, &size);
  return size;
}

}  // namespace

extern "C" int MPI_Recv(void* data, int count, MPI_Datatype type, int source, int tag,
                        MPI_Comm comm, MPI_Status* status) {
  const int result = PMPI_Recv(data, count, type, source, tag, comm, status);
  damage(data, count, type, comm);
  return result;
}

extern "C" int MPI_Bcast(void* data, int count, MPI_Datatype type, int root, MPI_Comm comm) {
  const int result = PMPI_Bcast(data, count, type, root, comm);
  if (rank_in(comm) != root) damage(data, count, type, comm);
  return result;
}

extern "C" int MPI_Reduce(const void* mine, void* all, int count, MPI_Datatype type,
                          MPI_Op operation, int root, MPI_Comm comm) {
  const int result = PMPI_Reduce(mine, all, count, type, operation, root, comm);
  if (rank_in(comm) == root) damage(all, count, type, comm);
  return result;
}

extern "C" int MPI_Scatter(const void* all, int all_count, MPI_Datatype all_type, void* mine,
                           int count, MPI_Datatype type, int root, MPI_Comm comm) {
  const int result = PMPI_Scatter(all, all_count, all_type, mine, count, type, root, comm);
  damage(mine, count, type, comm);
  return result;
}

extern "C" int MPI_Gather(const void* mine, int count, MPI_Datatype type, void* all, int all_count,
                          MPI_Datatype all_type, int root, MPI_Comm comm) {
  const int result = PMPI_Gather(mine, count, type, all, all_count, all_type, root, comm);
  if (rank_in(comm) != root) return result;
  damage(all, all_count * size_of(comm), all_type, comm);
  if (comm != MPI_COMM_WORLD && std::getenv("FAULTY_LENGTHS") != nullptr) {
    std::fill_n(static_cast<int*>(all), size_of(comm), INT_MAX);
  }
  return result;
}

extern "C" int MPI_Init_thread(int* argc, char*** argv, int required, int* provided) {
  const int result = PMPI_Init_thread(argc, argv, required, provided);
  if (std::getenv("FAULTY_THREADS") != nullptr) *provided = MPI_THREAD_SINGLE;
  return result;
}

extern "C" int MPI_Allgather(const void* mine, int count, MPI_Datatype type, void* all,
                             int all_count, MPI_Datatype all_type, MPI_Comm comm) {
  const int result = PMPI_Allgather(mine, count, type, all, all_count, all_type, comm);
  damage(all, all_count * size_of(comm), all_type, comm);
  return result;
}

extern "C" int MPI_Alltoall(const void* sent, int sent_count, MPI_Datatype sent_type,
                            void* received, int count, MPI_Datatype type, MPI_Comm comm) {
  const int result = PMPI_Alltoall(sent, sent_count, sent_type, received, count, type, comm);
  damage(received, count * size_of(comm), type, comm);
  return result;
}
