#include "provision/ssh/host_key_check.hpp"

#include <chrono>
#include <exception>
#include <string_view>
#include <vector>

#include "provision/ssh/errors.hpp"
#include "provision/ssh/keyring.hpp"

namespace clustermpi {
namespace {

/// All that libssh 0.10 can verify, in our order of preference.
constexpr std::string_view all_algorithms =
    "ssh-ed25519,ecdsa-sha2-nistp256,ecdsa-sha2-nistp384,ecdsa-sha2-nistp521,rsa-sha2-512,"
    "rsa-sha2-256";

std::optional<HostKey> shown_by(ssh_session session) {
  ssh_key raw = nullptr;
  if (ssh_get_server_publickey(session, &raw) != SSH_OK) return std::nullopt;
  const SshKey server_key(raw);
  char* base64 = nullptr;
  if (ssh_pki_export_pubkey_base64(raw, &base64) != SSH_OK) return std::nullopt;
  auto key = host_key_from_base64(base64);
  ssh_string_free_char(base64);
  return key;
}

std::optional<HostError> judge(const HostKey& key, const Target& target,
                               const FleetOptions& options, KnownHosts& known_hosts) {
  const auto [name, port] = host_key_name(target);
  const auto answer = known_hosts.check(name, port, key);
  const bool vouched = options.on_host_key && options.on_host_key(target, key, answer);
  if (answer.by_certificate_only()) return ssh_errors::host_key_uncertified(target, key, answer);
  switch (answer.verdict) {
    case KnownHosts::Verdict::known:
      return std::nullopt;
    case KnownHosts::Verdict::revoked:
      return ssh_errors::host_key_revoked(target, key, answer);
    case KnownHosts::Verdict::changed:
      return ssh_errors::host_key_changed(target, key, answer, known_hosts.pins_file());
    case KnownHosts::Verdict::unknown:
      break;
  }
  if (!vouched && options.host_key_policy != HostKeyPolicy::accept_new)
    return ssh_errors::host_key_unknown(target, key, options.host_key_policy);
  known_hosts.pin(name, port, key);
  if (options.on_new_host_key) options.on_new_host_key(target.name, fingerprint(key), key.type);
  return std::nullopt;
}

}  // namespace

std::string host_key_algorithms(const KnownHosts& known_hosts, const Target& target) {
  const auto [name, port] = host_key_name(target);
  std::string algorithms;
  for (const auto& type : known_hosts.types_of(name, port)) {
    algorithms += type == "ssh-rsa" ? "rsa-sha2-512,rsa-sha2-256" : type;
    algorithms += ',';
  }
  return algorithms.append(all_algorithms);
}

std::optional<HostError> check_host_key(ssh_session session, const Target& target,
                                        const FleetOptions& options, KnownHosts& known_hosts) {
  const auto key = shown_by(session);
  if (!key) return ssh_errors::handshake_failed(target, "its host key cannot be read");
  try {
    return judge(*key, target, options, known_hosts);
  } catch (const std::exception& error) {  // the pin cannot be written, or who was told of it threw
    return ssh_errors::local_failure(error.what());
  }
}

std::optional<HostError> check_host_certificate(const std::string& certificate,
                                                const Target& target, KnownHosts& known_hosts) {
  const auto [name, port] = host_key_name(target);
  try {
    const auto trouble =
        known_hosts.vouch(name, port, certificate, std::chrono::system_clock::now());
    if (trouble) return ssh_errors::host_certificate_refused(target, *trouble);
  } catch (const std::exception& error) {
    return ssh_errors::local_failure(error.what());
  }
  return std::nullopt;
}

}  // namespace clustermpi
