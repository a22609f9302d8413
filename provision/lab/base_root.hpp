// The root file systems that nodes share: one a suite and architecture, made once, never written
// again.
#pragma once

#include <filesystem>
#include <string>

#include "provision/cancel.hpp"
#include "provision/lab/apt.hpp"
#include "provision/reporter.hpp"

namespace clustermpi::lab {

/// Names the owner of uid 1000 in every base root: the user who logs in to the nodes.
inline constexpr const char* node_user = "pi";
inline constexpr unsigned node_user_id = 1000;

/// $CLUSTERMPI_CACHE, else /var/cache/clustermpi.
[[nodiscard]] std::filesystem::path cache_folder();

/// The base root of `suite` and `arch`, built where the cache has none (minutes; two programs that
/// want it at once build it once). Throws Error{local_failure}, or {interrupted} after a cancel.
std::filesystem::path base_root(const std::string& suite, const std::string& arch,
                                const AptSetup& apt, Reporter& reporter, CancelToken& cancel);

/// Ends and removes what killed builds left in the cache.
void clear_abandoned_builds();

}  // namespace clustermpi::lab
