// Host keys that we trust, in OpenSSH's known_hosts format.
#pragma once

#include <filesystem>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

namespace clustermpi {

/// A public key as the wire has it: type ("ssh-ed25519") and base64 blob.
struct HostKey {
  std::string type;
  std::string base64;

  bool operator==(const HostKey&) const = default;
};

/// "SHA256:..." as `ssh-keygen -l` prints it. Throws std::invalid_argument where the blob is no base64.
[[nodiscard]] std::string fingerprint(const HostKey& key);

/// Read once into a map; pins are appended to the first file at once and never duplicated.
class KnownHosts {
 public:
  /// `pins` is ours (made when needed, 0600); `others` are only read (the user's own). A missing file is
  /// empty. Lines that cannot be read are skipped; an unreadable file throws Error{local_failure}.
  explicit KnownHosts(std::filesystem::path pins, std::vector<std::filesystem::path> others = {});
  ~KnownHosts();

  enum class Verdict { known, unknown, changed, revoked };
  struct Answer {
    Verdict verdict = Verdict::unknown;
    HostKey expected;                ///< for `changed`: what is on file
    std::filesystem::path file;      ///< and where
    unsigned line = 0;
  };
  /// `name` as typed by the user (address and alias are the caller's to choose); port 22 is plain.
  [[nodiscard]] Answer check(std::string_view name, unsigned port, const HostKey& key) const;
  /// Key types on file for that host, so that only those are negotiated; empty where it is unknown.
  [[nodiscard]] std::vector<std::string> types_of(std::string_view name, unsigned port) const;

  void pin(std::string_view name, unsigned port, const HostKey& key);  ///< throws Error{local_failure}
  /// Removes all pins of that host from our own file; how many there were.
  std::size_t forget(std::string_view name, unsigned port);

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace clustermpi
