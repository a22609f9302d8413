// hello: every rank says who it is, where it runs and which cores it may use.
// Run: -n 4
// Try: -n 8                 the same ranks, dealt to the hosts in their order
//
// It proves that all ranks started, that they are one world (two MPI implementations mixed up give
// worlds of size 1), and that they are where the placement said.
#define OMPI_SKIP_MPICXX 1  // only the C interface of MPI: it compiles in half the time
#define MPICH_SKIP_MPICXX 1
#include <mpi.h>
#include <sched.h>

#include <array>
#include <charconv>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <set>
#include <string>
#include <vector>

namespace {

const char* const usage =
    "usage: hello [--expect NP]\n"
    "Every rank says its rank, the size of the world, its host and the cores it is bound to.\n"
    "  --expect NP   fail unless the world has NP ranks (otherwise: as many as the launcher "
    "started)\n";

struct Options {
  int expect = 0;  // 0: not asked for
  bool help = false;
  std::string error;
};

Options parse(int argc, char** argv) {
  Options options;
  for (int i = 1; i < argc; ++i) {
    const std::string word = argv[i];
    if (word == "--help" || word == "-h") {
      options.help = true;
    } else if (word == "--expect" && i + 1 < argc) {
      const char* value = argv[++i];
      const char* end = value + std::strlen(value);
      const auto read = std::from_chars(value, end, options.expect);
      if (read.ec != std::errc{} || read.ptr != end || options.expect < 1) {
        options.error =
            "--expect takes a number of ranks, 1 or more, not '" + std::string(value) + "'";
      }
    } else {
      options.error = "'" + word + "' is no option, or its value is missing; see --help";
    }
  }
  return options;
}

// What the launcher says it started. A rank that cannot talk to this launcher (because it was built
// with another MPI) thinks it is alone, and this number gives it away.
int announced_size() {
  for (const char* name : {"OMPI_COMM_WORLD_SIZE", "PMI_SIZE"}) {
    if (const char* value = std::getenv(name)) return std::atoi(value);
  }
  return 0;
}

std::string host_name() {
  std::array<char, MPI_MAX_PROCESSOR_NAME> buffer{};
  int length = 0;
  MPI_Get_processor_name(buffer.data(), &length);
  const std::string name(buffer.data(), static_cast<std::size_t>(length));
  return name.substr(0, name.find('.'));
}

// The cores this process may run on, folded: "0-3,8".
std::string bound_cores() {
  cpu_set_t set;
  CPU_ZERO(&set);
  if (sched_getaffinity(0, sizeof set, &set) != 0) return "unknown";
  std::string text;
  for (int core = 0; core < CPU_SETSIZE; ++core) {
    if (!CPU_ISSET(core, &set)) continue;
    int last = core;
    while (last + 1 < CPU_SETSIZE && CPU_ISSET(last + 1, &set)) ++last;
    text += (text.empty() ? "" : ",") + std::to_string(core);
    if (last > core) text += "-" + std::to_string(last);
    core = last;
  }
  return text;
}

// All ranks' texts on rank 0, in rank order. They differ in length, so lengths travel first.
std::vector<std::string> gather(const std::string& mine, int rank, int size) {
  const int length = static_cast<int>(mine.size());
  std::vector<int> lengths(static_cast<std::size_t>(size));
  MPI_Gather(&length, 1, MPI_INT, lengths.data(), 1, MPI_INT, 0, MPI_COMM_WORLD);

  std::vector<int> offsets(lengths.size());
  int total = 0;
  for (std::size_t i = 0; i < lengths.size(); ++i) {
    offsets[i] = total;
    total += lengths[i];
  }
  std::string all(static_cast<std::size_t>(total), '\0');
  MPI_Gatherv(mine.data(), length, MPI_CHAR, all.data(), lengths.data(), offsets.data(), MPI_CHAR,
              0, MPI_COMM_WORLD);

  std::vector<std::string> texts;
  for (std::size_t i = 0; rank == 0 && i < lengths.size(); ++i) {
    texts.push_back(
        all.substr(static_cast<std::size_t>(offsets[i]), static_cast<std::size_t>(lengths[i])));
  }
  return texts;
}

int run(const Options& options, int rank, int size) {
  const std::vector<std::string> hosts = gather(host_name(), rank, size);
  const std::vector<std::string> cores = gather(bound_cores(), rank, size);

  const int expected = options.expect != 0 ? options.expect : announced_size();
  const bool ok = expected == 0 || expected == size;
  if (rank == 0) {
    for (std::size_t i = 0; i < hosts.size(); ++i) {
      std::printf("hello rank=%zu size=%d host=%s cores=%s\n", i, size, hosts[i].c_str(),
                  cores[i].c_str());
    }
    if (!ok) {
      std::fprintf(
          stderr,
          "hello: the world size is %d, not %d: was it built with another MPI than the one "
          "that started it?\n",
          size, expected);
    }
    std::printf("RESULT hello size=%d hosts=%zu ok=%d\n", size,
                std::set<std::string>(hosts.begin(), hosts.end()).size(), ok ? 1 : 0);
  }
  return ok ? 0 : 1;
}

}  // namespace

int main(int argc, char** argv) {
  MPI_Init(&argc, &argv);
  int rank = 0;
  int size = 1;
  MPI_Comm_rank(MPI_COMM_WORLD, &rank);
  MPI_Comm_size(MPI_COMM_WORLD, &size);

  // All ranks read the same arguments and so come to the same end without talking to each other.
  const Options options = parse(argc, argv);
  int status = 0;
  if (options.help) {
    if (rank == 0) std::fputs(usage, stdout);
  } else if (!options.error.empty()) {
    if (rank == 0) std::fprintf(stderr, "hello: %s\n", options.error.c_str());
    status = 2;
  } else {
    status = run(options, rank, size);
  }
  MPI_Finalize();
  return status;
}
