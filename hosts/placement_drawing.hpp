// Who runs where, as text for people.
#pragma once

#include <string>

#include "hosts/placement.hpp"

namespace clustermpi {

/// A line that sums it up; then for each host its cores (by thread: its hardware threads) by their
/// logical numbers and below each the ranks that are bound to it, '.' where there are none. Bars
/// stand between processors. At most 100 columns wide; hosts without ranks share a line.
[[nodiscard]] std::string draw(const Placement& placement);

}  // namespace clustermpi
