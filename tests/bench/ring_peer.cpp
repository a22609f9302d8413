// What ring is held against: the ring every MPI ships with, eight bytes passed on by MPI_Send and
// MPI_Recv, with nothing looked at. Usage: ring_peer LAPS
#define OMPI_SKIP_MPICXX 1
#define MPICH_SKIP_MPICXX 1
#include <mpi.h>

#include <algorithm>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <vector>

int main(int argc, char** argv) {
  MPI_Init(&argc, &argv);
  int rank = 0;
  int size = 1;
  MPI_Comm_rank(MPI_COMM_WORLD, &rank);
  MPI_Comm_size(MPI_COMM_WORLD, &size);
  const int previous = (rank + size - 1) % size;
  const int next = (rank + 1) % size;
  std::int64_t number = 0;
  std::vector<double> laps(static_cast<std::size_t>(argc > 1 ? std::atoi(argv[1]) : 10));
  for (double& seconds : laps) {
    const double begin = MPI_Wtime();
    if (rank == 0) MPI_Send(&number, 1, MPI_INT64_T, next, 0, MPI_COMM_WORLD);
    MPI_Recv(&number, 1, MPI_INT64_T, previous, 0, MPI_COMM_WORLD, MPI_STATUS_IGNORE);
    ++number;
    if (rank != 0) MPI_Send(&number, 1, MPI_INT64_T, next, 0, MPI_COMM_WORLD);
    seconds = MPI_Wtime() - begin;
  }
  std::nth_element(laps.begin(), laps.begin() + static_cast<long>(laps.size() / 2), laps.end());
  if (rank == 0) std::printf("peer latency_us=%.3f\n", laps[laps.size() / 2] / size * 1e6);
  MPI_Finalize();
}
