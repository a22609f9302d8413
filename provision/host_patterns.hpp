// Lists of host patterns, as ssh_config and known_hosts have them.
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace clustermpi {

/// Whether one of `patterns` matches `name` and none that begins with '!' does. '*' is any text,
/// '?' any one character. Case counts.
[[nodiscard]] bool matches_patterns(const std::vector<std::string>& patterns,
                                    std::string_view name);

}  // namespace clustermpi
