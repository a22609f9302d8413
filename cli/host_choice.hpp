// The hosts that a command line names.
#pragma once

#include <functional>
#include <string>
#include <vector>

#include "hosts/hostlist_sources.hpp"
#include "provision/cluster.hpp"

namespace clustermpi::cli {

/// For a HOSTLIST on a command line: `^FILE` is a file of this machine; `groups` is asked at the
/// first `@GROUP`.
[[nodiscard]] HostlistSources command_line_sources(std::function<HostGroups()> groups);

/// The groups of an inventory and of the facts that are stored beside it.
[[nodiscard]] HostGroups stored_groups(const Inventory& inventory, const Workspace& workspace);

/// The hosts of --limit; none where it is empty, which means all. Throws HostlistError, and
/// Error{usage} where it comes to no host at all.
[[nodiscard]] std::vector<std::string> limited_hosts(const Inventory& inventory,
                                                     const Workspace& workspace,
                                                     const std::string& limit);

/// The hosts that `expressions` (HOSTLISTs) name, in the inventory's order and within --limit; all
/// that --limit leaves where there is no expression. Throws HostlistError, and Error{usage} naming
/// what is no host, with what may have been meant, and where nothing is left.
[[nodiscard]] std::vector<std::string> chosen_hosts(const Cluster& cluster,
                                                    const std::vector<std::string>& expressions);

}  // namespace clustermpi::cli
