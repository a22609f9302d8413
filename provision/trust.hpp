// First contact: which host keys are trusted.
#pragma once

#include <map>
#include <optional>
#include <string>
#include <vector>

#include "provision/cluster.hpp"

namespace clustermpi {

enum class KeyState {
  not_seen,  ///< the host did not come so far as to show it
  known,
  pinned,   ///< by this run
  refused,  ///< unknown, and nobody said yes
  changed,
  revoked,
};

struct HostTrust {
  KeyState state = KeyState::not_seen;
  std::optional<HostKey> key;
  std::optional<HostError> error;  ///< also of a login that failed behind a key that is trusted

  [[nodiscard]] bool ok() const { return state == KeyState::known || state == KeyState::pinned; }
};

/// Contacts `hosts`, which pins or asks for unknown keys as the cluster's options say. Hosts whose
/// key is not trusted in the end are failed; those that do not let us in have a warning only.
[[nodiscard]] std::map<std::string, HostTrust> trust_hosts(Cluster& cluster,
                                                           const std::vector<std::string>& hosts);

}  // namespace clustermpi
