#include "provision/launch/requirements.hpp"

#include <fmt/format.h>

#include "hosts/hostlist.hpp"
#include "provision/launcher.hpp"

namespace clustermpi {

namespace {

using namespace std::chrono_literals;

/// Those of `hosts` where `line` fails, as a hostlist.
std::string where_fails(Cluster& cluster, const std::vector<std::string>& hosts,
                        const std::string& line) {
  std::vector<Job> jobs;
  for (const std::string& host : hosts) {
    Job job;
    job.host = cluster.fleet().index_of(host).value();
    job.command = line;
    job.timeout = 20s;
    jobs.push_back(std::move(job));
  }
  std::vector<std::string> lacking;
  const std::vector<Result> results = cluster.fleet().run(std::move(jobs));
  for (std::size_t i = 0; i < hosts.size(); ++i)
    if (!results[i].error && !results[i].ok()) lacking.push_back(hosts[i]);
  cluster.throw_if_cancelled();
  return fold_hostlist(lacking);
}

[[noreturn]] void refuse(const std::string& message, std::string_view what_to_do,
                         const std::string& hosts, std::string_view command) {
  throw Error(ExitCode::hosts_failed, message,
              fmt::format("{}: clustermpi exec {} {}", what_to_do, shell_quote(hosts), command));
}

}  // namespace

void require_directory(Cluster& cluster, const std::vector<std::string>& hosts,
                       const std::string& directory) {
  const std::string quoted = printable(shell_quote(directory));
  const std::string lacking =
      where_fails(cluster, hosts, fmt::format("cd {} 2>/dev/null", shell_quote(directory)));
  if (lacking.empty()) return;
  refuse(fmt::format("ranks cannot start in {} on {}: there is no such directory",
                     printable(directory), lacking),
         "make it", lacking, fmt::format("-- mkdir -p {}", quoted));
}

void require_debugger(Cluster& cluster, const std::vector<std::string>& hosts, unsigned ranks) {
  if (ranks > most_ranks_to_debug) {
    throw Error(ExitCode::usage,
                fmt::format("--debug opens a pane a rank, {} at most: {} ranks are too many",
                            most_ranks_to_debug, ranks),
                fmt::format("ask for fewer, as with -n {}", most_ranks_to_debug));
  }
  const std::string lacking =
      where_fails(cluster, hosts, "command -v gdb >/dev/null && command -v gdbserver");
  if (lacking.empty()) return;
  refuse(fmt::format("there is no gdb or no gdbserver on {}", lacking), "install both", lacking,
         "--sudo -- apt-get install -y gdb gdbserver");
}

void require_profiler(Cluster& cluster, const std::vector<std::string>& hosts) {
  // As remote/rank.sh chooses: a perf that is there may still be forbidden.
  const std::string lacking = where_fails(
      cluster, hosts, "perf record -q -o /dev/null true >/dev/null 2>&1 || command -v valgrind");
  if (lacking.empty()) return;
  refuse(fmt::format("neither perf nor valgrind can be used on {}: perf is missing, or the sysctl "
                     "kernel.perf_event_paranoid forbids it",
                     lacking),
         "install valgrind", lacking, "--sudo -- apt-get install -y valgrind");
}

}  // namespace clustermpi
