#include "cli/host_consent.hpp"

#include <CLI/CLI.hpp>

namespace clustermpi::cli {

void add_set_hostnames(CLI::App& command, HostConsent& consent) {
  command.add_flag("--set-hostnames", consent.set_hostnames,
                   "Name each host as the inventory does, before all else");
}

void add_no_reboot(CLI::App& command, HostConsent& consent) {
  command.add_flag_callback(
      "--no-reboot", [&consent] { consent.reboot = false; },
      "Leave nodes running that need a reboot, and say which");
}

}  // namespace clustermpi::cli
