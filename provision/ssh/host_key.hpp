// Public host keys as values: what the wire, a known_hosts line and a fingerprint have in common.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace clustermpi {

/// A public key as the wire has it: type ("ssh-ed25519") and base64 blob.
struct HostKey {
  std::string type;
  std::string base64;

  bool operator==(const HostKey&) const = default;
};

/// "SHA256:..." as `ssh-keygen -l` prints it. Throws std::invalid_argument where the blob is no
/// base64.
[[nodiscard]] std::string fingerprint(const HostKey& key);

/// The key that a base64 blob holds, its type read from the blob itself; nothing where it is
/// malformed.
[[nodiscard]] std::optional<HostKey> host_key_from_base64(std::string_view base64);

/// Strict: padding where it belongs, no white space; nothing where `text` is no base64.
[[nodiscard]] std::optional<std::string> decode_base64(std::string_view text);
[[nodiscard]] std::string encode_base64(std::string_view bytes);

/// HMAC-SHA1 with one key. OpenSSH hides host names in known_hosts with it, each line having a key
/// of its own: every name is tried with every line, so that the key's share is computed once.
class HmacSha1 {
 public:
  static constexpr std::size_t longest_key = 64;  ///< bytes: the block size of SHA-1

  explicit HmacSha1(std::string_view key);
  [[nodiscard]] std::string operator()(std::string_view data) const;

 private:
  using State = std::array<std::uint32_t, 5>;
  [[nodiscard]] static State after(std::string_view block);
  [[nodiscard]] static std::string digest(const State& begun, std::string_view data);

  State inner_;
  State outer_;
};

}  // namespace clustermpi
