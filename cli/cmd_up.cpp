#include <CLI/CLI.hpp>

#include "cli/format_consent.hpp"
#include "cli/host_consent.hpp"
#include "cli/run_report.hpp"

namespace clustermpi::cli {

void add_up(CLI::App& app, Session& session) {
  auto* command =
      app.add_subcommand("up", "From bare hosts to a verified cluster: all steps in order");
  command->footer(
      "Steps: discover, check, install, storage, slurm, python, generate, build, distribute, "
      "verify. "
      "Each\n"
      "is also a command of its own. Interrupted anywhere, run it again: it goes on with what is "
      "left. On a\n"
      "finished cluster it changes nothing and proves that the cluster still works.\n"
      "A node is rebooted only where memory limits are asked for and its kernel has them turned "
      "off, as\n"
      "a Raspberry Pi's has; once, and not while a job runs on it.\n"
      "\n"
      "  clustermpi up --dry-run    what would change, host by host\n"
      "  clustermpi up --json       the outcome as one JSON document, also kept as "
      ".clustermpi/report.json\n"
      "\n"
      "The outcome is also a page for people: .clustermpi/report.html.");
  auto hosts = std::make_shared<HostConsent>();
  add_set_hostnames(*command, *hosts);
  add_no_reboot(*command, *hosts);
  auto consent = std::make_shared<FormatConsent>();
  add_format_consent(*command, *consent);
  command->callback([&session, hosts, consent] {
    session.action = [&session, hosts, consent] {
      return run_and_tell(session, "up",
                          up_steps(session.open_cluster().inventory(), *hosts, *consent));
    };
  });
}

}  // namespace clustermpi::cli
