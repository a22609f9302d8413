// In which order the hosts get their ranks.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "hosts/placement.hpp"
#include "hosts/placement_rooms.hpp"

namespace clustermpi {

/// Index of the host of each rank.
using Turns = std::vector<std::uint32_t>;

/// `np` of them, which the rooms have. Throws Error{usage} where a weight is nobody's, or a speed
/// is wanted that was not measured.
[[nodiscard]] Turns turns_of(const Inventory& inventory, const std::vector<NodeSlots>& nodes,
                             const std::vector<Room>& rooms, const PlacementRequest& request,
                             std::size_t np, const Speeds& speeds);

}  // namespace clustermpi
