// A control group for each node. Nodes that shared one would make and remove each other's service
// groups, and now and then a service would fail to start with 219/CGROUP.
#pragma once

#include <string>
#include <vector>

namespace clustermpi::lab {

/// `argv` as a command that first moves itself into control groups of the node's own, which are
/// made here. Only for machines whose init is not systemd: there systemd-nspawn asks for a scope
/// itself.
[[nodiscard]] std::vector<std::string> in_own_control_group(const std::string& node,
                                                            std::vector<std::string> argv);

/// Removes the node's control groups; nothing of the node runs any more. Waits a few seconds for
/// its dead processes to be reaped: until then the kernel keeps a group. Throws
/// Error{local_failure} after that.
void remove_control_groups(const std::string& node);

}  // namespace clustermpi::lab
