// An MPI that lies: preloaded, it damages what ring receives and what pi sums up, so that a test
// can see both programs notice.
#define OMPI_SKIP_MPICXX 1
#define MPICH_SKIP_MPICXX 1
#include <mpi.h>

#include <cstdint>

extern "C" int MPI_Recv(void* buffer, int count, MPI_Datatype type, int source, int tag,
                        MPI_Comm comm, MPI_Status* status) {
  const int result = PMPI_Recv(buffer, count, type, source, tag, comm, status);
  if (count > 0) static_cast<unsigned char*>(buffer)[count - 1] ^= 1u;
  return result;
}

extern "C" int MPI_Reduce(const void* mine, void* sum, int count, MPI_Datatype type,
                          MPI_Op operation, int root, MPI_Comm comm) {
  const int result = PMPI_Reduce(mine, sum, count, type, operation, root, comm);
  int rank = 0;
  PMPI_Comm_rank(comm, &rank);
  if (rank == root) *static_cast<std::uint64_t*>(sum) += 100'000;
  return result;
}
