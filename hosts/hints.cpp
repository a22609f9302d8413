#include "hosts/hints.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include "hosts/inventory.hpp"

namespace clustermpi {

std::string did_you_mean(std::string_view word, const std::vector<std::string>& candidates,
                         std::string otherwise) {
  const std::string nearest = nearest_word(word, candidates);
  return nearest.empty() ? otherwise : fmt::format("did you mean '{}'?", nearest);
}

std::string one_of(const std::vector<std::string>& words) {
  return fmt::format("one of: {}", fmt::join(words, ", "));
}

}  // namespace clustermpi
