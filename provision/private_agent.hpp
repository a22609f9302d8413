// An ssh-agent of this run alone, for programs that cannot ask for a passphrase: Ansible's ssh.
#pragma once

#include <filesystem>

#include "provision/process.hpp"
#include "provision/secret.hpp"

namespace clustermpi {

/// Ends with this object or with this process, however that ends, and its keys with it.
class PrivateAgent {
 public:
  /// Its socket is made in `folder`, which only we can enter. Throws Error{local_failure}.
  explicit PrivateAgent(const std::filesystem::path& folder);
  ~PrivateAgent();
  PrivateAgent(const PrivateAgent&) = delete;
  PrivateAgent& operator=(const PrivateAgent&) = delete;

  /// Throws Error{local_failure} where the passphrase does not open the key.
  void add(const std::filesystem::path& key, const Secret& passphrase);
  [[nodiscard]] const std::filesystem::path& socket() const { return socket_; }

 private:
  std::filesystem::path askpass_;
  std::filesystem::path socket_;
  Companion agent_;
};

}  // namespace clustermpi
