// hello: every rank says who it is, where it runs and which cores it may use.
// Run: -n 4
// Try: -n 8                 the same ranks, dealt to the hosts in their order
//
// It proves that all ranks started and that they are one world: two MPI implementations mixed up
// give worlds of size 1. Where they are it tells, and leaves to others to judge.
#include <sched.h>

#include <climits>
#include <cstdio>
#include <cstdlib>
#include <set>
#include <string>
#include <vector>

#include "../common/example.hpp"

namespace {

const char* const usage =
    "usage: hello [--expect NP]\n"
    "Every rank says its rank, the size of the world, its host and the cores it is bound to.\n"
    "  --expect NP   fail unless the world has NP ranks (otherwise: as many as the launcher "
    "started)\n";

// What the launcher says it started: Open MPI's mpirun, MPICH's, or Slurm's srun, which may have
// started another launcher and is asked last. A rank that cannot talk to its launcher (because it
// was built with another MPI) thinks it is alone, and this number gives it away.
int announced_size() {
  for (const char* name : {"OMPI_COMM_WORLD_SIZE", "PMI_SIZE", "SLURM_STEP_NUM_TASKS"}) {
    if (const char* value = std::getenv(name)) return std::atoi(value);
  }
  return 0;
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

int hello(example::Program& program) {
  const int size = program.size;
  const int asked_for = program.small_number("--expect", 0, 1, INT_MAX);
  const int expected = asked_for != 0 ? asked_for : announced_size();
  const std::vector<std::string> hosts = program.gather(program.short_host());
  const std::vector<std::string> cores = program.gather(bound_cores());
  const bool ok = expected == 0 || expected == size;
  if (program.rank == 0) {
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
  return example::run(argc, argv, "hello", usage, hello);
}
