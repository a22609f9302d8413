// Hints for who wrote a word that is none of those there are.
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace clustermpi {

/// "did you mean 'manager'?"; `otherwise` where no candidate is near.
[[nodiscard]] std::string did_you_mean(std::string_view word,
                                       const std::vector<std::string>& candidates,
                                       std::string otherwise = {});

/// "one of: strict, accept-new, ask"
[[nodiscard]] std::string one_of(const std::vector<std::string>& words);

}  // namespace clustermpi
