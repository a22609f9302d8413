// An MPI that lies: preloaded, it damages what ring and links send around and what pi sums up, and
// takes from links what it stands on where the environment says so, so that a test can see the
// programs notice.
#define OMPI_SKIP_MPICXX 1
#define MPICH_SKIP_MPICXX 1
#include <mpi.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstdint>
#include <cstdlib>
#include <cstring>
#include <numeric>

extern "C" int MPI_Recv(void* buffer, int count, MPI_Datatype type, int source, int tag,
                        MPI_Comm comm, MPI_Status* status) {
  const int result = PMPI_Recv(buffer, count, type, source, tag, comm, status);
  if (count > 0) static_cast<unsigned char*>(buffer)[count - 1] ^= 1u;
  return result;
}

// Only long messages: those that links measures bandwidth with.
extern "C" int MPI_Isend(const void* buffer, int count, MPI_Datatype type, int destination, int tag,
                         MPI_Comm comm, MPI_Request* request) {
  if (count > 1000 && std::getenv("FAULTY_PAYLOAD") != nullptr) {
    static_cast<unsigned char*>(const_cast<void*>(buffer))[count / 2] ^= 1u;
  }
  return PMPI_Isend(buffer, count, type, destination, tag, comm, request);
}

extern "C" int MPI_Reduce(const void* mine, void* sum, int count, MPI_Datatype type,
                          MPI_Op operation, int root, MPI_Comm comm) {
  const int result = PMPI_Reduce(mine, sum, count, type, operation, root, comm);
  int rank = 0;
  PMPI_Comm_rank(comm, &rank);
  if (rank != root) return result;
  auto* sums = static_cast<std::uint64_t*>(sum);
  if (std::getenv("FAULTY_SPREAD") != nullptr) {  // the same on the whole, but all alike
    const auto whole = std::accumulate(sums, sums + count, std::uint64_t{0});
    std::fill(sums, sums + count, whole / static_cast<std::uint64_t>(count));
  } else {
    *sums += 100'000;
  }
  return result;
}

// A launcher without a name service.
extern "C" int MPI_Publish_name(const char* name, MPI_Info info, const char* port) {
  if (std::getenv("FAULTY_NAMES") != nullptr) return MPI_ERR_OTHER;
  return PMPI_Publish_name(name, info, port);
}

// A host behind a firewall: whoever connects to links there gets no answer.
extern "C" int accept4(int socket, sockaddr* address, socklen_t* size, int flags) {
  const int guest = static_cast<int>(syscall(SYS_accept4, socket, address, size, flags));
  const char* silent = std::getenv("FAULTY_HOST");
  std::array<char, 256> host{};
  gethostname(host.data(), host.size() - 1);
  if (silent == nullptr || std::strcmp(silent, host.data()) != 0) return guest;
  errno = ECONNABORTED;  // and the guest waits
  return -1;
}
