// The proof: hello, ring and pi over all nodes, each with a verdict.
#pragma once

#include "hosts/verdict.hpp"
#include "provision/step.hpp"

namespace clustermpi {

/// Runs the programs one after another. A host that a verdict speaks against is in Verdict::hosts
/// of Cluster::verdicts; where
/// a program does not end well, every host is asked again to find out which one is to blame.
class VerifyStep : public Step {
 public:
  explicit VerifyStep(std::vector<std::string> programs);

  [[nodiscard]] std::string name() const override { return "verify"; }
  [[nodiscard]] std::string title() const override;
  /// Runs nothing in a dry run. Throws Error{verification_failed} naming programs and hosts, after
  /// all programs had their turn.
  [[nodiscard]] std::vector<Change> plan(Cluster& cluster) override;
  std::string apply(Cluster&, const std::vector<Change>&) override { return {}; }
  [[nodiscard]] std::string nothing_to_do(const Cluster& cluster) const override;

 private:
  std::vector<std::string> programs_;
  unsigned ranks_ = 0;
};

/// Programs that verify knows, in the order in which they are run.
[[nodiscard]] const std::vector<std::string>& verification_programs();

}  // namespace clustermpi
