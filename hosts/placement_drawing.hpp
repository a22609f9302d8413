// Who runs where, as text for people.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "hosts/placement.hpp"

namespace clustermpi {

/// One core of a host, or one hardware thread.
struct DrawnCore {
  std::string number;           ///< the logical one
  std::string ranks;            ///< bound to it, "0" or "0,4"; empty where there are none
  bool begins_package = false;  ///< another processor than the core before it
};

struct DrawnHost {
  std::string host;
  std::vector<DrawnCore> cores;
};

/// What there is to draw of a placement.
struct PlacementDrawing {
  std::string summary;            ///< "16 ranks fill on red,red[01-03], 4 each"
  std::string_view unit;          ///< of the cores: "core" or "thread"
  std::vector<DrawnHost> hosts;   ///< that have ranks, in the placement's order
  std::vector<std::string> idle;  ///< that have none
};
[[nodiscard]] PlacementDrawing drawing_of(const Placement& placement);

/// A line that sums it up; then for each host its cores (by thread: its hardware threads) by their
/// logical numbers and below each the ranks that are bound to it, '.' where there are none. Bars
/// stand between processors. At most 100 columns wide; hosts without ranks share a line.
[[nodiscard]] std::string draw(const Placement& placement);

}  // namespace clustermpi
