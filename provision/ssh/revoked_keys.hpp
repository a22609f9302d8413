// Keys that are trusted nowhere: what OpenSSH's option RevokedHostKeys names.
#pragma once

#include <filesystem>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "provision/ssh/host_key.hpp"

namespace clustermpi {

class RevokedKeys {
 public:
  struct Place {
    std::filesystem::path file;
    unsigned line = 0;  ///< 0: in a binary list, which has no lines

    [[nodiscard]] std::string written() const;  ///< "FILE:LINE", or "FILE"
  };

  /// A public key a line, or a binary list (KRL). Throws Error{local_failure} where it is missing
  /// or cannot be read in full: no key can be trusted then.
  void add(const std::filesystem::path& file);

  /// Where `key` is revoked, which may be a plain key, an authority's, or a whole certificate.
  /// Binary lists are left to ssh-keygen, once a key; throws Error{local_failure} where it cannot
  /// tell.
  [[nodiscard]] std::optional<Place> find(const HostKey& key) const;

 private:
  void add_lines(const std::filesystem::path& file, std::string_view text);

  std::map<std::string, Place> keys_;  ///< by their base64
  std::vector<std::filesystem::path> lists_;
  mutable std::map<std::string, std::optional<Place>> answers_;  ///< of ssh-keygen, by base64
};

}  // namespace clustermpi
