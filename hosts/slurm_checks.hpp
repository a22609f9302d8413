// Whether Slurm works, judged from what its nodes and its commands say; pure. Each verdict names
// the hosts that it speaks against, with what to do.
//
// What provision/remote/slurm_node.sh prints, by line:
//   unit=NAME LoadState=... ActiveState=... Result=... ConditionResult=...
//   ConditionTimestampMonotonic=...
//                       (in any order)
//   credential=TEXT     of munge, or
//   said=TEXT           what it said where it gave none
#pragma once

#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "hosts/slurm_state.hpp"
#include "hosts/verdict.hpp"

namespace clustermpi {

/// What a node says of its part of Slurm.
struct SlurmNodeAnswer {
  struct Unit {
    std::string name;                           ///< "slurmd"
    std::map<std::string, std::string> states;  ///< ActiveState and so on
  };
  std::vector<Unit> units;
  std::string credential;  ///< empty where munge gave none
  std::string said;        ///< by munge, then
};
[[nodiscard]] SlurmNodeAnswer parse_slurm_node(std::string_view text);

using SlurmNodeAnswers = std::map<std::string, SlurmNodeAnswer>;  ///< by host

/// Every unit that was asked for is active.
[[nodiscard]] Verdict judge_daemons(const SlurmNodeAnswers& answers);

/// What unmunge said of a credential, by the host at the other end; empty: it could be decoded.
using Decodings = std::map<std::string, std::string>;

/// `at_hosts`: of the manager's credential, decoded on each other host. `at_manager`: of each
/// host's and its own, decoded on the manager. Where both fail it is told once.
[[nodiscard]] Verdict judge_munge(const std::string& manager, const Decodings& at_hosts,
                                  const Decodings& at_manager);

[[nodiscard]] Verdict judge_controller(const std::string& manager, const SlurmState& state);

/// Whether the states of all `hosts` will not change by waiting.
[[nodiscard]] bool settled(const SlurmState& state, const std::vector<std::string>& hosts);

/// Every host is idle or at work.
[[nodiscard]] Verdict judge_nodes(const std::string& manager, const SlurmState& state,
                                  const std::vector<std::string>& hosts);

/// How a command of Slurm's ended.
struct SlurmCommand {
  int exit_status = -1;
  bool timed_out = false;
  double seconds = 0;
  std::string out;
  std::string err;
};

/// `srun hostname`, one on each of `hosts`. `host_of` as judge() has it.
[[nodiscard]] Verdict judge_srun(const SlurmCommand& srun, const std::vector<std::string>& hosts,
                                 const std::map<std::string, std::string>& host_of);

/// What the batch job printed, and that it ended.
[[nodiscard]] Verdict judge_batch(const SlurmCommand& batch, const std::string& printed);

/// A question for a node more than there are.
[[nodiscard]] Verdict judge_refusal(const SlurmCommand& sbatch, unsigned nodes);

/// What provision/remote/slurm_cancel.sh printed of a job with a task on each of `hosts`, and how
/// many of its processes were left in the end on those that said it.
[[nodiscard]] Verdict judge_cancel(const SlurmCommand& cancel,
                                   const std::vector<std::string>& hosts,
                                   const std::map<std::string, unsigned>& left);

}  // namespace clustermpi
