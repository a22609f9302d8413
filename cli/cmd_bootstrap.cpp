#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <nlohmann/json.hpp>
#include <ostream>

#include "cli/app.hpp"
#include "provision/steps/bootstrap.hpp"
#include "provision/up.hpp"

namespace clustermpi::cli {

namespace {

using Outcomes = std::map<std::string, BootstrapOutcome>;
using Sudo = BootstrapOutcome::Sudo;

struct BootstrapArguments {
  std::string hosts;
  std::string key;
  std::optional<int> password_fd;
  bool each_password = false;
  bool passwordless_sudo = false;
};

std::string_view name_of(Sudo sudo) {
  switch (sudo) {
    case Sudo::passwordless:
      return "passwordless";
    case Sudo::with_password:
      return "password";
    case Sudo::unknown:
      break;
  }
  return "unknown";
}

std::string_view in_words(Sudo sudo) {
  switch (sudo) {
    case Sudo::passwordless:
      return "sudo without a password";
    case Sudo::with_password:
      return "sudo asks for a password";
    case Sudo::unknown:
      break;
  }
  return "sudo not looked at yet";
}

nlohmann::json host_json(const Cluster& cluster, const std::string& host,
                         const BootstrapOutcome& outcome) {
  const auto failure = cluster.failures().find(host);
  nlohmann::json entry = {
      {"ok", failure == cluster.failures().end()},
      {"changed", !outcome.changes.empty() && !cluster.options().dry_run},
      {"changes", outcome.changes},
      {"login", outcome.by_password ? "password" : "key"},
      {"sudo", name_of(outcome.sudo)},
  };
  if (failure != cluster.failures().end()) entry["error"] = to_json(failure->second);
  return entry;
}

nlohmann::json document(const Cluster& cluster, const Outcomes& outcomes) {
  nlohmann::json hosts = nlohmann::json::object();
  bool changed = false;
  for (const auto& [host, outcome] : outcomes) {
    hosts[host] = host_json(cluster, host, outcome);
    changed = changed || hosts[host]["changed"];
  }
  return {{"command", "bootstrap"},
          {"ok", cluster.failures().empty()},
          {"dry_run", cluster.options().dry_run},
          {"changed", changed},
          {"hosts", hosts}};
}

void print_lines(std::ostream& out, const Cluster& cluster, const Outcomes& outcomes) {
  std::size_t width = 0;
  for (const auto& [host, outcome] : outcomes) width = std::max(width, host.size());
  for (const Host& host : cluster.inventory().hosts) {
    const auto found = outcomes.find(host.name);
    if (found == outcomes.end()) continue;
    const auto failure = cluster.failures().find(host.name);
    const BootstrapOutcome& outcome = found->second;
    const bool waits = cluster.options().dry_run && outcome.by_password;
    out << fmt::format(
        "{:{}}  {}\n", host.name, width,
        failure != cluster.failures().end()
            ? "failed: " + printable(failure->second.message)
            : fmt::format("{}, {}{}", waits ? "wants a password" : "knows our key",
                          in_words(outcome.sudo), outcome.changes.empty() ? "; no change" : ""));
  }
  if (cluster.failures().empty() && !cluster.options().dry_run) out << "next: clustermpi up\n";
}

ExitCode run_bootstrap(Session& session, const BootstrapArguments& arguments) {
  if (!arguments.hosts.empty()) {
    if (!session.common.limit.empty()) {
      throw Error(ExitCode::usage, "hosts are named twice: behind bootstrap, and by --limit",
                  "name them in one place");
    }
    session.common.limit = arguments.hosts;
  }
  Cluster& cluster = session.open_cluster();
  BootstrapOptions options;
  options.key = arguments.key;
  options.each_password = arguments.each_password;
  options.passwordless_sudo = arguments.passwordless_sudo || session.common.yes;
  if (arguments.password_fd) {
    options.passwords = read_passwords(*arguments.password_fd, cluster.active(),
                                       arguments.each_password, cluster.cancel());
  }
  std::optional<WorkspaceLock> lock;
  if (!session.common.dry_run) lock.emplace(cluster.workspace());
  const Outcomes outcomes = bootstrap(cluster, options);
  if (session.common.json) {
    session.print(document(cluster, outcomes));
  } else {
    print_lines(session.out(), cluster, outcomes);
  }
  if (cluster.failures().empty()) return ExitCode::ok;
  session.err() << fmt::format("log: {}\n", cluster.workspace().log().string());
  return ExitCode::hosts_failed;
}

}  // namespace

void add_bootstrap(CLI::App& app, Session& session) {
  auto arguments = std::make_shared<BootstrapArguments>();
  auto* command = app.add_subcommand(
      "bootstrap", "First contact with hosts that know only a password: our key, and sudo");
  keep_words_whole(
      command->add_option("hosts", arguments->hosts, "Which (default: all of the inventory)"))
      ->type_name("HOSTLIST");
  command
      ->add_option("--password-fd", arguments->password_fd,
                   "Read the password from this descriptor, its first line")
      ->type_name("N")
      ->check(CLI::NonNegativeNumber);
  command->add_flag("--each-password", arguments->each_password,
                    "Hosts have passwords of their own: ask for each (of a descriptor: a line a "
                    "host, in order)");
  command->add_flag("--passwordless-sudo", arguments->passwordless_sudo,
                    "Let the user call sudo without a password, without asking whether to");
  command->add_option("--key", arguments->key, "Install this public key (default: the one we use)")
      ->type_name("FILE");
  command->footer(
      "Hosts that let our key in are left as they are. For the others the password is asked once, "
      "and\n"
      "again for those that refuse it; the key goes into ~/.ssh/authorized_keys, and is then "
      "proven "
      "on a\n"
      "new connection. Last, sudo is looked at. A password is never an argument, a variable or a "
      "file.\n"
      "\n"
      "  clustermpi bootstrap                       asks in the terminal\n"
      "  clustermpi bootstrap --password-fd 3 3< <(pass show cluster)\n"
      "  clustermpi bootstrap 'red0[1-3]' --dry-run  who needs it?");
  command->callback([&session, arguments] {
    session.action = [&session, arguments] { return run_bootstrap(session, *arguments); };
  });
}

}  // namespace clustermpi::cli
