// SHA-1 is used through OpenSSL's old interface: it can go on from a state, and the new one spends
// several times as long on setting up as such short digests take.
#define OPENSSL_SUPPRESS_DEPRECATED

#include "provision/ssh/host_key.hpp"

#include <openssl/evp.h>
#include <openssl/sha.h>

#include <cassert>
#include <stdexcept>
#include <tuple>

#include "provision/ssh/wire.hpp"

namespace clustermpi {
namespace {

const unsigned char* bytes_of(std::string_view text) {
  return reinterpret_cast<const unsigned char*>(text.data());
}

unsigned char* bytes_of(std::string& text) {
  return reinterpret_cast<unsigned char*>(text.data());
}

}  // namespace

std::optional<std::string> decode_base64(std::string_view text) {
  constexpr std::string_view alphabet =
      "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
  if (text.empty() || text.size() % 4 != 0) return std::nullopt;
  const std::size_t padding = text.ends_with("==") ? 2 : text.ends_with('=') ? 1 : 0;
  // EVP_DecodeBlock skips white space at the ends and takes padding anywhere; a key must be exact.
  if (text.substr(0, text.size() - padding).find_first_not_of(alphabet) != std::string_view::npos)
    return std::nullopt;

  std::string bytes(text.size() / 4 * 3, '\0');
  if (EVP_DecodeBlock(bytes_of(bytes), bytes_of(text), static_cast<int>(text.size())) < 0)
    return std::nullopt;
  bytes.resize(bytes.size() - padding);
  return bytes;
}

std::string encode_base64(std::string_view bytes) {
  std::string text((bytes.size() + 2) / 3 * 4 + 1, '\0');  // OpenSSL adds a terminating zero
  const int length =
      EVP_EncodeBlock(bytes_of(text), bytes_of(bytes), static_cast<int>(bytes.size()));
  text.resize(static_cast<std::size_t>(length));
  return text;
}

HmacSha1::HmacSha1(std::string_view key) {
  static_assert(longest_key == SHA_CBLOCK);
  assert(key.size() <= longest_key);
  std::string inner(SHA_CBLOCK, '\x36'), outer(SHA_CBLOCK, '\x5c');  // RFC 2104
  for (std::size_t i = 0; i < key.size(); ++i) {
    inner[i] = static_cast<char>(inner[i] ^ key[i]);
    outer[i] = static_cast<char>(outer[i] ^ key[i]);
  }
  inner_ = after(inner);
  outer_ = after(outer);
}

std::string HmacSha1::operator()(std::string_view data) const {
  return digest(outer_, digest(inner_, data));
}

HmacSha1::State HmacSha1::after(std::string_view block) {
  SHA_CTX sha;
  SHA1_Init(&sha);
  SHA1_Update(&sha, block.data(), block.size());
  return {sha.h0, sha.h1, sha.h2, sha.h3, sha.h4};
}

std::string HmacSha1::digest(const State& begun, std::string_view data) {
  SHA_CTX sha;
  SHA1_Init(&sha);
  std::tie(sha.h0, sha.h1, sha.h2, sha.h3, sha.h4) = std::tuple_cat(begun);
  sha.Nl = SHA_CBLOCK * 8;  // bits that went into it
  SHA1_Update(&sha, data.data(), data.size());
  std::string result(SHA_DIGEST_LENGTH, '\0');
  SHA1_Final(bytes_of(result), &sha);
  return result;
}

std::string fingerprint(const HostKey& key) {
  const auto blob = decode_base64(key.base64);
  if (!blob) throw std::invalid_argument("not a public key: " + key.base64);
  std::string digest(SHA256_DIGEST_LENGTH, '\0');
  SHA256(bytes_of(*blob), blob->size(), bytes_of(digest));
  std::string text = encode_base64(digest);
  text.erase(text.find_last_not_of('=') + 1);
  return "SHA256:" + text;
}

std::optional<HostKey> host_key_from_base64(std::string_view base64) {
  const auto blob = decode_base64(base64);
  if (!blob) return std::nullopt;
  const std::string_view type = WireReader(*blob).string();  // RFC 4253: the blob begins with it
  if (type.empty()) return std::nullopt;
  // Encoded anew: the last character may have bits that mean nothing, and keys are compared as
  // text.
  return HostKey{std::string(type), encode_base64(*blob)};
}

}  // namespace clustermpi
