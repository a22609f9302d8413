// Finding and ending what runs inside the nodes, from /proc alone: that works whoever started it
// and whether or not anybody wrote its number down.
#pragma once

#include <sys/types.h>

#include <filesystem>
#include <functional>
#include <string>
#include <string_view>
#include <vector>

namespace clustermpi::lab {

/// Processes that have an argument for which `matches` is true.
[[nodiscard]] std::vector<pid_t> processes_with_argument(
    const std::function<bool(std::string_view argument)>& matches);
/// Processes in the network namespace that is mounted at /run/netns/NAME; none where it is not.
[[nodiscard]] std::vector<pid_t> processes_in_netns(const std::string& name);
/// Processes whose root folder is `folder` or below it.
[[nodiscard]] std::vector<pid_t> processes_rooted_in(const std::filesystem::path& folder);

/// SIGKILLs what `find` finds until it finds nothing. Throws Error{local_failure} after ten
/// seconds, naming `what`.
void kill_all(const std::function<std::vector<pid_t>()>& find, std::string_view what);

}  // namespace clustermpi::lab
