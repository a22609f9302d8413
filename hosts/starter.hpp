// `init`: from what was typed to a commented cluster.toml.
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace clustermpi {

struct StarterOptions {
  std::vector<std::string> hosts;  ///< each `[USER@]HOSTLIST[:PORT]` or `NAMES=ADDRESSES`
  std::string name;                ///< empty: derived from the host names
  std::string user;                ///< empty: from USER@, else the `user` of the template
  std::string manager;             ///< empty: the first host
  std::string identity;
};

/// Fills `starter_template` (templates/cluster.toml): every key documented, what was given filled in.
/// The result parses without diagnostics. Throws Error{usage} on a host argument that makes no sense.
[[nodiscard]] std::string starter_inventory(const StarterOptions& options,
                                            std::string_view starter_template);

}  // namespace clustermpi
