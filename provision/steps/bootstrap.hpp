// First contact: hosts that know only a password come to know our key, and to give us root.
#pragma once

#include <filesystem>
#include <map>
#include <string>
#include <vector>

#include "provision/cluster.hpp"

namespace clustermpi {

struct BootstrapOptions {
  std::filesystem::path key;       ///< to install; empty: the one that we log in with
  bool each_password = false;      ///< hosts have passwords of their own
  bool passwordless_sudo = false;  ///< set it up where sudo asks; else somebody is asked whether to
  /// Given beforehand, by host. Where it is not empty nobody is asked for another.
  Passwords passwords;
};

/// How one host stands at the end. Hosts that failed are in cluster.failures().
struct BootstrapOutcome {
  enum class Sudo { unknown, passwordless, with_password };
  bool by_password = false;  ///< it did not let the key in at first
  Sudo sudo = Sudo::unknown;
  std::vector<std::string> changes;  ///< made; in a dry run, to be made
};

/// Tries the key on all active hosts; installs it by password where it is refused, and proves that
/// it is taken; then looks at sudo, and sets it up without a password where that is wished. Twice
/// changes nothing. In a dry run no password is asked for, so that sudo of hosts that want one is
/// not known.
std::map<std::string, BootstrapOutcome> bootstrap(Cluster& cluster,
                                                  const BootstrapOptions& options);

/// Passwords from a descriptor: its first line for all `hosts`, or with `each` a line a host.
/// What follows is left unread, and the programs that we start do not inherit the descriptor.
/// Throws Error{usage} where lines are missing, the descriptor cannot be read or is a terminal, and
/// Error{interrupted}.
[[nodiscard]] Passwords read_passwords(int fd, const std::vector<std::string>& hosts, bool each,
                                       CancelToken& cancel);

}  // namespace clustermpi
