#include "provision/ssh/host_key.hpp"

#include <openssl/evp.h>
#include <openssl/sha.h>

#include <cassert>
#include <stdexcept>

#include "hosts/error.hpp"
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

void HmacSha1::Free::operator()(evp_md_st* digest) const {
  EVP_MD_free(digest);
}
void HmacSha1::Free::operator()(evp_md_ctx_st* context) const {
  EVP_MD_CTX_free(context);
}

HmacSha1::HmacSha1() : sha1_(EVP_MD_fetch(nullptr, "SHA1", nullptr)), context_(EVP_MD_CTX_new()) {
  if (!sha1_ || !context_) throw Error(ExitCode::local_failure, "OpenSSL has no SHA-1");
}

std::string HmacSha1::operator()(std::string_view key, std::string_view data) {
  static_assert(longest_key == SHA_CBLOCK);
  assert(key.size() <= longest_key);
  std::string inner(SHA_CBLOCK, '\x36'), outer(SHA_CBLOCK, '\x5c');  // RFC 2104
  for (std::size_t i = 0; i < key.size(); ++i) {
    inner[i] = static_cast<char>(inner[i] ^ key[i]);
    outer[i] = static_cast<char>(outer[i] ^ key[i]);
  }
  return digest(outer, digest(inner, data));
}

std::string HmacSha1::digest(std::string_view block, std::string_view data) {
  std::string result(SHA_DIGEST_LENGTH, '\0');
  EVP_DigestInit_ex2(context_.get(), sha1_.get(), nullptr);
  EVP_DigestUpdate(context_.get(), block.data(), block.size());
  EVP_DigestUpdate(context_.get(), data.data(), data.size());
  EVP_DigestFinal_ex(context_.get(), bytes_of(result), nullptr);
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
