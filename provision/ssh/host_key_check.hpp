// Whether the key that a server has proved to hold is the one that we expect of it.
#pragma once

#include <libssh/libssh.h>

#include <optional>
#include <string>

#include "provision/fleet.hpp"
#include "provision/ssh/known_hosts.hpp"

namespace clustermpi {

/// For SSH_OPTIONS_HOSTKEYS: the types on file for the host first, because a server that has such a
/// key must show that one.
[[nodiscard]] std::string host_key_algorithms(const KnownHosts& known_hosts, const Target& target);

/// After the key exchange of `session`: why the server is not trusted, or nothing. An unknown key
/// is pinned where the policy says so.
[[nodiscard]] std::optional<HostError> check_host_key(ssh_session session, const Target& target,
                                                      const FleetOptions& options,
                                                      KnownHosts& known_hosts);

/// Judges the certificate that the server shows for its host key: why it counts for nothing, or
/// nothing.
[[nodiscard]] std::optional<HostError> check_host_certificate(const std::string& certificate,
                                                              const Target& target,
                                                              KnownHosts& known_hosts);

}  // namespace clustermpi
