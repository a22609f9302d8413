#include "cli/format_consent.hpp"

#include <CLI/CLI.hpp>

namespace clustermpi::cli {

void add_format_consent(CLI::App& command, FormatConsent& consent) {
  command
      .add_option("--yes-format", consent.device,
                  "Make a file system on this device of [storage] if it carries nothing")
      ->type_name("DEVICE");
  command.add_flag("--wipe", consent.wipe,
                   "With --yes-format: also where it carries something, which is lost");
}

}  // namespace clustermpi::cli
