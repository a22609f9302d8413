// The settings of one host, read from what `ssh -G` prints.
#pragma once

#include <sys/types.h>

#include <chrono>
#include <compare>
#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace clustermpi {

/// Who runs us and where, as ssh sees it: the home is that of the password database, not $HOME.
struct LocalUser {
  std::string name;
  uid_t id = 0;
  std::filesystem::path home;
  std::string host_name;  ///< of this machine, with its domain where it has one
};
[[nodiscard]] LocalUser local_user();  ///< throws Error{local_failure}

/// The words that ssh would be started with: `ssh -l USER -p PORT -J JUMP NAME`.
struct SshQuestion {
  std::string name;
  std::string user = {};  ///< empty: not said
  std::optional<std::uint16_t> port = {};
  std::string jump = {};  ///< empty: not said

  // clang-tidy 14 takes a defaulted <=> for a null pointer
  auto operator<=>(const SshQuestion&) const = default;  // NOLINT(modernize-use-nullptr)
};

/// Paths are complete, and no tokens are left in anything.
struct HostSettings {
  std::string address;  ///< lower case, as ssh has it
  std::uint16_t port = 22;
  std::string user;
  std::string host_key_alias;                     ///< empty: none
  std::vector<std::filesystem::path> identities;  ///< some need not exist
  std::vector<std::filesystem::path> certificates;
  bool identities_only = false;
  std::string agent;                 ///< path of the socket; empty: none
  std::string proxy_jump;            ///< "first,second", the nearest to us first; empty: none
  std::string proxy_command;         ///< empty: none
  bool proxy_passes_socket = false;  ///< ProxyUseFdpass: the command hands over a connected socket
  std::vector<std::filesystem::path> user_known_hosts;
  std::vector<std::filesystem::path> global_known_hosts;
  std::filesystem::path revoked_host_keys;  ///< empty: none
  bool strict = false;                      ///< StrictHostKeyChecking yes
  std::string address_family;               ///< "any", "inet", "inet6"
  std::optional<std::chrono::seconds> connect_timeout;

  bool operator==(const HostSettings&) const = default;
};

/// Reads what `ssh -G` printed for `question`. Throws Error{local_failure} where a path has a token
/// or names an environment variable that there is not.
[[nodiscard]] HostSettings read_settings(std::string_view answer, const SshQuestion& question,
                                         const LocalUser& user);

/// Whether `keyword` (lower case) is one that settings are read from.
[[nodiscard]] bool is_ssh_setting(std::string_view keyword);

}  // namespace clustermpi
