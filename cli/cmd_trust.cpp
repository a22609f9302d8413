#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <nlohmann/json.hpp>
#include <ostream>

#include "cli/app.hpp"
#include "cli/host_choice.hpp"
#include "provision/trust.hpp"
#include "provision/up.hpp"

namespace clustermpi::cli {

namespace {

std::string_view text_of(KeyState state) {
  switch (state) {
    case KeyState::not_seen:
      return "not seen";
    case KeyState::known:
      return "known";
    case KeyState::pinned:
      return "newly pinned";
    case KeyState::refused:
      return "not trusted";
    case KeyState::changed:
      return "changed";
    case KeyState::revoked:
      return "revoked";
  }
  return "";
}

nlohmann::json to_json(const HostTrust& trust) {
  nlohmann::json entry = {{"ok", trust.ok()}, {"state", text_of(trust.state)}};
  if (trust.key)
    entry["key"] = {{"type", trust.key->type}, {"fingerprint", fingerprint(*trust.key)}};
  if (!trust.ok() && trust.error) entry["error"] = clustermpi::to_json(*trust.error);
  return entry;
}

void print_table(const std::map<std::string, HostTrust>& trusts,
                 const std::vector<std::string>& hosts, std::ostream& out) {
  std::size_t names = 0;
  std::size_t types = 0;
  for (const auto& [host, trust] : trusts) {
    names = std::max(names, host.size());
    types = std::max(types, trust.key ? trust.key->type.size() : 0);
  }
  for (const std::string& host : hosts) {
    const HostTrust& trust = trusts.at(host);
    const std::string key =
        trust.key ? fmt::format("{:{}}  {}  ", trust.key->type, types, fingerprint(*trust.key))
                  : "";
    out << fmt::format("{:{}}  {}{}\n", host, names, key, text_of(trust.state));
  }
}

ExitCode trust(Session& session, const std::vector<std::string>& expressions) {
  session.refuse_dry_run("trust");
  Cluster& cluster = session.open_cluster(UnknownHostKeys::ask);
  const std::vector<std::string> hosts = chosen_hosts(cluster, expressions);
  const auto trusts = trust_hosts(cluster, hosts);
  const bool ok = std::ranges::all_of(trusts, [](const auto& entry) { return entry.second.ok(); });
  if (session.common.json) {
    nlohmann::json entries = nlohmann::json::object();
    for (const auto& [host, trust] : trusts) entries[host] = to_json(trust);
    session.print(nlohmann::json{{"command", "trust"}, {"ok", ok}, {"hosts", entries}});
  } else {
    print_table(trusts, hosts, session.out());
  }
  return ok ? ExitCode::ok : ExitCode::hosts_failed;
}

}  // namespace

void add_trust(CLI::App& app, Session& session) {
  auto hosts = std::make_shared<std::vector<std::string>>();
  auto* command = app.add_subcommand("trust", "Contact all hosts and settle which keys we trust");
  keep_words_whole(command->add_option("hosts", *hosts, "Which (default: all hosts)"))
      ->type_name("HOSTLIST");
  command->footer(
      "Keys that are not known yet are pinned in .clustermpi/known_hosts, as host_key_policy in\n"
      "cluster.toml says: \"accept-new\" pins them and shows them; \"ask\" and \"strict\" show "
      "them\n"
      "together and ask once (--yes answers). Compare with what the host itself says:\n"
      "  ssh-keygen -lf /etc/ssh/ssh_host_ed25519_key.pub\n"
      "A key that has changed is never accepted here: `clustermpi hostkey forget HOST` first.");
  command->callback(
      [&session, hosts] { session.action = [&session, hosts] { return trust(session, *hosts); }; });
}

}  // namespace clustermpi::cli
