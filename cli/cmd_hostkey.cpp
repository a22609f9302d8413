#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <nlohmann/json.hpp>
#include <ostream>

#include "cli/app.hpp"
#include "hosts/hostlist.hpp"

namespace clustermpi::cli {

namespace {

const Host& host_named(const Cluster& cluster, const std::string& name) {
  const Host* host = cluster.inventory().find(name);
  if (host == nullptr)
    throw Error(ExitCode::usage, fmt::format("there is no host {} in the inventory", name));
  return *host;
}

ExitCode forget(Session& session, const std::string& expression) {
  Cluster& cluster = session.open_cluster();
  nlohmann::json hosts = nlohmann::json::object();
  for (const std::string& name : expand_hostlist(expression)) {
    const Host& host = host_named(cluster, name);
    const std::size_t forgotten = cluster.known_hosts().forget(host.address, host.port);
    hosts[name] = {{"ok", true}, {"forgotten", forgotten}};
    if (!session.common.json) {
      session.out()
          << (forgotten > 0
                  ? fmt::format(
                        "{}: its host key is forgotten; the next contact pins the new one\n", name)
                  : fmt::format("{}: no host key was pinned\n", name));
    }
  }
  if (session.common.json)
    session.out()
        << nlohmann::json{{"command", "hostkey forget"}, {"ok", true}, {"hosts", hosts}}.dump(2)
        << '\n';
  return ExitCode::ok;
}

}  // namespace

void add_hostkey(CLI::App& app, Session& session) {
  auto hosts = std::make_shared<std::string>();
  auto* command = app.add_subcommand("hostkey", "The host keys that we trust");
  command->require_subcommand(1);
  auto* forget_command =
      command->add_subcommand("forget", "Forget a host's key, as after its card was flashed anew");
  forget_command->add_option("hosts", *hosts, "Whose")->type_name("HOSTLIST")->required();
  forget_command->callback([&session, hosts] {
    session.action = [&session, hosts] { return forget(session, *hosts); };
  });
}

}  // namespace clustermpi::cli
