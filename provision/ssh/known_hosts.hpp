// Host keys that we trust, in OpenSSH's known_hosts format.
//
// libssh's own reader scans the file twice a connection, and skips @revoked lines. This one reads
// the files once, answers from a map, and fails closed: a revoked key is refused wherever it turns
// up, and a host that is on file is never given a second key of another type.
#pragma once

#include <cstddef>
#include <filesystem>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "provision/ssh/host_key.hpp"

namespace clustermpi {

/// Read once into a map; pins are appended to the first file at once and never duplicated.
/// `@cert-authority` lines are not used: a host that has only such a line counts as unknown.
class KnownHosts {
 public:
  /// `pins` is ours (made when needed, 0600); `others` are only read (the user's own). A missing
  /// file is empty. Lines that cannot be read are skipped; an unreadable file throws
  /// Error{local_failure}.
  explicit KnownHosts(std::filesystem::path pins, std::vector<std::filesystem::path> others = {});
  ~KnownHosts();
  KnownHosts(const KnownHosts&) = delete;
  KnownHosts& operator=(const KnownHosts&) = delete;

  enum class Verdict { known, unknown, changed, revoked };
  struct Answer {
    Verdict verdict = Verdict::unknown;
    HostKey expected;  ///< for `changed`: what is on file, of the same type where there is one
    std::filesystem::path file;  ///< for `changed` and `revoked`: where that is written
    unsigned line = 0;
  };
  /// `name` as typed by the user (address and alias are the caller's to choose); port 22 is plain.
  [[nodiscard]] Answer check(std::string_view name, unsigned port, const HostKey& key) const;
  /// Key types on file for that host, so that those are negotiated first; empty where it is
  /// unknown.
  [[nodiscard]] std::vector<std::string> types_of(std::string_view name, unsigned port) const;

  struct Entry {
    HostKey key;
    bool revoked = false;
    std::filesystem::path file;
    unsigned line = 0;
  };
  /// All that is on file for that host, in the order of the files.
  [[nodiscard]] std::vector<Entry> on_file(std::string_view name, unsigned port) const;

  void pin(std::string_view name, unsigned port,
           const HostKey& key);  ///< throws Error{local_failure}
  /// Removes all pins of that host from our own file; how many there were.
  std::size_t forget(std::string_view name, unsigned port);

  [[nodiscard]] const std::filesystem::path& pins_file() const;

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace clustermpi
