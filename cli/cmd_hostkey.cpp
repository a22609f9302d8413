#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <chrono>
#include <nlohmann/json.hpp>
#include <ostream>

#include "cli/app.hpp"
#include "hosts/hostlist.hpp"
#include "provision/up.hpp"

namespace clustermpi::cli {

namespace {

const Host& host_named(const Cluster& cluster, const std::string& name) {
  const Host* host = cluster.inventory().find(name);
  if (host == nullptr)
    throw Error(ExitCode::usage, fmt::format("there is no host {} in the inventory", name));
  return *host;
}

ExitCode forget(Session& session, const std::string& expression) {
  session.refuse_dry_run("hostkey forget");
  Cluster& cluster = session.open_cluster();
  nlohmann::json hosts = nlohmann::json::object();
  for (const std::string& name : expand_hostlist(expression)) {
    const Target target = cluster.target(host_named(cluster, name).name);
    const bool alias = !target.host_key_alias.empty();
    const std::size_t forgotten = cluster.known_hosts().forget(
        alias ? target.host_key_alias : target.address, alias ? 22 : target.port);
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
  if (session.common.json)
    session.out()
        << nlohmann::json{{"command", "hostkey forget"}, {"ok", true}, {"hosts", hosts}}.dump(2)
        << '\n';
  return ExitCode::ok;
}

ExitCode accept(Session& session, const std::string& expression) {
  session.refuse_dry_run("hostkey accept");
  Cluster& cluster = session.open_cluster(true);
  const std::vector<std::string> names = expand_hostlist(expression);
  for (const std::string& name : names) (void)host_named(cluster, name);
  nlohmann::json hosts = nlohmann::json::object();
  cluster.begin_step("hostkey", "host keys of " + fold_hostlist(names));
  for (const auto& [name, result] :
       cluster.run_on(names, "true", nullptr, std::chrono::seconds(30))) {
    hosts[name] = {{"ok", true}};
    if (!session.common.json) session.out() << fmt::format("{}: its host key is known\n", name);
  }
  for (const auto& [name, error] : cluster.failures())
    hosts[name] = {{"ok", false}, {"error", to_json(error)}};
  const bool ok = cluster.failures().empty();
  if (session.common.json) {
    session.out()
        << nlohmann::json{{"command", "hostkey accept"}, {"ok", ok}, {"hosts", hosts}}.dump(2)
        << '\n';
  }
  return ok ? ExitCode::ok : ExitCode::hosts_failed;
}

}  // namespace

void add_hostkey(CLI::App& app, Session& session) {
  auto hosts = std::make_shared<std::string>();
  auto* command = app.add_subcommand("hostkey", "The host keys that we trust");
  command->require_subcommand(1);
  auto* forget_command =
      command->add_subcommand("forget", "Forget a host's key, as after its card was flashed anew");
  forget_command->add_option("hosts", *hosts, "Whose")->type_name("HOSTLIST")->required();
  auto* accept_command = command->add_subcommand(
      "accept",
      "Show and pin the keys of hosts that are not known yet, whatever host_key_policy says");
  accept_command->add_option("hosts", *hosts, "Whose")->type_name("HOSTLIST")->required();
  accept_command->callback([&session, hosts] {
    session.action = [&session, hosts] { return accept(session, *hosts); };
  });
  forget_command->callback([&session, hosts] {
    session.action = [&session, hosts] { return forget(session, *hosts); };
  });
}

}  // namespace clustermpi::cli
