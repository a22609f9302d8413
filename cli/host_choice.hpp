// The hosts that a command line names.
#pragma once

#include <string>
#include <vector>

#include "provision/cluster.hpp"

namespace clustermpi::cli {

/// The hosts that `expressions` (HOSTLISTs) name, in the inventory's order and within --limit; all
/// that --limit leaves where there is no expression. Throws Error{usage} naming what is no host,
/// with what may have been meant, and where nothing is left.
[[nodiscard]] std::vector<std::string> chosen_hosts(const Cluster& cluster,
                                                    const std::vector<std::string>& expressions);

}  // namespace clustermpi::cli
