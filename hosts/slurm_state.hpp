// What Slurm says of itself, as provision/remote/slurm_state.sh printed it on the manager.
//
// The protocol: `key=value` lines up to `end=1`.
//   missing=1       there is no Slurm; nothing follows
//   ping            what `scontrol ping` says
//   said            what a command of Slurm's said that did not work
//   node*           "NAME|CPUS|STATE|WHO|REASON", once for each partition that it is in
//   job*            "ID|USER|STATE|NODES|NAME", of jobs that hold nodes
#pragma once

#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "hosts/placement.hpp"

namespace clustermpi {

struct SlurmNode {
  unsigned cpus = 0;
  std::string state;   ///< sinfo's long form without its marks: "idle", "drained", "unknown"
  std::string marks;   ///< what stood behind it: "*" does not respond, "~" powered down, ...
  std::string reason;  ///< as whoever took it out of service wrote it; empty where nobody did
  std::string who;     ///< who that was; empty where nobody did
};

struct SlurmJob {
  std::string id;
  std::string user;
  std::string nodes;  ///< a hostlist
  std::string name;
};

struct SlurmState {
  bool complete = false;  ///< the answer had its end
  bool installed = true;
  bool up = false;      ///< the controller answers
  std::string trouble;  ///< what Slurm said where it did not; one line
  std::map<std::string, SlurmNode> nodes;
  std::vector<SlurmJob> jobs;
};

[[nodiscard]] SlurmState parse_slurm_state(std::string_view text);

enum class NodeUse {
  idle,
  busy,      ///< runs jobs, or just ended one
  settling,  ///< a state that a node passes through while daemons start
  out,       ///< takes no jobs until somebody acts
};
[[nodiscard]] NodeUse use_of(const SlurmNode& node);

/// Those of `nodes` that are Slurm's nodes too, none with more slots than Slurm has CPUs there.
[[nodiscard]] std::vector<NodeSlots> slots_in_slurm(const std::vector<NodeSlots>& nodes,
                                                    const SlurmState& state);

/// "job 12 of pi (sleep) on red[01-02]", of all jobs; empty where no job holds a node.
[[nodiscard]] std::string jobs_text(const SlurmState& state);

}  // namespace clustermpi
