// Ranks where the inventory lists them.
#pragma once

#include <vector>

#include "hosts/placement.hpp"

namespace clustermpi {

/// The cores that are named first: who names none gets what they leave. Throws Error{usage} where
/// the list is too short, or names a host or a core that is not there.
[[nodiscard]] std::vector<RankPlace> as_listed(const std::vector<NodeSlots>& nodes,
                                               const PlacementRequest& request);

}  // namespace clustermpi
