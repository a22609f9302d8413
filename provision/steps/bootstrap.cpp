#include "provision/steps/bootstrap.hpp"

#include <fcntl.h>
#include <fmt/format.h>
#include <poll.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <chrono>
#include <cstring>
#include <optional>
#include <utility>

#include "hosts/hostlist.hpp"
#include "provision/authorized_key.hpp"
#include "provision/privileges.hpp"
#include "provision/remote_scripts.hpp"

namespace clustermpi {

namespace {

using namespace std::chrono_literals;
using Hosts = std::vector<std::string>;
using Results = std::map<std::string, Result>;
using Sudo = BootstrapOutcome::Sudo;

constexpr unsigned attempts = 3;
constexpr const char* how_to_give_a_password =
    "give its password: run bootstrap in a terminal, or with --password-fd N";

/// sudoers has a grammar of its own: only names that mean themselves in it.
bool plain_user_name(const std::string& user) {
  return !user.empty() && user.find_first_not_of(
                              "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVW"
                              "XYZ0123456789._-") == std::string::npos;
}

HostError key_not_taken(const AuthorizedKey& key) {
  return {"key_refused",
          fmt::format("{} is in its authorized_keys now, but it does not let us in", key.from),
          "is it the key that [ssh] identity names? there, `sudo journalctl -u ssh` says why: "
          "PubkeyAuthentication or AuthorizedKeysFile in sshd_config, or modes of the home"};
}

HostError key_not_installed(const Result& result) {
  const std::string said = printable(result.err);
  return {"key_not_installed",
          fmt::format("the key cannot be put into ~/.ssh/authorized_keys: {}",
                      said.empty() ? fmt::format("sh ended with status {}", result.exit_status)
                                   : said.substr(0, said.find_last_not_of('\n') + 1)),
          "log in there and see: is the disk full, the home read-only or somebody else's?"};
}

class Bootstrap {
 public:
  Bootstrap(Cluster& cluster, const BootstrapOptions& options)
      : cluster_(cluster), options_(options), dry_run_(cluster.options().dry_run) {}

  std::map<std::string, BootstrapOutcome> run() {
    for (const std::string& host : cluster_.active()) outcomes_[host] = {};
    step("contact", "who lets our key in", [this] { return try_key(); });
    if (!strangers_.empty()) {
      step("key", "our key on hosts that know only a password", [this] { return introduce(); });
    }
    step("sudo", "root on every host", [this] { return settle_sudo(); });
    return std::move(outcomes_);
  }

 private:
  template <typename Body>
  void step(const std::string& name, const std::string& title, Body body) {
    const std::size_t failed_before = cluster_.failures().size();
    cluster_.begin_step(name, title);
    try {
      const std::string summary = body();
      cluster_.throw_if_cancelled();
      cluster_.end_step(summary, cluster_.failures().size() == failed_before);
    } catch (...) {
      cluster_.end_step("stopped here", false);
      throw;
    }
  }

  [[nodiscard]] const std::string& user_of(const std::string& host) const {
    return cluster_.inventory().find(host)->user;
  }
  [[nodiscard]] std::map<std::string, Hosts> by_user(const Hosts& hosts) const;
  void change(const std::string& host, const std::string& what);

  std::string try_key();
  std::string introduce();
  void choose_key();
  void install_by_password();
  void prove_key();
  [[nodiscard]] Passwords ask_passwords(const Hosts& hosts) const;
  [[nodiscard]] Results install_key(const Passwords& passwords);
  void note_key(const std::string& host, const Result& result);

  std::string settle_sudo();
  [[nodiscard]] Hosts read_sudo();
  void try_login_passwords(const Hosts& hosts);
  [[nodiscard]] bool wants_passwordless(const std::string& user, const Hosts& hosts) const;
  void set_up_sudo(const std::string& user, const Hosts& hosts);
  void write_sudoers(const Hosts& hosts);
  void prove_sudo(const Hosts& hosts);
  [[nodiscard]] Hosts still_active(Hosts hosts) const;

  Cluster& cluster_;
  const BootstrapOptions& options_;
  const bool dry_run_;
  std::map<std::string, BootstrapOutcome> outcomes_;
  Results strangers_;                 ///< hosts that refuse the key, with what they said
  Results sudo_;                      ///< what sudo said where no password was given
  Passwords login_passwords_;         ///< those that opened a door
  std::optional<AuthorizedKey> key_;  ///< to be installed
};

std::map<std::string, Hosts> Bootstrap::by_user(const Hosts& hosts) const {
  std::map<std::string, Hosts> grouped;
  for (const std::string& host : hosts) grouped[user_of(host)].push_back(host);
  return grouped;
}

void Bootstrap::change(const std::string& host, const std::string& what) {
  outcomes_[host].changes.push_back(what);
  if (dry_run_) {
    cluster_.note("would " + what, host);
    return;
  }
  Event event;
  event.kind = Event::Kind::host_done;
  event.host = host;
  event.changed = true;
  event.text = what;
  cluster_.report(event);
}

Hosts Bootstrap::still_active(Hosts hosts) const {
  std::erase_if(hosts, [this](const std::string& host) { return !cluster_.is_active(host); });
  return hosts;
}

// ---- The key ----------------------------------------------------------------------------------

/// Hosts that fail in another way than by refusing the key are failed. So are those whose bastion
/// refuses it (jump_failed): no password of theirs would open that door.
std::string Bootstrap::try_key() {
  std::map<std::string, Job> questions;
  for (const auto& [host, outcome] : outcomes_) questions[host] = sudo_question(user_of(host));
  auto answers = cluster_.attempt(cluster_.fleet(), std::move(questions));
  cluster_.throw_if_cancelled();
  for (auto& [host, result] : answers) {
    if (!result.error) {
      sudo_.emplace(host, std::move(result));
    } else if (result.error->code == "auth_failed") {
      outcomes_[host].by_password = true;
      strangers_.emplace(host, std::move(result));
    } else {
      cluster_.fail(host, *result.error);
    }
  }
  if (strangers_.empty()) return "all that can be reached";
  return fmt::format("{} refuse{} it", fold_hostlist(names_of(strangers_)),
                     strangers_.size() == 1 ? "s" : "");
}

std::string Bootstrap::introduce() {
  choose_key();
  if (dry_run_) {
    for (const auto& [host, result] : strangers_) {
      change(host, fmt::format("ask for the password of {} and let {} in", user_of(host),
                               key_ ? key_->from : "a new key ~/.ssh/id_ed25519"));
    }
    return fmt::format("{} to be let in by password", fold_hostlist(names_of(strangers_)));
  }
  install_by_password();
  prove_key();
  const Hosts introduced = still_active(names_of(strangers_));
  return introduced.empty() ? "no host"
                            : fmt::format("{} know{} it", fold_hostlist(introduced),
                                          introduced.size() == 1 ? "s" : "");
}

void Bootstrap::choose_key() {
  key_ = find_authorized_key(
      options_.key.empty() ? std::filesystem::path(cluster_.inventory().identity) : options_.key);
  if (key_ || dry_run_) return;
  Asker* asker = cluster_.options().asker;
  if (asker == nullptr || !asker->confirm("You have no SSH key. Make ~/.ssh/id_ed25519?")) {
    cluster_.throw_if_cancelled();
    throw Error(ExitCode::local_failure, "there is no SSH key to install",
                "make one: ssh-keygen -t ed25519, or let --yes make it");
  }
  key_ = make_authorized_key();
  cluster_.reconnect();  // the sessions that knocked so far know of no such key
  cluster_.note(fmt::format("made {}", key_->from));
}

/// Who refuses the password is asked for again together: a slip of the finger, or a host with
/// another one.
void Bootstrap::install_by_password() {
  Results pending = strangers_;
  for (unsigned attempt = 0; attempt < attempts && !pending.empty(); ++attempt) {
    const Passwords passwords = ask_passwords(names_of(pending));
    cluster_.throw_if_cancelled();
    if (passwords.empty()) {
      for (auto& [host, result] : pending) result.error->hint = how_to_give_a_password;
      break;
    }
    auto answers = install_key(passwords);
    cluster_.throw_if_cancelled();
    for (auto& [host, result] : answers) {
      if (!result.error) {
        login_passwords_[host] = passwords.at(host);
        note_key(host, result);
        pending.erase(host);
      } else if (result.error->code == "password_refused") {
        pending[host] = std::move(result);
      } else {
        cluster_.fail(host, *result.error);
        pending.erase(host);
      }
    }
    if (!options_.passwords.empty()) break;  // they do not become others
  }
  for (const auto& [host, result] : pending) cluster_.fail(host, *result.error);
}

Passwords Bootstrap::ask_passwords(const Hosts& hosts) const {
  Passwords passwords;
  Asker* asker = cluster_.options().asker;
  const auto ask = [&](const std::string& user, const Hosts& some) {
    if (asker == nullptr) return;
    auto answer = asker->secret(fmt::format("Password of {} on {}", user, fold_hostlist(some)));
    if (!answer) return;
    const auto password = std::make_shared<const Secret>(*std::move(answer));
    for (const std::string& host : some) passwords[host] = password;
  };
  if (!options_.passwords.empty()) {
    for (const std::string& host : hosts) passwords[host] = options_.passwords.at(host);
    return passwords;
  }
  for (const auto& [user, group] : by_user(hosts)) {
    if (!options_.each_password) {
      ask(user, group);
      continue;
    }
    for (const std::string& host : group) ask(user, {host});
  }
  return passwords;
}

Results Bootstrap::install_key(const Passwords& passwords) {
  const auto script = std::make_shared<const std::string>(
      fmt::format("key={}\n{}", shell_quote(key_->line), remote::authorize));
  std::map<std::string, Job> jobs;
  for (const auto& [host, password] : passwords) {
    Job& job = jobs[host];
    job.command = "sh -s";
    job.input = script;
    job.timeout = 60s;
    cluster_.progress(host, "installing the key");
  }
  // Sessions of their own, which end here: what comes after is to work by the key alone.
  const auto fleet = cluster_.fleet_with(passwords);
  return cluster_.attempt(*fleet, std::move(jobs));
}

void Bootstrap::note_key(const std::string& host, const Result& result) {
  if (result.exit_status != 0) {
    cluster_.fail(host, key_not_installed(result));
  } else if (result.out.find("key added") != std::string::npos) {
    change(host, fmt::format("let {} in", key_->from));
  }
}

void Bootstrap::prove_key() {
  std::map<std::string, Job> questions;
  for (const std::string& host : still_active(names_of(strangers_))) {
    questions[host] = sudo_question(user_of(host));
  }
  auto answers = cluster_.attempt(cluster_.fleet(), std::move(questions));
  cluster_.throw_if_cancelled();
  for (auto& [host, result] : answers) {
    if (!result.error) {
      sudo_.emplace(host, std::move(result));
    } else {
      cluster_.fail(host,
                    result.error->code == "auth_failed" ? key_not_taken(*key_) : *result.error);
    }
  }
}

// ---- Root -------------------------------------------------------------------------------------

std::string Bootstrap::settle_sudo() {
  const Hosts asking = read_sudo();
  if (!dry_run_) try_login_passwords(asking);
  for (const auto& [user, hosts] : by_user(still_active(asking))) {
    if (wants_passwordless(user, hosts)) set_up_sudo(user, hosts);
  }
  Hosts with_password;
  for (const auto& [host, outcome] : outcomes_) {
    if (cluster_.is_active(host) && outcome.sudo == Sudo::with_password) {
      with_password.push_back(host);
    }
  }
  if (with_password.empty()) return "without a password";
  return fmt::format("{} ask{} for a password", fold_hostlist(with_password),
                     with_password.size() == 1 ? "s" : "");
}

/// Those whose sudo asks; hosts where it refuses are failed.
Hosts Bootstrap::read_sudo() {
  Hosts asking;
  for (const auto& [host, result] : sudo_) {
    if (!cluster_.is_active(host)) continue;
    const SudoAnswer answer = sudo_answer(result);
    if (answer == SudoAnswer::granted) {
      outcomes_[host].sudo = Sudo::passwordless;
    } else if (answer == SudoAnswer::password_wanted) {
      outcomes_[host].sudo = Sudo::with_password;
      asking.push_back(host);
    } else {
      cluster_.fail(host, sudo_refused(user_of(host), result));
    }
  }
  return asking;
}

/// sudo wants the password that opened the door, as a rule: nobody is asked for it twice.
void Bootstrap::try_login_passwords(const Hosts& hosts) {
  Passwords known;
  for (const std::string& host : hosts) {
    const Passwords& given = options_.passwords;
    if (login_passwords_.contains(host)) {
      known[host] = login_passwords_.at(host);
    } else if (given.contains(host)) {
      known[host] = given.at(host);
    }
  }
  Hosts asked;
  for (const auto& [host, password] : known) asked.push_back(host);
  if (asked.empty()) return;
  for (const auto& [host, result] : ask_sudo(cluster_, asked, known)) {
    const SudoAnswer answer = sudo_answer(result);
    if (answer == SudoAnswer::granted) {
      cluster_.sudo_passwords[host] = known.at(host);
    } else if (answer != SudoAnswer::password_wrong) {
      cluster_.fail(host, sudo_refused(user_of(host), result));
    }
  }
}

bool Bootstrap::wants_passwordless(const std::string& user, const Hosts& hosts) const {
  if (options_.passwordless_sudo) return true;
  Asker* asker = cluster_.options().asker;
  if (dry_run_ || asker == nullptr) return false;
  return asker->confirm(
      fmt::format("Let {} use sudo without a password on {}?", user, fold_hostlist(hosts)));
}

void Bootstrap::set_up_sudo(const std::string& user, const Hosts& hosts) {
  if (dry_run_) {
    for (const std::string& host : hosts) {
      change(host, fmt::format("let {} use sudo without a password", user));
    }
    return;
  }
  if (!plain_user_name(user)) {
    for (const std::string& host : hosts) {
      cluster_.fail(host, {"no_sudo", fmt::format("the name {} cannot be put into sudoers", user),
                           "there, as root: visudo, and give that user NOPASSWD: ALL"});
    }
    return;
  }
  Hosts unproven = hosts;
  std::erase_if(unproven,
                [this](const std::string& host) { return cluster_.sudo_passwords.contains(host); });
  if (!unproven.empty()) obtain_privileges(cluster_, unproven);
  write_sudoers(still_active(hosts));
  prove_sudo(still_active(hosts));
}

void Bootstrap::write_sudoers(const Hosts& hosts) {
  std::map<std::string, Job> jobs;
  for (const std::string& host : hosts) {
    Job& job = jobs[host];
    job.command = "sh -s";
    job.timeout = 60s;
    job.input = std::make_shared<const std::string>(
        fmt::format("user={}\n{}", shell_quote(user_of(host)), remote::sudoers));
    become_root(job, cluster_, host);
    cluster_.progress(host, "setting up sudo");
  }
  for (const auto& [host, result] : cluster_.run_jobs(std::move(jobs))) {
    if (result.exit_status == 0) continue;
    cluster_.fail(
        host, {"sudo_not_set_up",
               fmt::format("sudo without a password cannot be set up: {}", printable(result.err)),
               "is the disk full, or /etc read-only? is visudo there?"});
  }
}

void Bootstrap::prove_sudo(const Hosts& hosts) {
  for (const auto& [host, result] : ask_sudo(cluster_, hosts)) {
    if (sudo_answer(result) == SudoAnswer::granted) {
      outcomes_[host].sudo = Sudo::passwordless;
      cluster_.sudo_passwords.erase(host);
      change(host, fmt::format("let {} use sudo without a password", user_of(host)));
    } else {
      cluster_.fail(host, {"sudo_not_set_up",
                           "sudo still asks for a password, although its /etc/sudoers.d says no",
                           "there: sudo visudo: is /etc/sudoers.d included, and does nothing that "
                           "comes later ask again?"});
    }
  }
}

// ---- Passwords from a descriptor --------------------------------------------------------------

constexpr std::size_t longest_password = 4096;

/// False at the end of the input.
bool read_byte(int fd, CancelToken& cancel, char& byte) {
  std::array<pollfd, 2> descriptors{{{fd, POLLIN, 0}, {cancel.fd(), POLLIN, 0}}};
  for (;;) {
    const bool woken = ::poll(descriptors.data(), descriptors.size(), -1) >= 0;
    if (cancel.cancelled()) {
      throw Error(ExitCode::interrupted, "interrupted", "run the same command again to go on");
    }
    const ssize_t count = woken ? ::read(fd, &byte, 1) : -1;
    if (count >= 0) return count > 0;
    if (errno == EINTR || errno == EAGAIN) continue;
    throw Error(ExitCode::usage, fmt::format("--password-fd {}: {}", fd, std::strerror(errno)),
                "open it for the command: clustermpi bootstrap --password-fd 3 3<FILE");
  }
}

/// Null at the end of the input.
std::shared_ptr<const Secret> read_line(int fd, CancelToken& cancel) {
  std::string line;
  line.reserve(longest_password);  // growing would leave pieces of it behind
  bool ended = false;
  char byte = 0;
  while (!ended && line.size() < longest_password && read_byte(fd, cancel, byte)) {
    ended = byte == '\n';
    if (!ended) line += byte;
  }
  if (!ended && line.size() == longest_password) {
    throw Error(ExitCode::usage, fmt::format("--password-fd {}: a line is too long", fd),
                fmt::format("a password has less than {} bytes", longest_password));
  }
  const bool something = ended || !line.empty();
  const auto secret = std::make_shared<const Secret>(std::move(line));
  return something ? secret : nullptr;
}

/// As far as they are needed: who holds the other end open waits for us, perhaps.
std::vector<std::shared_ptr<const Secret>> read_lines(int fd, std::size_t most,
                                                      CancelToken& cancel) {
  std::vector<std::shared_ptr<const Secret>> lines;
  while (lines.size() < most) {
    auto line = read_line(fd, cancel);
    if (!line) break;
    lines.push_back(std::move(line));
  }
  return lines;
}

}  // namespace

std::map<std::string, BootstrapOutcome> bootstrap(Cluster& cluster,
                                                  const BootstrapOptions& options) {
  return Bootstrap(cluster, options).run();
}

Passwords read_passwords(int fd, const std::vector<std::string>& hosts, bool each,
                         CancelToken& cancel) {
  if (::isatty(fd) == 1) {
    throw Error(ExitCode::usage,
                fmt::format("--password-fd {} is a terminal: a password typed there is seen", fd),
                "leave --password-fd out: bootstrap asks for it, and shows nothing");
  }
  ::fcntl(fd, F_SETFD, FD_CLOEXEC);  // no program that we start has a use for it
  const std::size_t needed = each ? hosts.size() : 1;
  const auto lines = read_lines(fd, needed, cancel);
  if (lines.size() < needed) {
    throw Error(ExitCode::usage,
                fmt::format("--password-fd {}: {} line{}, but {} are needed", fd, lines.size(),
                            lines.size() == 1 ? "" : "s", needed),
                each ? "with --each-password it has a line for each host, in their order"
                     : "its first line is the password");
  }
  Passwords passwords;
  for (std::size_t i = 0; i < hosts.size(); ++i) passwords[hosts[i]] = lines[each ? i : 0];
  return passwords;
}

}  // namespace clustermpi
