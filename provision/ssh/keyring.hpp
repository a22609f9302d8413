// The keys that we log in with: read once, shared by all sessions of a fleet.
#pragma once

#include <libssh/libssh.h>

#include <filesystem>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "provision/fleet.hpp"
#include "provision/ssh/agent.hpp"
#include "provision/ssh/errors.hpp"

namespace clustermpi {

struct SshKeyFree {
  void operator()(ssh_key key) const { ssh_key_free(key); }
};
using SshKey = std::unique_ptr<ssh_key_struct, SshKeyFree>;

/// One way to prove who we are.
struct LoginKey {
  enum class Signer {
    us,      ///< `key` is private
    agent,   ///< `key` is public
    locked,  ///< `key` is public: the private one has a passphrase that nobody has given yet
  };
  Signer signer = Signer::us;
  SshKey key;
  SshKey certificate;          ///< goes with `key`; may be null
  std::string blob;            ///< certificate, else public half, as the wire has it
  std::string label;           ///< for messages: the file, or "COMMENT of the agent"
  std::filesystem::path file;  ///< where it was read; empty where only the agent knows it
};

/// All keys of one set of credentials, in the order in which they are tried.
struct KeyChain {
  std::vector<LoginKey> keys;
  ssh_errors::TriedKeys outcome;  ///< what became of files that give no key; without `refused`
  /// The key that opened the last host, tried first on the next: where an agent holds many, only
  /// the first hosts pay for that.
  std::size_t favourite = 0;
};

class Keyring {
 public:
  /// A chain for `credentials`, whose agent gave `agent_answer` (nothing: there is none, or it did
  /// not answer). Made once for each `credentials`, which must outlive this.
  KeyChain& chain(const Credentials& credentials, const std::optional<std::string>& agent_answer);
  /// The chain made before, or null.
  [[nodiscard]] KeyChain* find(const Credentials& credentials);

  /// Opens a locked key, in the chains that there are and in those to come; false where the
  /// passphrase is wrong.
  bool unlock(const std::filesystem::path& file, const Secret& passphrase);

 private:
  void open_in(KeyChain& chain) const;

  std::map<const Credentials*, KeyChain> chains_;
  std::map<std::filesystem::path, SshKey> opened_;
};

}  // namespace clustermpi
