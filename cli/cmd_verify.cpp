#include <fmt/format.h>

#include <CLI/CLI.hpp>

#include "cli/run_report.hpp"
#include "provision/steps/build.hpp"
#include "provision/steps/discover.hpp"
#include "provision/steps/distribute.hpp"
#include "provision/steps/verify.hpp"

namespace clustermpi::cli {

void add_verify(CLI::App& app, Session& session) {
  auto programs = std::make_shared<std::vector<std::string>>();
  auto* command =
      app.add_subcommand("verify", "Prove the cluster: hello, ring and pi over all hosts");
  command->alias("smoke");
  command->add_option("programs", *programs, "Only these: hello, ring, pi")
      ->check(CLI::IsMember(verification_programs()));
  command->footer(
      "A wrong world size, a missing host, a wrong sum or a job that does not end is a failure: "
      "exit\n"
      "code 5, and the host is named. --timeout SECONDS is for each program (default 60).");
  command->callback([&session, programs] {
    session.action = [&session, programs] {
      std::vector<std::unique_ptr<Step>> steps;
      steps.push_back(std::make_unique<DiscoverStep>());
      steps.push_back(std::make_unique<VerifyStep>(*programs));
      // A host that does not even answer is a missing host: the proof failed.
      return run_and_tell(session, "verify", steps, ExitCode::verification_failed);
    };
  });
}

}  // namespace clustermpi::cli
