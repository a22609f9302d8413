#include <fmt/format.h>

#include <CLI/CLI.hpp>

#include "cli/choice.hpp"
#include "cli/run_report.hpp"
#include "provision/steps/build.hpp"
#include "provision/steps/discover.hpp"
#include "provision/steps/distribute.hpp"
#include "provision/steps/install_python.hpp"
#include "provision/steps/verify.hpp"

namespace clustermpi::cli {

namespace {

void add_via(CLI::App& command, std::vector<Via>& ways) {
  command
      .add_option_function<std::string>(
          "--via",
          [&ways](const std::string& name) {
            ways = name == "all" ? std::vector{Via::mpirun, Via::srun, Via::salloc}
                                 : std::vector{via_of(name).value()};
          },
          "By this way only (default: mpirun, and srun where Slurm is installed)")
      ->type_name("WAY")
      ->check(choice("way", {"mpirun", "srun", "salloc", "all"}));
}

}  // namespace

void add_verify(CLI::App& app, Session& session) {
  auto programs = std::make_shared<std::vector<std::string>>();
  auto ways = std::make_shared<std::vector<Via>>();
  auto python = std::make_shared<bool>(false);
  auto* command =
      app.add_subcommand("verify", "Prove the cluster: hello, links, ring and pi over all hosts");
  command->alias("smoke");
  keep_words_whole(command->add_option("programs", *programs,
                                       "Only these: hello, links, ring, pi (default: all)"))
      ->check(choice("proof", bundled_programs()));
  command->add_flag("--python", *python,
                    "mpi4py's helloworld and ringtest, in the environment of [python]; beside "
                    "programs that are named, else alone");
  add_via(*command, *ways);
  command->footer(
      "  clustermpi verify                      all of them, by mpirun and by srun\n"
      "  clustermpi verify links                the network alone\n"
      "  clustermpi verify --python --via srun  Python on all hosts, as a job of Slurm's\n"
      "links lets every host talk to every other, each way, and names what is blocked or slow; by\n"
      "Slurm's ways it is run only where it is named: the wires are the same.\n"
      "A wrong world size, a missing host, a wrong sum or a job that does not end is a failure: "
      "exit\n"
      "code 5, and the host is named. --timeout SECONDS is for each program (default 60).\n"
      "The outcome is also a page for people: .clustermpi/report.html.\n"
      "By Slurm's ways its daemons, munge, controller and nodes are checked first, then srun, a "
      "batch job,\n"
      "the refusal of one that asks for too much, and what a cancelled job leaves.");
  command->callback([&session, programs, ways, python] {
    session.action = [&session, programs, ways, python] {
      std::vector<std::string> chosen = *programs;
      if (*python) {
        require_mpi4py(session.open_cluster().inventory());
        chosen.insert(chosen.end(), python_programs().begin(), python_programs().end());
      }
      std::vector<std::unique_ptr<Step>> steps;
      steps.push_back(std::make_unique<DiscoverStep>());
      steps.push_back(std::make_unique<VerifyStep>(std::move(chosen), *ways));
      // A host that does not even answer is a missing host: the proof failed.
      return run_and_tell(session, "verify", steps, ExitCode::verification_failed);
    };
  });
}

}  // namespace clustermpi::cli
