#include "provision/privileges.hpp"

#include <fmt/format.h>

#include <array>
#include <chrono>
#include <cstring>
#include <optional>
#include <utility>

#include "hosts/hostlist.hpp"

namespace clustermpi {

namespace {

using namespace std::chrono_literals;

constexpr unsigned attempts = 3;

/// Ends what was meant for sudo. A password has no line break, so that none can contain it.
constexpr std::string_view end_of_password = "-- end of password --";

/// Skips what sudo left of the password (all of it where it did not ask), then becomes "$@". `read`
/// takes single bytes from a pipe: all that follows is still there for the command.
constexpr std::string_view skip_password =
    "while IFS= read -r line && [ \"$line\" != '-- end of password --' ]; do :; done; exec \"$@\"";

std::shared_ptr<const std::string> wiped_at_the_end(std::string text) {
  return {new std::string(std::move(text)), [](std::string* secret) {
            ::explicit_bzero(secret->data(), secret->size());
            delete secret;
          }};
}

/// As somebody at a terminal would give it.
std::shared_ptr<const std::string> typed(const Secret& password) {
  std::string line;
  line.reserve(password.text().size() + 1);  // growing would leave pieces of it behind
  line.append(password.text()).append("\n");
  return wiped_at_the_end(std::move(line));
}

std::shared_ptr<const std::string> with_password(const Secret& password,
                                                 const std::shared_ptr<const std::string>& input) {
  const std::string_view rest = input ? std::string_view(*input) : std::string_view();
  std::string all;
  // Reserved: growing would leave pieces of the password behind.
  all.reserve(password.text().size() + end_of_password.size() + rest.size() + 2);
  all.append(password.text()).append("\n").append(end_of_password).append("\n").append(rest);
  return wiped_at_the_end(std::move(all));
}

const std::string& user_of(const Cluster& cluster, const std::string& host) {
  return cluster.inventory().find(host)->user;
}

bool says_one_of(const std::string& said, std::initializer_list<std::string_view> words) {
  for (const std::string_view word : words) {
    if (said.find(word) != std::string::npos) return true;
  }
  return false;
}

/// What sudo said, in one line.
std::string one_line(const std::string& said) {
  std::string line;
  for (const char c : printable(said)) {
    if (c != '\n') {
      line += c;
    } else if (!line.empty() && !line.ends_with("; ")) {
      line += "; ";
    }
  }
  while (line.ends_with(' ') || line.ends_with(';')) line.pop_back();
  return line;
}

}  // namespace

void become_root(Job& job, std::string_view user, const Secret* password) {
  if (user == "root") return;
  if (password == nullptr) {
    job.command = fmt::format("sudo -n -- sh -c {}", shell_quote(job.command));
    return;
  }
  // -k: a password that sudo remembers from before proves nothing, and leaves ours unread.
  job.command = fmt::format("sudo -k -S -p '' -- sh -c {} sh sh -c {}", shell_quote(skip_password),
                            shell_quote(job.command));
  job.input = with_password(*password, job.input);
}

void become_root(Job& job, const Cluster& cluster, const std::string& host) {
  const auto password = cluster.sudo_passwords.find(host);
  become_root(job, user_of(cluster, host),
              password == cluster.sudo_passwords.end() ? nullptr : password->second.get());
}

Job sudo_question(std::string_view user, const Secret* password) {
  Job job;
  job.timeout = 60s;
  if (user == "root") {
    job.command = "true";
  } else if (password == nullptr) {
    job.command = "env LC_ALL=C sudo -k -n true";
  } else {
    job.command = "env LC_ALL=C sudo -k -S -p '' true";
    job.input = typed(*password);
  }
  return job;
}

SudoAnswer sudo_answer(const Result& result) {
  if (result.exit_status == 0) return SudoAnswer::granted;
  const std::string& said = result.err;
  // The words of sudo, then those of sudo-rs where they differ.
  if (says_one_of(said, {"must have a tty"})) return SudoAnswer::terminal_wanted;
  if (says_one_of(said, {"not in the sudoers file", "is not allowed to", "may not run sudo",
                         "I'm afraid I can't do that"})) {
    return SudoAnswer::not_allowed;
  }
  if (says_one_of(said, {"try again", "incorrect password", "incorrect authentication",
                         "no password was provided"})) {
    return SudoAnswer::password_wrong;
  }
  if (says_one_of(said, {"password is required", "authentication is required"})) {
    return SudoAnswer::password_wanted;
  }
  return result.exit_status == 127 ? SudoAnswer::missing : SudoAnswer::unclear;
}

HostError sudo_refused(std::string_view user, const Result& result) {
  switch (sudo_answer(result)) {
    case SudoAnswer::password_wanted:
      return {
          "sudo_password_needed",
          fmt::format("sudo wants a password of {}, and nobody is here to be asked", user),
          "run the command in a terminal, or let `clustermpi bootstrap --passwordless-sudo` set "
          "up sudo without a password"};
    case SudoAnswer::password_wrong:
      return {"sudo_password_wrong", fmt::format("sudo does not take that password of {}", user),
              "try again; a host with a password of its own is done alone, by --limit"};
    case SudoAnswer::not_allowed:
      return {"no_sudo", fmt::format("user {} may not use sudo", user),
              fmt::format("there, as root: usermod -aG sudo {}", user)};
    case SudoAnswer::terminal_wanted:
      return {"no_sudo", "its sudo works on a terminal only",
              fmt::format("there, as root: visudo, and write Defaults:{} !requiretty", user)};
    case SudoAnswer::missing:
      return {"no_sudo", "has no sudo",
              fmt::format("there, as root: apt-get install sudo; usermod -aG sudo {}", user)};
    case SudoAnswer::granted:
    case SudoAnswer::unclear:
      break;
  }
  const std::string said = one_line(result.err);
  return {"no_sudo",
          fmt::format("user {} cannot become root: {}", user,
                      said.empty() ? fmt::format("sudo ended with status {}", result.exit_status)
                                   : "sudo says: " + said),
          "log in there and try `sudo true`"};
}

std::map<std::string, Result> ask_sudo(Cluster& cluster, const std::vector<std::string>& hosts,
                                       const Passwords& passwords) {
  std::map<std::string, Job> jobs;
  for (const std::string& host : hosts) {
    const auto password = passwords.find(host);
    jobs.emplace(host,
                 sudo_question(user_of(cluster, host),
                               password == passwords.end() ? nullptr : password->second.get()));
  }
  return cluster.run_jobs(std::move(jobs));
}

namespace {

/// Tries `password` on `hosts`: notes it for those that take it, fails those where nothing helps,
/// and returns the others with what they said.
std::map<std::string, Result> prove(Cluster& cluster, const std::vector<std::string>& hosts,
                                    const std::shared_ptr<const Secret>& password) {
  Passwords passwords;
  for (const std::string& host : hosts) passwords[host] = password;
  std::map<std::string, Result> wrong;
  for (auto& [host, result] : ask_sudo(cluster, hosts, passwords)) {
    const SudoAnswer answer = sudo_answer(result);
    if (answer == SudoAnswer::granted) {
      cluster.sudo_passwords[host] = password;
    } else if (answer == SudoAnswer::password_wrong) {
      wrong.emplace(host, std::move(result));
    } else {
      cluster.fail(host, sudo_refused(user_of(cluster, host), result));
    }
  }
  return wrong;
}

/// For hosts of one user that want a password, with what they said.
void ask_and_prove(Cluster& cluster, const std::string& user,
                   std::map<std::string, Result> pending) {
  for (unsigned attempt = 0; attempt < attempts && !pending.empty(); ++attempt) {
    const std::vector<std::string> hosts = names_of(pending);
    Asker* asker = cluster.options().asker;
    std::optional<Secret> answer;
    if (asker != nullptr) {
      answer =
          asker->secret(fmt::format("Password of {} for sudo on {}", user, fold_hostlist(hosts)));
    }
    cluster.throw_if_cancelled();
    if (!answer) break;
    const auto password = std::make_shared<const Secret>(*std::move(answer));
    pending = prove(cluster, hosts, password);
    if (pending.size() < hosts.size()) break;  // no slip of the finger: others took it
  }
  for (const auto& [host, result] : pending) cluster.fail(host, sudo_refused(user, result));
}

}  // namespace

std::vector<std::string> names_of(const std::map<std::string, Result>& results) {
  std::vector<std::string> names;
  for (const auto& [host, result] : results) names.push_back(host);
  return names;
}

void obtain_privileges(Cluster& cluster, const std::vector<std::string>& hosts) {
  std::map<std::string, std::map<std::string, Result>> wanting;  // by user
  for (auto& [host, result] : ask_sudo(cluster, hosts, cluster.sudo_passwords)) {
    const SudoAnswer answer = sudo_answer(result);
    if (answer == SudoAnswer::granted) continue;
    const std::string& user = user_of(cluster, host);
    if (answer == SudoAnswer::password_wanted) {
      wanting[user].emplace(host, std::move(result));
    } else {
      cluster.fail(host, sudo_refused(user, result));
    }
  }
  for (auto& [user, pending] : wanting) ask_and_prove(cluster, user, std::move(pending));
}

}  // namespace clustermpi
