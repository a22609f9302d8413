#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <chrono>
#include <nlohmann/json.hpp>
#include <ostream>

#include "cli/app.hpp"
#include "cli/host_choice.hpp"
#include "hosts/hostlist.hpp"
#include "provision/up.hpp"

namespace clustermpi::cli {

namespace {

/// The document of a command about host keys.
void print_json(Session& session, const std::string& command, bool ok, nlohmann::json hosts) {
  session.print(nlohmann::json{{"command", command}, {"ok", ok}, {"hosts", std::move(hosts)}});
}

nlohmann::json to_json(const KnownHosts::Entry& entry) {
  return {{"type", entry.key.type},      {"fingerprint", fingerprint(entry.key)},
          {"revoked", entry.revoked},    {"authority", entry.authority},
          {"file", entry.file.string()}, {"line", entry.line}};
}

std::string text_of(const std::string& host, const std::vector<KnownHosts::Entry>& entries) {
  if (entries.empty()) return fmt::format("{}: no host key is on file\n", host);
  std::string text;
  for (const KnownHosts::Entry& entry : entries) {
    const std::string_view kind = entry.revoked     ? " (revoked)"
                                  : entry.authority ? " (certificate authority)"
                                                    : "";
    text += fmt::format("{}: {} {}{}  {}:{}\n", host, entry.key.type, fingerprint(entry.key), kind,
                        entry.file.string(), entry.line);
  }
  return text;
}

ExitCode show(Session& session, const std::vector<std::string>& expressions) {
  Cluster& cluster = session.open_cluster();
  nlohmann::json hosts = nlohmann::json::object();
  for (const std::string& host : chosen_hosts(cluster, expressions)) {
    const auto [name, port] = host_key_name(cluster.target(host));
    const auto entries = cluster.known_hosts().on_file(name, port);
    if (!session.common.json) session.out() << text_of(host, entries);
    nlohmann::json keys = nlohmann::json::array();
    for (const KnownHosts::Entry& entry : entries) keys.push_back(to_json(entry));
    hosts[host] = {{"ok", true}, {"keys", std::move(keys)}};
  }
  if (session.common.json) print_json(session, "hostkey show", true, std::move(hosts));
  return ExitCode::ok;
}

ExitCode forget(Session& session, const std::vector<std::string>& expressions) {
  session.refuse_dry_run("hostkey forget");
  Cluster& cluster = session.open_cluster();
  nlohmann::json hosts = nlohmann::json::object();
  for (const std::string& name : chosen_hosts(cluster, expressions)) {
    const auto [known, port] = host_key_name(cluster.target(name));
    const std::size_t forgotten = cluster.known_hosts().forget(known, port);
    hosts[name] = {{"ok", true}, {"forgotten", forgotten}};
    if (!session.common.json) {
      session.out() << (forgotten > 0
                            ? fmt::format(
                                  "{0}: its host key is forgotten; `clustermpi hostkey accept {0}` "
                                  "or, by default, the next contact pins the new one\n",
                                  name)
                            : fmt::format("{}: no host key was pinned\n", name));
    }
  }
  if (session.common.json) print_json(session, "hostkey forget", true, std::move(hosts));
  return ExitCode::ok;
}

ExitCode accept(Session& session, const std::vector<std::string>& expressions) {
  session.refuse_dry_run("hostkey accept");
  Cluster& cluster = session.open_cluster(UnknownHostKeys::accept);
  const std::vector<std::string> names = chosen_hosts(cluster, expressions);
  nlohmann::json hosts = nlohmann::json::object();
  cluster.begin_step("hostkey", "host keys of " + fold_hostlist(names));
  for (const auto& [name, result] :
       cluster.run_on(names, "true", nullptr, std::chrono::seconds(30))) {
    hosts[name] = {{"ok", true}};
    if (!session.common.json) session.out() << fmt::format("{}: its host key is known\n", name);
  }
  for (const auto& [name, error] : cluster.failures())
    hosts[name] = {{"ok", false}, {"error", clustermpi::to_json(error)}};
  const bool ok = cluster.failures().empty();
  if (session.common.json) print_json(session, "hostkey accept", ok, std::move(hosts));
  return ok ? ExitCode::ok : ExitCode::hosts_failed;
}

}  // namespace

void add_hostkey(CLI::App& app, Session& session) {
  auto hosts = std::make_shared<std::vector<std::string>>();
  auto* command = app.add_subcommand("hostkey", "The host keys that we trust");
  command->require_subcommand(1);
  const auto add = [&](const std::string& name, const std::string& what, auto* act) {
    auto* sub = command->add_subcommand(name, what);
    sub->callback([&session, hosts, act] {
      session.action = [&session, hosts, act] { return act(session, *hosts); };
    });
    return keep_words_whole(sub->add_option("hosts", *hosts, "Whose"))->type_name("HOSTLIST");
  };
  add("show", "Show what is on file, and where, without contacting anybody", show);
  add("forget", "Forget a host's key, as after its card was flashed anew", forget)->required();
  add("accept",
      "Show and pin the keys of hosts that are not known yet, whatever host_key_policy says",
      accept)
      ->required();
  command->footer(
      "A node that was flashed anew shows another key, and is refused until you say so:\n"
      "  clustermpi hostkey show red02     what is on file, and where\n"
      "  clustermpi hostkey forget red02   the next contact pins the new one, or asks");
}

}  // namespace clustermpi::cli
