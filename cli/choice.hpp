// A word out of a few.
#pragma once

#include <CLI/CLI.hpp>
#include <string>
#include <vector>

namespace clustermpi::cli {

/// For an option that takes one of `names`, which --help then lists. Any other word is refused with
/// the one that is meant, if one is near: Error{usage} "there is no <kind> 'word'".
[[nodiscard]] CLI::Validator choice(const std::string& kind, const std::vector<std::string>& names);

}  // namespace clustermpi::cli
