// `--yes-format` and `--wipe`: what `up` and `install storage` may do to a device.
#pragma once

#include <memory>

#include "provision/steps/storage.hpp"

namespace CLI {
class App;
}

namespace clustermpi::cli {

/// Adds the two options; they are in the result once the command line was read.
[[nodiscard]] std::shared_ptr<FormatConsent> add_format_consent(CLI::App& command);

}  // namespace clustermpi::cli
