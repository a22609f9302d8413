// Public host keys as values: what the wire, a known_hosts line and a fingerprint have in common.
#pragma once

#include <cstddef>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

// OpenSSL's EVP_MD and EVP_MD_CTX.
struct evp_md_st;
struct evp_md_ctx_st;

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

/// HMAC-SHA1, with which OpenSSH hides host names in known_hosts. An object, because a connection
/// asks for one digest per line of the file, and setting OpenSSL up costs more than the digest.
class HmacSha1 {
 public:
  static constexpr std::size_t longest_key = 64;  ///< bytes: the block size of SHA-1

  HmacSha1();
  [[nodiscard]] std::string operator()(std::string_view key, std::string_view data);

 private:
  struct Free {
    void operator()(evp_md_st* digest) const;
    void operator()(evp_md_ctx_st* context) const;
  };
  [[nodiscard]] std::string digest(std::string_view block, std::string_view data);

  std::unique_ptr<evp_md_st, Free> sha1_;
  std::unique_ptr<evp_md_ctx_st, Free> context_;
};

}  // namespace clustermpi
