// The proof: hello, links, ring and pi over all nodes, by each way that starts jobs, each with a
// verdict.
#pragma once

#include "hosts/verdict.hpp"
#include "hosts/via.hpp"
#include "provision/step.hpp"
#include "provision/steps/verify_slurm.hpp"

namespace clustermpi {

/// Runs the programs one after another; before the first of Slurm's ways, Slurm itself is checked.
/// A host that a verdict speaks against is in Verdict::hosts of Cluster::verdicts; where a program
/// does not end well, every host is asked again to find out which one is to blame.
class VerifyStep : public Step {
 public:
  /// No programs: all, links by mpirun alone, since the wires are the same for every way. No ways:
  /// mpirun, and srun too where Slurm is wanted and installed. `with_python`: python_programs() are
  /// among all of them.
  explicit VerifyStep(std::vector<std::string> programs = {}, std::vector<Via> ways = {},
                      bool with_python = false);

  [[nodiscard]] std::string name() const override { return "verify"; }
  [[nodiscard]] std::string title() const override;
  /// Runs nothing in a dry run. Throws Error{verification_failed} naming programs and hosts, after
  /// all programs had their turn.
  [[nodiscard]] std::vector<Change> plan(Cluster& cluster) override;
  std::string apply(Cluster&, const std::vector<Change>&) override { return {}; }
  [[nodiscard]] std::string nothing_to_do(const Cluster& cluster) const override;

 private:
  [[nodiscard]] std::vector<std::string> programs_by(Via via) const;
  /// Runs the programs by one way; false where any of them failed.
  bool prove(Cluster& cluster, Via via);
  Verdict prove_one(Cluster& cluster, const std::string& program, Via via,
                    const std::vector<NodeSlots>& nodes, Spread spread);
  bool prove_by_slurm(Cluster& cluster, Via via);

  std::vector<std::string> programs_;  ///< as they were asked for
  std::vector<Via> ways_;
  bool with_python_;
  std::optional<SlurmProof> slurm_;  ///< of Slurm itself, once it was checked
  bool links_work_ = true;           ///< as far as is known
  unsigned ranks_ = 0;
};

/// mpi4py's own programs, which run in the environment of [python]: see require_mpi4py().
[[nodiscard]] const std::vector<std::string>& python_programs();

}  // namespace clustermpi
