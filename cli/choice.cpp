#include "cli/choice.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>

#include "hosts/error.hpp"
#include "hosts/hints.hpp"

namespace clustermpi::cli {

CLI::Validator choice(const std::string& kind, const std::vector<std::string>& names) {
  const auto check = [kind, names](const std::string& word) -> std::string {
    if (std::ranges::find(names, word) != names.end()) return {};
    throw Error(ExitCode::usage, fmt::format("there is no {} '{}'", kind, word),
                did_you_mean(word, names, one_of(names)));
  };
  return CLI::Validator(check, fmt::format("{{{}}}", fmt::join(names, ",")));
}

}  // namespace clustermpi::cli
