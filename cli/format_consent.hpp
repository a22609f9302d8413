// `--yes-format` and `--wipe`: what `up` and `install storage` may do to a device.
#pragma once

#include "provision/steps/storage.hpp"

namespace CLI {
class App;
}

namespace clustermpi::cli {

/// Adds the two options; `consent` outlives the parsing.
void add_format_consent(CLI::App& command, FormatConsent& consent);

}  // namespace clustermpi::cli
