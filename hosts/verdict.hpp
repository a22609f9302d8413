// What a verification program's output proves, and which host it speaks against.
#pragma once

#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "hosts/placement.hpp"

namespace clustermpi {

/// How one program ended on the cluster.
struct ProgramRun {
  std::string program;
  std::string via = "mpirun";
  int exit_status = -1;
  bool timed_out = false;
  double seconds = 0;
  std::string out;
  std::string err;
};

/// A rank that is still in MPI_Init can be reached by a message of one that is through, and then
/// crashes: seen with Open MPI 4.1 and 5.0 under PMIx on busy processors, in one start of a
/// hundred. It says nothing against the cluster.
[[nodiscard]] bool crashed_at_its_start(const ProgramRun& run);

/// One way from host to host, as links measured it.
struct LinkFigures {
  std::string from;
  std::string to;
  double latency_us = 0;  ///< 0 where nothing could be measured, and so is `mbps`
  double mbps = 0;        ///< megabytes a second
  std::string problem;    ///< why it does not work; empty where it does
  bool too_slow = false;  ///< it does not work, but pings arrive

  bool operator==(const LinkFigures&) const = default;
};

/// What pi computed on one host.
struct Throughput {
  double samples_per_s = 0;  ///< of all its ranks
  unsigned ranks = 0;

  bool operator==(const Throughput&) const = default;
};

struct Verdict {
  std::string program;         ///< or what was checked, "munge"
  std::string via = "mpirun";  ///< the way that started it; "slurm" where Slurm itself is checked
  bool ok = false;
  bool ran = true;                             ///< false: not tried, `summary` says why; it is ok
  std::string summary;                         ///< one line for people, whether it passed or not
  std::map<std::string, std::string> figures;  ///< of the RESULT line, or what mpi4py's tell
  std::map<std::string, std::string>
      hosts;  ///< host -> what is wrong with it; empty where all is well
  double seconds = 0;
  std::vector<std::string> remarks;  ///< what is slow, though nothing is wrong; in `summary`, too
  std::vector<LinkFigures> links;    ///< of links, all ways it told of
  std::map<std::string, Throughput> throughput;  ///< of pi, by host
};

/// The key=value pairs of the last line `RESULT program ...`, or of any program's where `program`
/// is empty; empty where there is none.
[[nodiscard]] std::map<std::string, std::string> result_line(std::string_view out,
                                                             std::string_view program);

/// The line of a long complaint that says most: mpirun frames its text with dashes, begins with a
/// general remark, and ends with how to see all of it.
[[nodiscard]] std::string telling_line(const std::string& text);

/// Where the ranks of a job on all slots are to be.
enum class Spread {
  exact,    ///< each host runs as many as it has slots
  by_slurm  ///< each runs one at least; how many, Slurm decides
};

/// Judges hello, ring, pi, links or mpi4py's helloworld and ringtest, run on all slots of `nodes`.
/// `host_of` turns the name that a node gives itself into its name in the inventory.
[[nodiscard]] Verdict judge(const ProgramRun& run, const std::vector<NodeSlots>& nodes,
                            const std::map<std::string, std::string>& host_of,
                            Spread spread = Spread::exact);

/// How many samples a second one rank of each host computed, from the lines that pi prints; by the
/// hosts' names in the inventory.
[[nodiscard]] Speeds measured_speeds(std::string_view out,
                                     const std::map<std::string, std::string>& host_of);

/// What a verdict is on, for people: "hello", "hello by srun", "Slurm's munge".
[[nodiscard]] std::string title_of(const Verdict& verdict);

}  // namespace clustermpi
