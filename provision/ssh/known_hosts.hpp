// Host keys that we trust, in OpenSSH's known_hosts format.
//
// libssh's own reader scans the file twice a connection, and skips @revoked and @cert-authority
// lines. This one reads the files once, answers from a map, and fails closed: a revoked key is
// refused wherever it turns up, a host that is on file is never given a second key of another type,
// and one that only an authority speaks of is trusted by certificate or not at all.
//
// Hosts are named as OpenSSH names them: as typed (address and alias are the caller's to choose),
// without case, port 22 being plain. An alias (HostKeyAlias) has no port: pass 22 with it.
#pragma once

#include <chrono>
#include <cstddef>
#include <filesystem>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "provision/ssh/host_key.hpp"

namespace clustermpi {

/// Read once into a map; pins are appended to the first file at once and never duplicated.
class KnownHosts {
 public:
  /// `pins` is ours (made when needed, 0600); `others` are only read (the user's own). A missing
  /// file is empty. Lines that cannot be read are skipped; a file that cannot be read, or is larger
  /// than any list of hosts, throws Error{local_failure}.
  explicit KnownHosts(std::filesystem::path pins, std::vector<std::filesystem::path> others = {});
  ~KnownHosts();
  KnownHosts(const KnownHosts&) = delete;
  KnownHosts& operator=(const KnownHosts&) = delete;

  /// Trusts none of the keys in `file` any more, for no host: OpenSSH's RevokedHostKeys, as text
  /// or as a binary list. Throws Error{local_failure} where it cannot be read.
  void revoke_keys_in(const std::filesystem::path& file);

  enum class Verdict { known, unknown, changed, revoked };
  struct Answer {
    Verdict verdict = Verdict::unknown;
    HostKey expected;  ///< for `changed`: what is on file, of the same type where there is one
    /// For `changed` and `revoked`: where that is written (line 0: a binary list). For `unknown`:
    /// where a certificate authority is named for the host, if one is.
    std::filesystem::path file;
    unsigned line = 0;

    /// The key is unknown, and may not be pinned: an authority answers for that host.
    [[nodiscard]] bool by_certificate_only() const {
      return verdict == Verdict::unknown && line != 0;
    }
  };
  /// Throws Error{local_failure} where a binary list of revoked keys cannot be asked.
  [[nodiscard]] Answer check(std::string_view name, unsigned port, const HostKey& key) const;
  /// Key types on file for that host, so that those are negotiated first; empty where it is
  /// unknown.
  [[nodiscard]] std::vector<std::string> types_of(std::string_view name, unsigned port) const;

  struct Entry {
    HostKey key;
    bool revoked = false;
    std::filesystem::path file;
    unsigned line = 0;
    bool authority = false;  ///< not the host's own key, but one that signs certificates for it
  };
  /// All that is on file for that host, in the order of the files.
  [[nodiscard]] std::vector<Entry> on_file(std::string_view name, unsigned port) const;

  /// Whether that host can only be trusted by a certificate that is still to be fetched: an
  /// authority is named for it, and none of its own keys is on file or vouched for.
  [[nodiscard]] bool wants_certificate(std::string_view name, unsigned port) const;
  /// Judges the certificate that the host shows. From here on the plain key that it is about counts
  /// as known for that host, for the life of this object; or why it does not, in plain words.
  /// Throws as check() does.
  [[nodiscard]] std::optional<std::string> vouch(std::string_view name, unsigned port,
                                                 std::string_view certificate,
                                                 std::chrono::system_clock::time_point now);

  /// Throws Error{local_failure} where it cannot be written, and for a host that is trusted by
  /// certificate only.
  void pin(std::string_view name, unsigned port, const HostKey& key);
  /// Removes all pins of that host from our own file; how many there were.
  std::size_t forget(std::string_view name, unsigned port);

  [[nodiscard]] const std::filesystem::path& pins_file() const;

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace clustermpi
