#include "provision/ssh/errors.hpp"

#include <fmt/format.h>

#include <cerrno>
#include <system_error>

#include "provision/ssh/known_hosts_line.hpp"

namespace clustermpi::ssh_errors {
namespace {

std::string reason_of(int system_error) {
  switch (system_error) {
    case ECONNREFUSED:
      return "connection refused";
    case EHOSTUNREACH:
      return "no route to host";
    case ENETUNREACH:
      return "network unreachable";
    case ETIMEDOUT:
      return "no answer";
    default:
      return std::generic_category().message(system_error);
  }
}

std::string hint_for(int system_error) {
  switch (system_error) {
    case ECONNREFUSED:
      return "start its SSH server (`sudo systemctl enable --now ssh`), or check the port";
    case EHOSTUNREACH:
    case ENETUNREACH:
    case ETIMEDOUT:
      return "check that it is switched on, and on a network that this machine reaches";
    default:
      return "check the address";
  }
}

std::string list(const std::vector<std::filesystem::path>& files) {
  std::string text;
  for (const auto& file : files) text += (text.empty() ? "" : ", ") + file.string();
  return text;
}

std::string public_key_file(const HostKey& key) {
  const std::string algorithm = key.type == "ssh-ed25519"            ? "ed25519"
                                : key.type.starts_with("ecdsa-sha2") ? "ecdsa"
                                                                     : "rsa";
  return "/etc/ssh/ssh_host_" + algorithm + "_key.pub";
}

std::string described(const HostKey& key) {
  return fmt::format("{} {}", key.type, fingerprint(key));
}

std::string copy_key_hint(const Target& target, const std::filesystem::path& key) {
  const std::string port = target.port == 22 ? "" : fmt::format("-p {} ", target.port);
  return fmt::format("put a key there: `ssh-copy-id -i {}.pub {}{}@{}`", key.string(), port,
                     target.user, target.address);
}

}  // namespace

std::string place(const Target& target) {
  return target.port == 22 ? target.address
                           : fmt::format("{} port {}", target.address, target.port);
}

std::string seconds(std::chrono::milliseconds time) {
  return fmt::format("{:g} s", static_cast<double>(time.count()) / 1000);
}

HostError name_not_found(const Target& target, std::string_view reason) {
  return {"unreachable", fmt::format("cannot find the address of {}: {}", target.address, reason),
          "check the spelling, or give its IP address in the inventory"};
}

HostError cannot_connect(const Target& target, int system_error) {
  return {"unreachable", fmt::format("cannot reach {}: {}", place(target), reason_of(system_error)),
          hint_for(system_error)};
}

HostError no_answer(const Target& target, std::chrono::milliseconds waited) {
  return {"unreachable",
          fmt::format("cannot reach {}: no answer within {}", place(target), seconds(waited)),
          hint_for(ETIMEDOUT)};
}

HostError no_descriptor(const Target& target, int system_error) {
  return {"local_failure",
          fmt::format("cannot open a connection to {}: {}", place(target),
                      std::generic_category().message(system_error)),
          "raise the limit of open files of this machine (`ulimit -Hn`)"};
}

HostError closed_before_banner(const Target& target, unsigned attempts) {
  return {"unreachable",
          fmt::format("{} accepts connections but closed each of {} before it said anything",
                      place(target), attempts),
          "its SSH server is overloaded (MaxStartups) or turns this machine away; `journalctl -u "
          "ssh` there says which"};
}

HostError source_refused(const Target& target) {
  return {"unreachable",
          fmt::format("the SSH server of {} refuses this machine for a while", place(target)),
          "too many failed attempts from here; wait a minute, and see PerSourcePenalties in its "
          "sshd_config"};
}

HostError not_ssh(const Target& target, std::string_view first_line) {
  return {"protocol",
          fmt::format("{} answers, but not as an SSH server: \"{}\"", place(target),
                      printable(first_line)),
          "check the port"};
}

HostError phase_timeout(const Target& target, std::string_view phase,
                        std::chrono::milliseconds waited) {
  return {"timeout",
          fmt::format("{} did not finish {} within {}", place(target), phase, seconds(waited)),
          "it may be overloaded or hang: look at it, or give it longer with --timeout"};
}

HostError login_refused(const Target& target, std::string_view said, std::string_view reason) {
  const std::size_t begin = said.find_first_not_of("\r\n\" ");
  if (begin == std::string_view::npos) return handshake_failed(target, reason);
  const std::string_view line = said.substr(begin);
  return {"login_refused",
          fmt::format("{} hung up during the login ({}); it had said: {}", place(target),
                      printable(reason), printable(line.substr(0, line.find_first_of("\r\n")))),
          "a host that still boots does so for a while: try again in a minute"};
}

HostError handshake_failed(const Target& target, std::string_view reason) {
  return {"protocol",
          fmt::format("{}: the SSH handshake failed: {}", place(target), printable(reason)),
          "`journalctl -u ssh` on the host says more"};
}

HostError host_key_unknown(const Target& target, const HostKey& key, HostKeyPolicy policy) {
  const std::string hint =
      policy == HostKeyPolicy::ask
          ? fmt::format("`clustermpi hostkey accept {}` shows it and trusts it", target.name)
          : fmt::format(
                "compare with `ssh-keygen -lf {}` on the host, then `clustermpi hostkey "
                "accept {}`",
                public_key_file(key), target.name);
  return {"host_key_unknown",
          fmt::format("the host key of {} is not known: {}", place(target), described(key)), hint};
}

HostError host_key_changed(const Target& target, const HostKey& key,
                           const KnownHosts::Answer& answer, const std::filesystem::path& pins) {
  const auto [name, port] = host_key_name(target);
  const std::string forget = answer.file == pins && !target.is_jump
                                 ? fmt::format("clustermpi hostkey forget {}", target.name)
                                 : fmt::format("ssh-keygen -f {} -R '{}'", answer.file.string(),
                                               known_hosts_name(name, port));
  return {
      "host_key_changed",
      fmt::format("the host key of {} has changed: it shows {}, but {}:{} has {}", place(target),
                  described(key), answer.file.string(), answer.line, described(answer.expected)),
      fmt::format("if {} was re-flashed or replaced: `{}`; otherwise another machine answers "
                  "in its place",
                  target.name, forget)};
}

HostError host_key_revoked(const Target& target, const HostKey& key,
                           const KnownHosts::Answer& answer) {
  const std::string file = answer.file.string();
  return {"host_key_revoked",
          fmt::format("the host key of {} is revoked: {} has {}", place(target),
                      answer.line == 0 ? file : fmt::format("{}:{}", file, answer.line),
                      described(key)),
          fmt::format("give {} a new host key; whoever revoked this one does not trust it",
                      target.name)};
}

HostError host_key_uncertified(const Target& target, const HostKey& key,
                               const KnownHosts::Answer& answer) {
  return {"host_key_unknown",
          fmt::format("no certificate speaks for the host key of {}: {}", place(target),
                      described(key)),
          fmt::format("{}:{} names an authority for it, so that its key counts with a certificate "
                      "only: see HostCertificate in its sshd_config",
                      answer.file.string(), answer.line)};
}

HostError host_certificate_missing(const Target& target) {
  return {"host_key_unknown",
          fmt::format("{} has no certificate for its host key, and is trusted by certificate only",
                      place(target)),
          "see HostCertificate in its sshd_config, and the line with @cert-authority in your "
          "known_hosts"};
}

HostError host_certificate_refused(const Target& target, std::string_view reason) {
  return {
      "host_certificate_refused",
      fmt::format("the certificate that {} shows for its host key is refused: {}", place(target),
                  printable(reason)),
      fmt::format("let the authority sign the host key of {} anew (`ssh-keygen -s CA -h -n {}`)",
                  target.name, target.address)};
}

HostError auth_failed(const Target& target, const TriedKeys& keys, std::string_view server_says) {
  if (!keys.refused.empty()) {
    std::string message = fmt::format("{} refuses {}@{}: tried {}", target.name, target.user,
                                      place(target), list(keys.refused));
    if (!keys.encrypted.empty())
      message += fmt::format(" (not tried, has a passphrase: {})", list(keys.encrypted));
    if (!keys.agent_trouble.empty()) message += fmt::format(" ({})", keys.agent_trouble);
    if (!server_says.empty()) message += fmt::format("; it says: {}", printable(server_says));
    if (keys.more_in_agent)
      return {
          "auth_failed", message,
          "the agent has more keys than the host hears out: name the right one, `identity` below "
          "[ssh] in the inventory"};
    return {"auth_failed", message, copy_key_hint(target, keys.refused.front())};
  }
  if (!keys.encrypted.empty())
    return {"auth_failed",
            fmt::format("no key to log in to {} with: {} has a passphrase", target.name,
                        list(keys.encrypted)),
            fmt::format("write its public half, and the passphrase is asked for: `ssh-keygen -y -f "
                        "{0} > {0}.pub`; or `ssh-add {0}`",
                        keys.encrypted.front().string())};
  if (!keys.unreadable.empty())
    return {"auth_failed",
            fmt::format("no key to log in to {} with: {} cannot be read as a private key",
                        target.name, list(keys.unreadable)),
            "check that it is the private key, and that you may read it"};
  if (!keys.agent_trouble.empty())
    return {"auth_failed",
            fmt::format("no key to log in to {} with: {}{}", target.name,
                        keys.missing.empty() ? "" : "there is no " + list(keys.missing) + ", and ",
                        keys.agent_trouble),
            "is it locked? `ssh-add -l` lists its keys"};
  return {"auth_failed",
          fmt::format(
              "no key to log in to {} with: {}", target.name,
              keys.missing.empty() ? "none is configured" : "there is no " + list(keys.missing)),
          "make one with `ssh-keygen -t ed25519`, and put it on the host with `ssh-copy-id`"};
}

HostError second_factor_wanted(const Target& target) {
  return {"auth_failed",
          fmt::format("{} takes the key of {} but wants a second proof besides", place(target),
                      target.user),
          "allow keys alone for that user (AuthenticationMethods in its sshd_config)"};
}

HostError passphrase_needed(const Target& target, const std::filesystem::path& key) {
  return {"passphrase_needed",
          fmt::format("{} would take {}, but that has a passphrase", target.name, key.string()),
          fmt::format("run this at a terminal, where it is asked for, or `ssh-add {}` first",
                      key.string())};
}

HostError agent_timeout(const Target& target, const std::string& agent,
                        std::chrono::milliseconds waited) {
  return {"timeout",
          fmt::format("the agent at {} did not sign the login to {} within {}", agent, target.name,
                      seconds(waited)),
          "does it wait for you to confirm, or to touch a token?"};
}

HostError password_refused(const Target& target) {
  return {"password_refused",
          fmt::format("{} refuses the password of {}", place(target), target.user),
          "is it another one there, or another user?"};
}

HostError password_not_taken(const Target& target) {
  return {"auth_failed", fmt::format("{} lets nobody in by password", place(target)),
          "put a key there by another way, or set `PasswordAuthentication yes` in its sshd_config"};
}

HostError password_expired(const Target& target) {
  const std::string port = target.port == 22 ? "" : fmt::format("-p {} ", target.port);
  return {"password_expired",
          fmt::format("the password of {} on {} has expired", target.user, place(target)),
          fmt::format("log in once and choose a new one: `ssh {}{}@{}`", port, target.user,
                      target.address)};
}

HostError unknown_prompt(const Target& target, std::string_view prompt) {
  return {"auth_failed",
          fmt::format("{} asks for more than the password: \"{}\"", place(target),
                      printable(prompt.substr(0, prompt.find_last_not_of(" \t\r\n") + 1))),
          "put a key there by another way"};
}

HostError jump_failed(const Target& target, const Target& jump, const HostError& error) {
  // What is wrong with the keys that the jump host takes is no news of those that the host takes.
  const bool refused = error.code == "auth_failed";
  const bool unknown = error.code == "host_key_unknown";
  return {refused ? "jump_failed" : error.code,
          fmt::format("cannot reach {}: the way leads through {}, and {}", place(target), jump.name,
                      error.message),
          unknown ? fmt::format("`clustermpi trust {}` shows the keys of both", target.name)
                  : error.hint};
}

HostError jump_cannot_reach(const Target& target, const Target& jump, std::string_view reason) {
  const bool forbidden = reason.find("prohibited") != std::string_view::npos;
  return {"unreachable",
          fmt::format("{} cannot reach {}: {}", jump.name, place(target), printable(reason)),
          forbidden
              ? fmt::format("set `AllowTcpForwarding yes` in the sshd_config of {}", jump.name)
              : fmt::format("log in to {} and try `ssh {}` there", jump.name, target.address)};
}

HostError proxy_failed(const Target& target, std::string_view reason) {
  return {"unreachable",
          fmt::format("the ProxyCommand for {} does not lead there: {}", target.name,
                      printable(reason)),
          fmt::format("run it by hand: `{}`", printable(target.proxy_command))};
}

HostError no_sign_of_life(const Target& target, std::chrono::milliseconds waited) {
  return {"connection_lost",
          fmt::format("{} has not answered for {} while the command ran", place(target),
                      seconds(waited)),
          "it may have run in part; look at the host, then start again"};
}

HostError first_byte_timeout(const Target& target, std::chrono::milliseconds limit) {
  return {"timeout",
          fmt::format("the command on {} printed nothing within {}", target.name, seconds(limit)),
          "does its login shell hang? try `ssh` by hand"};
}

HostError connection_lost(const Target& target, std::string_view reason, bool command_sent) {
  if (!command_sent)
    return {"connection_lost",
            fmt::format("the connection to {} was lost before the command began: {}", place(target),
                        printable(reason)),
            "nothing was changed by it; start again"};
  return {"connection_lost",
          fmt::format("the connection to {} was lost while the command ran: {}", place(target),
                      printable(reason)),
          "it may have run in part; look at the host, then start again"};
}

HostError command_timeout(const Target& target, std::chrono::milliseconds limit) {
  return {"timeout",
          fmt::format("the command on {} did not end within {}", target.name, seconds(limit)),
          "it was told to stop; give it longer with --timeout"};
}

HostError command_refused(const Target& target, std::string_view reason) {
  return {"protocol",
          fmt::format("{} refuses to run a command: {}", place(target), printable(reason)),
          "see MaxSessions and ForceCommand in its sshd_config"};
}

HostError ended_without_status(const Target& target) {
  return {"protocol", fmt::format("{} ended the command without saying how", place(target)),
          "`journalctl -u ssh` on the host says more"};
}

HostError local_failure(std::string_view reason) {
  return {"local_failure", std::string(reason), ""};
}

HostError cancelled() {
  return {"cancelled", "stopped before it was done", ""};
}

}  // namespace clustermpi::ssh_errors
