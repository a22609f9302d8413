#include <CLI/CLI.hpp>

#include "cli/format_consent.hpp"
#include "cli/host_consent.hpp"
#include "cli/run_report.hpp"
#include "provision/steps/discover.hpp"
#include "provision/steps/hostnames.hpp"
#include "provision/steps/install.hpp"
#include "provision/steps/install_python.hpp"
#include "provision/steps/install_slurm.hpp"
#include "provision/steps/reboot.hpp"

namespace clustermpi::cli {

namespace {

enum class Part { mpi, slurm, storage, python, all };

struct InstallOptions {
  bool new_munge_key = false;
  HostConsent hosts;
  FormatConsent consent;
};

/// Packages, names and keys come first: the other parts stand on them, but for storage.
std::vector<std::unique_ptr<Step>> steps_of(Part part, const InstallOptions& options,
                                            const Inventory& inventory) {
  if (part == Part::slurm && !inventory.slurm) {
    throw Error(ExitCode::inventory_invalid, "the inventory does not ask for Slurm",
                "add a line [slurm] to it");
  }
  if (part == Part::python) require_python(inventory);
  std::vector<std::unique_ptr<Step>> steps;
  steps.push_back(std::make_unique<DiscoverStep>());
  if (options.hosts.set_hostnames) steps.push_back(std::make_unique<HostnamesStep>());
  steps.push_back(std::make_unique<CheckStep>());
  if (part != Part::storage) steps.push_back(install_mpi(inventory));
  if ((part == Part::slurm || part == Part::all) && may_need_reboot(inventory))
    steps.push_back(std::make_unique<RebootStep>(options.hosts.reboot));
  if (part == Part::storage || (part == Part::all && inventory.storage))
    steps.push_back(std::make_unique<StorageStep>(inventory, options.consent));
  if ((part == Part::slurm || part == Part::all) && inventory.slurm)
    steps.push_back(install_slurm(options.new_munge_key));
  if (part == Part::python || (part == Part::all && inventory.python))
    steps.push_back(install_python());
  return steps;
}

CLI::App* add_part(CLI::App& install, Session& session,
                   const std::shared_ptr<InstallOptions>& options, Part part,
                   const std::string& name, const std::string& description) {
  auto* command = install.add_subcommand(name, description);
  add_set_hostnames(*command, options->hosts);
  if (part == Part::slurm || part == Part::all) add_no_reboot(*command, options->hosts);
  command->callback([&session, options, part] {
    session.action = [&session, options, part] {
      return run_and_tell(session, "install",
                          steps_of(part, *options, session.open_cluster().inventory()));
    };
  });
  return command;
}

}  // namespace

void add_install(CLI::App& app, Session& session) {
  auto* command =
      app.add_subcommand("install", "Install packages and settings through the bundled playbooks");
  command->require_subcommand(1);
  command->footer(
      "Hosts that are as the last run left them are skipped. Something changed by hand is named "
      "and put right.");
  auto options = std::make_shared<InstallOptions>();
  auto* mpi = add_part(*command, session, options, Part::mpi, "mpi",
                       "MPI, the names of all hosts and the keys between them");
  mpi->footer(
      "The packages of all that the inventory asks for come at once: one transaction is faster "
      "than\n"
      "several. The roles work alone, too:\n"
      "  ansible-playbook -i <(clustermpi generate ansible-inventory) playbooks/mpi.yml");
  auto* slurm = add_part(*command, session, options, Part::slurm, "slurm",
                         "Slurm on top: configured from facts, one key, daemons that run");
  slurm->add_flag("--new-munge-key", options->new_munge_key,
                  "Change the key by which the daemons know each other");
  slurm->footer(
      "Needs a table [slurm] in the inventory. What it would write:\n"
      "  clustermpi generate slurm-conf\n"
      "A host that joins disturbs no other and no job; one that left the inventory is drained "
      "first.\n"
      "Nodes that Slurm took out of service are put back where the reason is cured.");
  auto* storage = add_part(*command, session, options, Part::storage, "storage",
                           "The directory of [storage] on every host, from the manager over NFS");
  add_format_consent(*storage, options->consent);
  storage->footer(
      "The hosts mount it when it is first used, so that it does not matter which of them is "
      "switched\n"
      "on first. A device gets a file system only where the inventory says `format = true`, "
      "--yes-format\n"
      "names it, and it carries nothing; --wipe is for one that does.\n"
      "\n"
      "  clustermpi install storage --dry-run                what would be done, device included\n"
      "  clustermpi install storage --yes-format /dev/sdX    a file system on a blank device");
  auto* python = add_part(*command, session, options, Part::python, "python",
                          "A Python environment with mpi4py on every host, as [python] says");
  python->footer(
      "Packages come from the index that pip knows on the host (/etc/pip.conf, PyPI), mpi4py "
      "compiled for\n"
      "the host's own MPI; where none answers, from Debian (python3-NAME). Which it was, is said. "
      "What you\n"
      "add by pip yourself stays; what you break is named and put right.\n"
      "\n"
      "  clustermpi install python --dry-run               what would be done\n"
      "  clustermpi run -- ENV3/bin/python my_program.py   with it\n"
      "  clustermpi verify --python                        proves it on all hosts");
  add_part(*command, session, options, Part::all, "all", "All that the inventory asks for");
}

}  // namespace clustermpi::cli
