// How a command becomes root on a host: by sudo, with a password or without. The password goes
// through stdin alone, and only to hosts whose sudo asks for one.
#pragma once

#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "provision/cluster.hpp"
#include "provision/fleet.hpp"
#include "provision/secret.hpp"

namespace clustermpi {

/// `job` as root: its command is handed to root's shell, and finds the job's input as it was. With
/// a password it works whether sudo asks for it or not; without, sudo must not ask. `user` is who
/// logs in; root needs no sudo.
void become_root(Job& job, std::string_view user, const Secret* password = nullptr);

/// The same for a host of `cluster`, with the password that obtain_privileges() found.
void become_root(Job& job, const Cluster& cluster, const std::string& host);

/// What sudo said when it was asked to do nothing.
enum class SudoAnswer {
  granted,
  password_wanted,  ///< or, where sudo does not tell yet, not allowed with one either
  password_wrong,
  not_allowed,
  terminal_wanted,  ///< `requiretty`
  missing,
  unclear,
};

/// Asks sudo to do nothing. A wrong password costs one attempt, so that nobody is locked out.
[[nodiscard]] Job sudo_question(std::string_view user, const Secret* password = nullptr);
[[nodiscard]] SudoAnswer sudo_answer(const Result& result);
/// For any answer but `granted`; `result` is what it was read from.
[[nodiscard]] HostError sudo_refused(std::string_view user, const Result& result);

/// By host; unreachable hosts are failed and left out. `passwords` has those that get one.
[[nodiscard]] std::map<std::string, Result> ask_sudo(Cluster& cluster,
                                                     const std::vector<std::string>& hosts,
                                                     const Passwords& passwords = {});

/// The hosts that answered.
[[nodiscard]] std::vector<std::string> names_of(const std::map<std::string, Result>& results);

/// Before anything is changed: makes sure that become_root() will work on `hosts`. Where sudo wants
/// a password it is asked for once, and proven there; it is one for all hosts of a user, since
/// Ansible takes one. Nobody is asked twice. Hosts where that fails are failed.
void obtain_privileges(Cluster& cluster, const std::vector<std::string>& hosts);

}  // namespace clustermpi
