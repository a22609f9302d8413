// The words that a command understands, from its definition.
#pragma once

#include <CLI/CLI.hpp>
#include <string>
#include <vector>

namespace clustermpi::cli {

/// The commands below it, other names of theirs included.
[[nodiscard]] std::vector<std::string> names_of_commands(const CLI::App& app);

/// "--limit", without those that it takes from its parents.
[[nodiscard]] std::vector<std::string> long_options(const CLI::App& app);

}  // namespace clustermpi::cli
