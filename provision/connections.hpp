// How the hosts of an inventory are reached: from settings to what a fleet is built of.
#pragma once

#include <chrono>
#include <filesystem>
#include <memory>
#include <optional>
#include <vector>

#include "provision/fleet.hpp"
#include "provision/openssh_settings.hpp"
#include "provision/ssh/known_hosts.hpp"

namespace clustermpi {

struct Connections {
  std::vector<Target> targets;  ///< one a host asked for, in that order
  std::vector<Target> jumps;    ///< FleetOptions::jumps; hosts with the same way share its hops
  std::vector<std::filesystem::path> known_hosts;   ///< besides our pins, each once
  std::vector<std::filesystem::path> revoked_keys;  ///< files of RevokedHostKeys, each once
  bool strict = false;  ///< the user wants no unknown key accepted, of one of these hosts at least
  std::optional<std::chrono::seconds> connect_timeout;  ///< the longest; nothing where one has none
};

/// Throws what OpensshSettings throws, and Error{local_failure} where a way leads back to itself.
[[nodiscard]] Connections find_connections(const std::vector<const Host*>& hosts,
                                           OpensshSettings& settings);

/// Our pins, and all that the connections name: what ssh trusts, and what it trusts no more. Throws
/// Error{local_failure} where a file is there and cannot be read, or a list of revoked keys is not.
[[nodiscard]] std::unique_ptr<KnownHosts> read_known_hosts(const std::filesystem::path& pins,
                                                           const Connections& connections);

}  // namespace clustermpi
