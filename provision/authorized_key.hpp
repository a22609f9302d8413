// The key that first contact leaves on hosts.
#pragma once

#include <filesystem>
#include <optional>
#include <string>

namespace clustermpi {

struct AuthorizedKey {
  std::string line;  ///< "ssh-ed25519 AAAA... comment", as authorized_keys has it
  std::string from;  ///< where it was found, for messages
};

/// The public half of `identity`; where that is empty, of the first usual key in ~/.ssh, else the
/// first that ssh-agent holds. Nothing where there is none. Throws Error{local_failure} where a
/// named key is missing or cannot be read.
[[nodiscard]] std::optional<AuthorizedKey> find_authorized_key(
    const std::filesystem::path& identity);

/// Makes ~/.ssh/id_ed25519, without a passphrase. Throws Error{local_failure}.
[[nodiscard]] AuthorizedKey make_authorized_key();

}  // namespace clustermpi
