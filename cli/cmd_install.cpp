#include <CLI/CLI.hpp>

#include "cli/format_consent.hpp"
#include "cli/run_report.hpp"
#include "provision/steps/discover.hpp"
#include "provision/steps/install.hpp"

namespace clustermpi::cli {

namespace {

void add_install_storage(CLI::App& command, Session& session) {
  auto* storage = command.add_subcommand(
      "storage", "The directory of [storage] on every host, from the manager over NFS");
  storage->footer(
      "The hosts mount it when it is first used, so that it does not matter which of them is "
      "switched\n"
      "on first. A device gets a file system only where the inventory says `format = true`, "
      "--yes-format\n"
      "names it, and it carries nothing; --wipe is for one that does.\n"
      "\n"
      "  clustermpi install storage --dry-run                   what would be done, device "
      "included\n"
      "  clustermpi install storage --yes-format /dev/sdX       a file system on a blank device");
  const auto consent = add_format_consent(*storage);
  storage->callback([&session, consent] {
    session.action = [&session, consent] {
      std::vector<std::unique_ptr<Step>> steps;
      steps.push_back(std::make_unique<DiscoverStep>());
      steps.push_back(std::make_unique<CheckStep>());
      steps.push_back(std::make_unique<StorageStep>(session.open_cluster().inventory(), *consent));
      return run_and_tell(session, "install", steps);
    };
  });
}

}  // namespace

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
  add_install_storage(*command, session);
}

}  // namespace clustermpi::cli
