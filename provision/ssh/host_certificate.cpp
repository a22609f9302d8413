#include "provision/ssh/host_certificate.hpp"

#include <fmt/chrono.h>
#include <fmt/format.h>
#include <openssl/bn.h>
#include <openssl/core_names.h>
#include <openssl/ec.h>
#include <openssl/evp.h>
#include <openssl/param_build.h>

#include <algorithm>
#include <array>
#include <ctime>
#include <memory>
#include <stdexcept>

#include "provision/ssh/wire.hpp"

namespace clustermpi {
namespace {

constexpr std::string_view certificate_suffix = "-cert-v01@openssh.com";
constexpr std::uint32_t host_type = 2;
constexpr std::size_t largest_blob = 256 * 1024;  ///< a server cannot send more in one packet
constexpr std::size_t most_principals = 256;      ///< OpenSSH's limit
constexpr int smallest_rsa = 1024;                ///< bits; OpenSSH's default of RequiredRSASize

constexpr std::array<std::string_view, 6> algorithms{
    "ssh-ed25519-cert-v01@openssh.com",         "ecdsa-sha2-nistp256-cert-v01@openssh.com",
    "ecdsa-sha2-nistp384-cert-v01@openssh.com", "ecdsa-sha2-nistp521-cert-v01@openssh.com",
    "rsa-sha2-512-cert-v01@openssh.com",        "rsa-sha2-256-cert-v01@openssh.com"};

struct Free {
  void operator()(EVP_PKEY* key) const { EVP_PKEY_free(key); }
  void operator()(EVP_PKEY_CTX* context) const { EVP_PKEY_CTX_free(context); }
  void operator()(EVP_MD_CTX* context) const { EVP_MD_CTX_free(context); }
  void operator()(OSSL_PARAM_BLD* builder) const { OSSL_PARAM_BLD_free(builder); }
  void operator()(OSSL_PARAM* params) const { OSSL_PARAM_free(params); }
  void operator()(BIGNUM* number) const { BN_free(number); }
  void operator()(ECDSA_SIG* signature) const { ECDSA_SIG_free(signature); }
};
template <typename T>
using Owned = std::unique_ptr<T, Free>;

[[noreturn]] void cannot_be_read() {
  throw std::invalid_argument("it cannot be read");
}

void require(bool holds) {
  if (!holds) cannot_be_read();
}

const unsigned char* bytes_of(std::string_view text) {
  return reinterpret_cast<const unsigned char*>(text.data());
}

// ---- keys ---------------------------------------------------------------------------------------

/// The curves of RFC 5656, and the digest that goes with each.
struct Curve {
  std::string_view name;
  const char* openssl_name;
  const char* digest;
};
constexpr std::array<Curve, 3> curves{Curve{"nistp256", "P-256", "SHA256"},
                                      {"nistp384", "P-384", "SHA384"},
                                      {"nistp521", "P-521", "SHA512"}};
constexpr std::string_view ecdsa_prefix = "ecdsa-sha2-";

/// Nothing where `type` is not "ecdsa-sha2-" and one of them.
const Curve* curve_of(std::string_view type) {
  if (!type.starts_with(ecdsa_prefix)) return nullptr;
  const auto found = std::ranges::find(curves, type.substr(ecdsa_prefix.size()), &Curve::name);
  return found == curves.end() ? nullptr : &*found;
}

/// Skips the fields in which a public key of that type differs from others.
void skip_public_key(WireReader& reader, std::string_view type) {
  if (type == "ssh-ed25519") {
    require(reader.string().size() == 32);
  } else if (const Curve* curve = curve_of(type)) {
    require(reader.string() == curve->name && !reader.string().empty());
  } else if (type == "ssh-rsa") {
    require(!reader.string().empty() && !reader.string().empty());
  } else {
    cannot_be_read();
  }
}

HostKey host_key_of(std::string_view type, std::string_view fields) {
  return {std::string(type), encode_base64(wire_string(type).append(fields))};
}

Owned<BIGNUM> big_number(std::string_view bytes) {
  // Whoever signs with a key has it in its shortest form; another form would be another key blob
  // for the same key, which a list of revoked ones does not know.
  const bool negative = !bytes.empty() && (bytes[0] & 0x80) != 0;
  const bool padded = bytes.size() > 1 && bytes[0] == 0 && (bytes[1] & 0x80) == 0;
  require(!bytes.empty() && !negative && !padded);
  return Owned<BIGNUM>(BN_bin2bn(bytes_of(bytes), static_cast<int>(bytes.size()), nullptr));
}

Owned<EVP_PKEY> key_from(const char* kind, OSSL_PARAM_BLD* builder) {
  const Owned<OSSL_PARAM> params(OSSL_PARAM_BLD_to_param(builder));
  const Owned<EVP_PKEY_CTX> context(EVP_PKEY_CTX_new_from_name(nullptr, kind, nullptr));
  EVP_PKEY* key = nullptr;
  require(params && context && EVP_PKEY_fromdata_init(context.get()) == 1 &&
          EVP_PKEY_fromdata(context.get(), &key, EVP_PKEY_PUBLIC_KEY, params.get()) == 1);
  return Owned<EVP_PKEY>(key);
}

Owned<EVP_PKEY> rsa_key(WireReader& reader) {
  const auto exponent = big_number(reader.string());
  const auto modulus = big_number(reader.string());
  require(exponent && modulus);
  if (BN_num_bits(modulus.get()) < smallest_rsa)
    throw std::invalid_argument("the RSA key of its authority is too short");
  const Owned<OSSL_PARAM_BLD> builder(OSSL_PARAM_BLD_new());
  require(builder && OSSL_PARAM_BLD_push_BN(builder.get(), OSSL_PKEY_PARAM_RSA_N, modulus.get()) &&
          OSSL_PARAM_BLD_push_BN(builder.get(), OSSL_PKEY_PARAM_RSA_E, exponent.get()));
  return key_from("RSA", builder.get());
}

Owned<EVP_PKEY> ecdsa_key(WireReader& reader, const Curve& curve) {
  require(reader.string() == curve.name);
  const std::string_view point = reader.string();
  const Owned<OSSL_PARAM_BLD> builder(OSSL_PARAM_BLD_new());
  require(builder &&
          OSSL_PARAM_BLD_push_utf8_string(builder.get(), OSSL_PKEY_PARAM_GROUP_NAME,
                                          curve.openssl_name, 0) &&
          OSSL_PARAM_BLD_push_octet_string(builder.get(), OSSL_PKEY_PARAM_PUB_KEY, point.data(),
                                           point.size()));
  return key_from("EC", builder.get());
}

// ---- the authority's signature ------------------------------------------------------------------

/// How OpenSSL wants a signature to be checked.
struct Check {
  Owned<EVP_PKEY> key;
  const char* digest = nullptr;  ///< none for Ed25519
  std::string signature;
};

std::string ecdsa_signature(std::string_view fields) {
  WireReader reader(fields);
  auto r = big_number(reader.string());
  auto s = big_number(reader.string());
  const Owned<ECDSA_SIG> pair(ECDSA_SIG_new());
  require(reader.at_end() && r && s && pair && ECDSA_SIG_set0(pair.get(), r.get(), s.get()) == 1);
  r.release(), s.release();  // the pair has them now
  unsigned char* der = nullptr;
  const int size = i2d_ECDSA_SIG(pair.get(), &der);
  require(size > 0);
  std::string signature(reinterpret_cast<const char*>(der), static_cast<std::size_t>(size));
  OPENSSL_free(der);
  return signature;
}

std::string rsa_signature(std::string_view bytes, const EVP_PKEY* key) {
  const auto size = static_cast<std::size_t>(EVP_PKEY_get_size(key));
  require(bytes.size() <= size);
  return std::string(size - bytes.size(), '\0').append(bytes);  // zeros in front may be left out
}

Check check_with(std::string_view authority, std::string_view signature) {
  WireReader key(authority), signed_with(signature);
  const std::string_view type = key.string(), algorithm = signed_with.string();
  const std::string_view bytes = signed_with.string();
  require(signed_with.at_end());

  Check check;
  if (type == "ssh-ed25519") {
    const std::string_view raw = key.string();
    require(algorithm == type);
    check.key.reset(
        EVP_PKEY_new_raw_public_key(EVP_PKEY_ED25519, nullptr, bytes_of(raw), raw.size()));
    check.signature = bytes;
  } else if (const Curve* curve = curve_of(type)) {
    require(algorithm == type);
    check.key = ecdsa_key(key, *curve);
    check.digest = curve->digest;
    check.signature = ecdsa_signature(bytes);
  } else if (type == "ssh-rsa") {
    if (algorithm == "ssh-rsa")
      throw std::invalid_argument("it is signed with SHA-1 (ssh-rsa), which is not safe any more");
    require(algorithm == "rsa-sha2-256" || algorithm == "rsa-sha2-512");
    check.key = rsa_key(key);
    check.digest = algorithm == "rsa-sha2-256" ? "SHA256" : "SHA512";
    check.signature = rsa_signature(bytes, check.key.get());
  } else {
    throw std::invalid_argument(
        fmt::format("it is signed by a kind of key that is not supported: {}", type));
  }
  require(check.key && key.at_end());
  return check;
}

void verify(std::string_view signed_part, std::string_view authority, std::string_view signature) {
  const Check check = check_with(authority, signature);
  const Owned<EVP_MD_CTX> context(EVP_MD_CTX_new());
  if (!context ||
      EVP_DigestVerifyInit_ex(context.get(), nullptr, check.digest, nullptr, nullptr,
                              check.key.get(), nullptr) != 1 ||
      EVP_DigestVerify(context.get(), bytes_of(check.signature), check.signature.size(),
                       bytes_of(signed_part), signed_part.size()) != 1)
    throw std::invalid_argument("its signature does not hold: it was changed, or is a forgery");
}

// ---- what it says -------------------------------------------------------------------------------

std::vector<std::string> strings_in(std::string_view bytes, std::size_t most) {
  std::vector<std::string> strings;
  WireReader reader(bytes);
  while (!reader.rest().empty()) {
    strings.emplace_back(reader.string());
    require(reader.ok() && strings.size() <= most);
  }
  return strings;
}

/// The names of options: each is followed by its value.
std::vector<std::string> names_in(std::string_view bytes) {
  std::vector<std::string> names;
  WireReader reader(bytes);
  while (!reader.rest().empty()) {
    names.emplace_back(reader.string());
    reader.string();
    require(reader.ok());
  }
  return names;
}

std::string date(std::uint64_t seconds) {
  constexpr std::uint64_t year_9999 = 253'402'300'799;
  const auto time = static_cast<std::time_t>(std::min(seconds, year_9999));
  return fmt::format("{:%Y-%m-%d %H:%M:%S} UTC", fmt::gmtime(time));
}

std::string shortened(const std::vector<std::string>& names) {
  constexpr std::size_t most = 5;
  const auto shown = static_cast<std::ptrdiff_t>(std::min(names.size(), most));
  std::string text = fmt::format("{}", fmt::join(names.begin(), names.begin() + shown, ", "));
  if (names.size() > most) text += fmt::format(" and {} more", names.size() - most);
  return text;
}

}  // namespace

std::span<const std::string_view> certificate_algorithms() {
  return algorithms;
}

HostCertificate read_host_certificate(std::string_view blob) {
  require(blob.size() <= largest_blob);
  WireReader reader(blob);
  std::string_view type = reader.string();
  require(type.ends_with(certificate_suffix));
  type.remove_suffix(certificate_suffix.size());
  reader.string();  // a nonce

  HostCertificate certificate;
  const char* const key_begin = reader.rest().data();
  skip_public_key(reader, type);
  certificate.key =
      host_key_of(type, {key_begin, static_cast<std::size_t>(reader.rest().data() - key_begin)});
  reader.uint64();  // a serial number
  certificate.for_a_host = reader.uint32() == host_type;
  reader.string();  // a name for logs
  certificate.principals = strings_in(reader.string(), most_principals);
  certificate.valid_after = reader.uint64();
  certificate.valid_before = reader.uint64();
  certificate.critical_options = names_in(reader.string());
  names_in(reader.string());  // extensions, which may be ignored
  reader.string();            // reserved
  const std::string_view authority = reader.string();
  const std::string_view signed_part = blob.substr(0, blob.size() - reader.rest().size());
  const std::string_view signature = reader.string();
  require(reader.at_end());

  verify(signed_part, authority, signature);
  certificate.authority = {std::string(WireReader(authority).string()), encode_base64(authority)};
  return certificate;
}

std::optional<std::string> why_not_valid(const HostCertificate& certificate, std::string_view name,
                                         std::chrono::system_clock::time_point now) {
  if (!certificate.for_a_host) return "it is a user's certificate, not a host's";
  const auto seconds = static_cast<std::uint64_t>(
      std::chrono::duration_cast<std::chrono::seconds>(now.time_since_epoch()).count());
  if (seconds < certificate.valid_after)
    return fmt::format("it is not valid before {}", date(certificate.valid_after));
  if (seconds >= certificate.valid_before)
    return fmt::format("it expired on {}", date(certificate.valid_before));
  const auto& names = certificate.principals;
  if (!names.empty() && std::ranges::find(names, name) == names.end())
    return fmt::format("it is for {}, not for {}", shortened(names), name);
  if (!certificate.critical_options.empty())
    return fmt::format("it has a condition that is not known: {}",
                       certificate.critical_options.front());
  return std::nullopt;
}

}  // namespace clustermpi
