// What is wrong with a command line that could not be parsed.
#pragma once

#include <CLI/CLI.hpp>

#include "hosts/error.hpp"

namespace clustermpi::cli {

/// In words of ours: the mistyped word, and what was meant, or where to read on. `app` has just
/// thrown `error` in its parse.
[[nodiscard]] Error usage_error(const CLI::App& app, const CLI::ParseError& error);

}  // namespace clustermpi::cli
