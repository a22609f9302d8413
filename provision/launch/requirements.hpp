// What hosts must have for a job that wants more of them than an MPI. Each asks all of them at
// once, and throws Error that names those that lack it and says what to do. A host that cannot be
// asked lacks nothing: the launcher will say what is wrong with it.
#pragma once

#include <string>
#include <vector>

#include "provision/cluster.hpp"

namespace clustermpi {

void require_directory(Cluster& cluster, const std::vector<std::string>& hosts,
                       const std::string& directory);

/// Throws Error{usage} as well, where there are more `ranks` than panes are of use.
void require_debugger(Cluster& cluster, const std::vector<std::string>& hosts, unsigned ranks);

void require_profiler(Cluster& cluster, const std::vector<std::string>& hosts);

}  // namespace clustermpi
