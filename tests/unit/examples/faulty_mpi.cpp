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
#include <vector>

namespace {

// Whether an environment variable names the host that this is.
bool is_this_host(const char* variable) {
  const char* name = std::getenv(variable);
  std::array<char, 256> host{};
  gethostname(host.data(), host.size() - 1);
  return name != nullptr && std::strcmp(name, host.data()) == 0;
}

struct LateMessage {
  void* buffer;
  std::size_t size;
};
std::vector<LateMessage> late_messages;

}  // namespace

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

// Long messages that come late: the first four that are for a host are still under way when others
// have come, and then write into what was given for them.
extern "C" int MPI_Irecv(void* buffer, int count, MPI_Datatype type, int source, int tag,
                         MPI_Comm comm, MPI_Request* request) {
  static unsigned char never;
  if (count <= 1000 || !is_this_host("FAULTY_LATE") || late_messages.size() == 4) {
    return PMPI_Irecv(buffer, count, type, source, tag, comm, request);
  }
  late_messages.push_back({buffer, static_cast<std::size_t>(count)});
  return PMPI_Irecv(&never, 1, MPI_BYTE, source, 32767, comm, request);
}

extern "C" int MPI_Testall(int count, MPI_Request* requests, int* done, MPI_Status* statuses) {
  const int result = PMPI_Testall(count, requests, done, statuses);
  if (*done != 0) {
    for (const LateMessage& late : late_messages) std::memset(late.buffer, 0xee, late.size);
  }
  return result;
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

// A launcher without a name service, or one that loses a note.
extern "C" int MPI_Publish_name(const char* name, MPI_Info info, const char* port) {
  if (std::getenv("FAULTY_NAMES") != nullptr) return MPI_ERR_OTHER;
  const char* lost = std::getenv("FAULTY_NOTE");
  if (lost != nullptr && std::strstr(name, lost) != nullptr) return MPI_SUCCESS;
  return PMPI_Publish_name(name, info, port);
}

// A host behind a firewall: whoever connects to links there gets no answer.
extern "C" int accept4(int socket, sockaddr* address, socklen_t* size, int flags) {
  const int guest = static_cast<int>(syscall(SYS_accept4, socket, address, size, flags));
  if (!is_this_host("FAULTY_HOST")) return guest;
  errno = ECONNABORTED;  // and the guest waits
  return -1;
}
