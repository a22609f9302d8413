// What can go wrong with one host on the way to a command, in the words that users read. Kept in
// one place so that the tone is one, and so that a test can hold each sentence.
#pragma once

#include <chrono>
#include <filesystem>
#include <string>
#include <string_view>
#include <vector>

#include "hosts/error.hpp"
#include "provision/fleet.hpp"
#include "provision/ssh/known_hosts.hpp"

namespace clustermpi::ssh_errors {

/// "192.168.1.10", or "192.168.1.10 port 2222".
[[nodiscard]] std::string place(const Target& target);
/// "10 s", "1.5 s".
[[nodiscard]] std::string seconds(std::chrono::milliseconds time);

[[nodiscard]] HostError name_not_found(const Target& target, std::string_view reason);
[[nodiscard]] HostError cannot_connect(const Target& target, int system_error);
[[nodiscard]] HostError no_answer(const Target& target, std::chrono::milliseconds waited);
[[nodiscard]] HostError no_descriptor(const Target& target, int system_error);
[[nodiscard]] HostError closed_before_banner(const Target& target, unsigned attempts);
[[nodiscard]] HostError source_refused(const Target& target);
[[nodiscard]] HostError not_ssh(const Target& target, std::string_view first_line);
[[nodiscard]] HostError phase_timeout(const Target& target, std::string_view phase,
                                      std::chrono::milliseconds waited);
/// The host hung up during the login; `said` is what it showed before, `reason` what libssh saw.
[[nodiscard]] HostError login_refused(const Target& target, std::string_view said,
                                      std::string_view reason);
[[nodiscard]] HostError handshake_failed(const Target& target, std::string_view reason);

[[nodiscard]] HostError host_key_unknown(const Target& target, const HostKey& key,
                                         HostKeyPolicy policy);
[[nodiscard]] HostError host_key_changed(const Target& target, const HostKey& key,
                                         const KnownHosts::Answer& answer,
                                         const std::filesystem::path& pins);
[[nodiscard]] HostError host_key_revoked(const Target& target, const HostKey& key,
                                         const KnownHosts::Answer& answer);
/// A host that only a certificate authority speaks of, at `answer`, and that shows `key` without a
/// certificate that we could ask for, or another key than the one its certificate is about.
[[nodiscard]] HostError host_key_uncertified(const Target& target, const HostKey& key,
                                             const KnownHosts::Answer& answer);
[[nodiscard]] HostError host_certificate_missing(const Target& target);
[[nodiscard]] HostError host_certificate_refused(const Target& target, std::string_view reason);

/// What became of the identity files, for the message when none of them opened the door.
struct TriedKeys {
  std::vector<std::filesystem::path> refused;
  std::vector<std::filesystem::path> encrypted;  ///< have a passphrase, which nobody gave
  std::vector<std::filesystem::path> unreadable;
  std::vector<std::filesystem::path> missing;
  std::string agent_trouble;   ///< "the agent at PATH does not answer"; empty: none
  bool more_in_agent = false;  ///< it has keys that the host did not get to see
};
[[nodiscard]] HostError auth_failed(const Target& target, const TriedKeys& keys,
                                    std::string_view server_says = {});
[[nodiscard]] HostError second_factor_wanted(const Target& target);
[[nodiscard]] HostError passphrase_needed(const Target& target, const std::filesystem::path& key);
[[nodiscard]] HostError agent_timeout(const Target& target, const std::string& agent,
                                      std::chrono::milliseconds waited);
[[nodiscard]] HostError password_refused(const Target& target);
[[nodiscard]] HostError password_not_taken(const Target& target);
[[nodiscard]] HostError password_expired(const Target& target);
/// The host asks for more than the password.
[[nodiscard]] HostError unknown_prompt(const Target& target, std::string_view prompt);

/// The way through a jump host.
[[nodiscard]] HostError jump_failed(const Target& target, const Target& jump,
                                    const HostError& error);
[[nodiscard]] HostError jump_cannot_reach(const Target& target, const Target& jump,
                                          std::string_view reason);
[[nodiscard]] HostError proxy_failed(const Target& target, std::string_view reason);
[[nodiscard]] HostError no_sign_of_life(const Target& target, std::chrono::milliseconds waited);
[[nodiscard]] HostError first_byte_timeout(const Target& target, std::chrono::milliseconds limit);

[[nodiscard]] HostError connection_lost(const Target& target, std::string_view reason,
                                        bool command_sent);
[[nodiscard]] HostError command_timeout(const Target& target, std::chrono::milliseconds limit);
[[nodiscard]] HostError command_refused(const Target& target, std::string_view reason);
[[nodiscard]] HostError ended_without_status(const Target& target);
[[nodiscard]] HostError local_failure(std::string_view reason);
[[nodiscard]] HostError cancelled();

}  // namespace clustermpi::ssh_errors
