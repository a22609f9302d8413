#include <CLI/CLI.hpp>

#include "cli/run_report.hpp"
#include "provision/steps/reset.hpp"

namespace clustermpi::cli {

namespace {

ExitCode reset(Session& session, std::vector<std::string> parts, bool force) {
  if (!session.common.dry_run && !session.can_confirm()) {
    throw Error(ExitCode::usage,
                "reset asks before it removes anything, and nobody is at a terminal",
                "--dry-run shows what would go, --yes agrees to it");
  }
  std::vector<std::unique_ptr<Step>> steps;
  steps.push_back(std::make_unique<ResetStep>(ResetOptions{std::move(parts), force}));
  return run_and_tell(session, "reset", steps);
}

}  // namespace

void add_reset(CLI::App& app, Session& session) {
  auto* command = app.add_subcommand(
      "reset", "Take away what was installed, and bring back what was there before");
  command->require_subcommand(1);
  auto force = std::make_shared<bool>(false);
  command->add_flag("--force", *force, "Also while Slurm has jobs, which are cancelled");
  const auto add = [&](const std::string& name, const std::string& what,
                       const std::vector<std::string>& parts) {
    command->add_subcommand(name, what)->callback([&session, force, parts] {
      session.action = [&session, force, parts] { return reset(session, parts, *force); };
    });
  };
  for (const std::string& part : reset_parts())
    add(part, "What only this part needs; the others go on working", {part});
  add("all", "Everything, and what clustermpi keeps on the nodes", reset_parts());
  command->footer(
      "Each node has a journal of what was added to it. Packages that were there before stay, and "
      "so do\n"
      "those that something else needs by now; files that were replaced come back. You see the "
      "list first.\n"
      "Slurm's record of its jobs goes with Slurm. What bootstrap set up stays: the key that you "
      "log in with,\n"
      "and the rule for sudo. A directory that was shared keeps its content. Package lists that "
      "apt fetched\n"
      "stay, and so does all that is here in .clustermpi/.\n"
      "A host that was down is done by the same command later. Take [slurm] out of the inventory "
      "as well,\n"
      "or the next `up` brings Slurm back.");
}

}  // namespace clustermpi::cli
