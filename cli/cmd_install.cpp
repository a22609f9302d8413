#include <CLI/CLI.hpp>

#include "cli/run_report.hpp"
#include "provision/steps/discover.hpp"
#include "provision/steps/install.hpp"

namespace clustermpi::cli {

void add_install(CLI::App& app, Session& session) {
  auto* command =
      app.add_subcommand("install", "Install packages and settings through the bundled playbooks");
  command->require_subcommand(1);
  auto* mpi =
      command->add_subcommand("mpi", "Open MPI, the names of all hosts and the keys between them");
  mpi->footer(
      "Hosts that are as the last run left them are skipped. Something changed by hand is named "
      "and put\n"
      "right. The roles work alone, too:\n"
      "  ansible-playbook -i <(clustermpi generate ansible-inventory) playbooks/mpi.yml");
  mpi->callback([&session] {
    session.action = [&session] {
      std::vector<std::unique_ptr<Step>> steps;
      steps.push_back(std::make_unique<DiscoverStep>());
      steps.push_back(std::make_unique<CheckStep>());
      steps.push_back(install_mpi(session.open_cluster().inventory()));
      return run_and_tell(session, "install", steps);
    };
  });
}

}  // namespace clustermpi::cli
