// The private keys that we log in with: read once, shared by all sessions.
#pragma once

#include <libssh/libssh.h>

#include <filesystem>
#include <memory>
#include <vector>

#include "provision/ssh/errors.hpp"

namespace clustermpi {

struct SshKeyFree {
  void operator()(ssh_key key) const { ssh_key_free(key); }
};
using SshKey = std::unique_ptr<ssh_key_struct, SshKeyFree>;

struct Identity {
  std::filesystem::path file;
  SshKey key;
};

/// Keys with a passphrase are not used: nobody is there to be asked. What became of each file is
/// kept for the message when no key is accepted.
class Identities {
 public:
  explicit Identities(const std::vector<std::filesystem::path>& files);

  [[nodiscard]] const std::vector<Identity>& usable() const { return usable_; }
  /// For a host that refused the first `count` usable keys.
  [[nodiscard]] ssh_errors::TriedKeys tried(std::size_t count) const;

 private:
  std::vector<Identity> usable_;
  ssh_errors::TriedKeys outcome_;  ///< without `refused`
};

}  // namespace clustermpi
