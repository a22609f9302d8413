// How names are folded, for the sources of the hostlist alone.
#pragma once

#include <cstddef>
#include <cstdint>
#include <limits>
#include <span>
#include <string>

namespace clustermpi {

/// What a reader of the folded list can take.
struct FoldLimits {
  std::size_t brackets_in_name = std::numeric_limits<std::size_t>::max();
  std::uint64_t names_in_range = std::numeric_limits<std::uint64_t>::max();
};

/// fold_hostlist() within limits.
[[nodiscard]] std::string fold_within(std::span<const std::string> names, FoldLimits limits);

}  // namespace clustermpi
