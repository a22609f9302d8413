#include "provision/ssh/certificate_fetch.hpp"

#include <fmt/format.h>
#include <openssl/evp.h>
#include <openssl/rand.h>
#include <sys/socket.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <memory>
#include <span>
#include <system_error>

#include "provision/ssh/host_certificate.hpp"
#include "provision/ssh/tcp.hpp"
#include "provision/ssh/wire.hpp"

namespace clustermpi {
namespace {

// RFC 4250, 4.1.2 and RFC 5656, 7.
enum Message : std::uint8_t {
  disconnect = 1,
  ignore = 2,
  unimplemented = 3,
  debug = 4,
  key_exchange_proposal = 20,
  ecdh_init = 30,
  ecdh_reply = 31,
};

constexpr std::string_view our_version = "SSH-2.0-clustermpi\r\n";
constexpr std::size_t longest_version = 255;        ///< RFC 4253, 4.2
constexpr std::size_t largest_packet = 256 * 1024;  ///< as OpenSSH has it
constexpr std::size_t most_received = 512 * 1024;   ///< a server may not go on for ever
constexpr std::size_t cookie_size = 16;

/// How to agree on a secret that will never be used, and what OpenSSL calls the group.
struct KeyExchange {
  std::string_view name;
  const char* group;
};
constexpr std::array<KeyExchange, 3> key_exchanges{
    KeyExchange{"curve25519-sha256", "X25519"},
    {"curve25519-sha256@libssh.org", "X25519"},
    {"ecdh-sha2-nistp256", "P-256"},
};

// What follows the key exchange has to be agreed on as well, though nothing follows.
constexpr std::string_view ciphers =
    "aes128-ctr,aes256-ctr,aes128-gcm@openssh.com,aes256-gcm@openssh.com,"
    "chacha20-poly1305@openssh.com";
constexpr std::string_view macs =
    "hmac-sha2-256,hmac-sha2-512,hmac-sha2-256-etm@openssh.com,hmac-sha2-512-etm@openssh.com,"
    "hmac-sha1";
constexpr std::string_view compressions = "none,zlib@openssh.com";

std::string names_of_key_exchanges() {
  std::string names;
  for (const auto& exchange : key_exchanges)
    names.append(names.empty() ? "" : ",").append(exchange.name);
  return names;
}

bool contains(std::string_view name_list, std::string_view name) {
  while (!name_list.empty()) {
    const auto end = std::min(name_list.find(','), name_list.size());
    if (name_list.substr(0, end) == name) return true;
    name_list.remove_prefix(std::min(end + 1, name_list.size()));
  }
  return false;
}

/// RFC 4253, 6, before there is any encryption.
std::string packet(std::string_view payload) {
  constexpr std::size_t block = 8, header = 5, least_padding = 4;
  const std::size_t unpadded = header + payload.size() + least_padding;
  const std::size_t padding = least_padding + (block - unpadded % block) % block;
  std::string bytes = wire_uint32(static_cast<std::uint32_t>(1 + payload.size() + padding));
  bytes += static_cast<char>(padding);
  return bytes.append(payload).append(padding, '\0');
}

std::string our_proposal() {
  std::string cookie(cookie_size, '\0');
  RAND_bytes(reinterpret_cast<unsigned char*>(cookie.data()), static_cast<int>(cookie.size()));
  std::string payload(1, static_cast<char>(key_exchange_proposal));
  payload += cookie;
  payload += wire_string(names_of_key_exchanges());
  const auto certificates = certificate_algorithms();
  payload += wire_string(fmt::format("{}", fmt::join(certificates, ",")));
  for (const auto both_ways : {ciphers, macs, compressions, std::string_view{}})  // last: languages
    payload.append(wire_string(both_ways)).append(wire_string(both_ways));
  payload += '\0';  // no guess follows
  return payload + wire_uint32(0);
}

/// A public value whose secret is forgotten at once.
std::string public_value(const KeyExchange& exchange) {
  struct Free {
    void operator()(EVP_PKEY* key) const { EVP_PKEY_free(key); }
  };
  const bool is_curve = std::string_view(exchange.group).starts_with("P-");
  const std::unique_ptr<EVP_PKEY, Free> key(
      is_curve ? EVP_PKEY_Q_keygen(nullptr, nullptr, "EC", exchange.group)
               : EVP_PKEY_Q_keygen(nullptr, nullptr, exchange.group));
  unsigned char* bytes = nullptr;
  const std::size_t size = key ? EVP_PKEY_get1_encoded_public_key(key.get(), &bytes) : 0;
  std::string value(reinterpret_cast<const char*>(bytes), size);
  OPENSSL_free(bytes);
  return value;
}

}  // namespace

CertificateFetch::State CertificateFetch::begin(int socket) {
  return send(socket, std::string(our_version) + packet(our_proposal()));
}

CertificateFetch::State CertificateFetch::on_readable(int socket) {
  if (phase_ == Phase::banner) {
    const State state = read_banner(socket);
    if (phase_ == Phase::banner) return state;
  }
  std::array<char, 16 * 1024> buffer;
  while (true) {
    const ssize_t count = ::recv(socket, buffer.data(), buffer.size(), MSG_DONTWAIT);
    if (count < 0 && errno == EINTR) continue;
    if (count < 0 && errno == EAGAIN) return State::waiting;
    if (count == 0 || (count < 0 && errno == ECONNRESET)) return hung_up();
    if (count < 0) return fail(std::generic_category().message(errno));
    total_ += static_cast<std::size_t>(count);
    if (total_ > most_received) return fail("it sends more than a key exchange takes");
    received_.append(buffer.data(), static_cast<std::size_t>(count));
    if (const State state = take_received(socket); state != State::waiting) return state;
  }
}

CertificateFetch::State CertificateFetch::read_banner(int socket) {
  switch (banner_.on_readable(socket)) {
    case BannerReader::State::waiting:
      return State::waiting;
    case BannerReader::State::ssh:
      set_read_threshold(socket, 1);
      phase_ = Phase::version;
      return State::waiting;
    case BannerReader::State::closed:
      return State::closed;
    case BannerReader::State::refused:
      return State::refused;
    case BannerReader::State::other:
      return State::other;
  }
  return State::other;
}

CertificateFetch::State CertificateFetch::take_received(int socket) {
  if (phase_ == Phase::version) {
    const auto end = received_.find('\n');
    if (std::min(end, received_.size()) > longest_version) return fail("its version has no end");
    if (end == std::string::npos) return State::waiting;
    const std::string version = received_.substr(0, end);
    if (!version.starts_with("SSH-2.0-") && !version.starts_with("SSH-1.99-"))
      return fail("it does not speak version 2 of the SSH protocol");
    received_.erase(0, end + 1);
    phase_ = Phase::proposal;
  }
  constexpr std::size_t header = 4;
  while (received_.size() >= header) {
    const std::size_t length = WireReader(received_).uint32();
    if (length < 2 || length > largest_packet) return fail("it sends a packet of impossible size");
    if (received_.size() < header + length) break;
    const std::string body = received_.substr(header, length);
    received_.erase(0, header + length);
    const std::size_t padding = static_cast<unsigned char>(body[0]);
    if (padding + 2 > length) return fail("it sends a packet of padding only");
    const State state = take_packet(std::string_view(body).substr(1, length - 1 - padding), socket);
    if (state != State::waiting) return state;
  }
  return State::waiting;
}

CertificateFetch::State CertificateFetch::take_packet(std::string_view payload, int socket) {
  WireReader reader(payload);
  switch (reader.byte()) {
    case ignore:
    case unimplemented:
    case debug:
      return State::waiting;
    case disconnect:
      reader.uint32();  // a number for the reason
      return fail(fmt::format("it hung up: {}", reader.string()));
    case key_exchange_proposal:
      if (phase_ == Phase::proposal) return take_proposal(reader.rest(), socket);
      break;
    case ecdh_reply:
      if (phase_ == Phase::reply) return take_reply(reader.rest());
      break;
    default:
      break;
  }
  return fail("it sends something else than a key exchange");
}

CertificateFetch::State CertificateFetch::take_proposal(std::string_view fields, int socket) {
  WireReader reader(fields);
  reader.skip(cookie_size);
  const std::string_view exchanges = reader.string(), host_keys = reader.string();
  if (!reader.ok()) return fail("its proposal cannot be read");
  if (std::ranges::none_of(certificate_algorithms(),
                           [&](std::string_view name) { return contains(host_keys, name); }))
    return State::none;
  const auto exchange = std::ranges::find_if(
      key_exchanges, [&](const KeyExchange& one) { return contains(exchanges, one.name); });
  if (exchange == key_exchanges.end()) return fail("it has no key exchange in common with us");
  phase_ = Phase::reply;
  const std::string value = public_value(*exchange);
  return send(socket, packet(std::string(1, static_cast<char>(ecdh_init)) + wire_string(value)));
}

CertificateFetch::State CertificateFetch::take_reply(std::string_view fields) {
  WireReader reader(fields);
  certificate_ = reader.string();
  if (!reader.ok() || certificate_.empty()) return fail("its answer cannot be read");
  return State::certificate;
}

CertificateFetch::State CertificateFetch::send(int socket, std::string_view bytes) {
  const ssize_t sent = ::send(socket, bytes.data(), bytes.size(), MSG_NOSIGNAL | MSG_DONTWAIT);
  if (sent == static_cast<ssize_t>(bytes.size())) return State::waiting;
  // Who hangs up at once may have said why.
  if (phase_ == Phase::banner) return State::waiting;
  return hung_up();
}

CertificateFetch::State CertificateFetch::hung_up() {
  return fail("it hung up before it showed its certificate");
}

CertificateFetch::State CertificateFetch::fail(std::string reason) {
  reason_ = std::move(reason);
  return State::failed;
}

}  // namespace clustermpi
