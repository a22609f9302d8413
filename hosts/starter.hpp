// `init`: from what was typed to a commented cluster.toml.
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace clustermpi {

struct StarterOptions {
  /// Each `[USER@]HOSTLIST[:PORT]`, of names or of addresses (which are then called node01, node02,
  /// ...), or `[USER@]NAMES=ADDRESSES[:PORT]`, or a line `NAME ADDRESS`. None: an example to be
  /// edited.
  std::vector<std::string> hosts;
  std::string name;     ///< empty: derived from the host names
  std::string user;     ///< empty: from USER@, else the `user` of the template
  std::string manager;  ///< empty: the first host
  std::string identity;
};

/// Fills `starter_template` (templates/cluster.toml): every key documented, what was given filled
/// in. Its markers are @NAME@, @MANAGER@, @USER=default@ and, on lines of their own, @HOSTS@ and
/// @IDENTITY@. The result parses without diagnostics. Throws Error{usage} on an argument that makes
/// no sense.
[[nodiscard]] std::string starter_inventory(const StarterOptions& options,
                                            std::string_view starter_template);

}  // namespace clustermpi
