#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <nlohmann/json.hpp>
#include <ostream>
#include <set>
#include <string_view>

#include "cli/host_choice.hpp"
#include "cli/run_report.hpp"
#include "hosts/hostlist.hpp"
#include "hosts/overview.hpp"
#include "hosts/topology_drawing.hpp"
#include "hosts/topology_json.hpp"
#include "provision/steps/discover.hpp"

namespace clustermpi::cli {

namespace {

FleetFacts known_facts(Session& session, const std::vector<std::string>& expressions = {}) {
  Cluster& cluster = session.open_cluster();
  FleetFacts facts;
  for (const std::string& host : chosen_hosts(cluster, expressions)) {
    const auto known = cluster.facts.find(host);
    if (known != cluster.facts.end()) facts.insert(*known);
  }
  if (facts.empty()) {
    throw Error(ExitCode::local_failure, "nothing is known of these hosts yet",
                "run `clustermpi discover` first");
  }
  return facts;
}

nlohmann::json facts_document(const std::string& command, const FleetFacts& facts) {
  nlohmann::json hosts = nlohmann::json::object();
  for (const auto& [host, known] : facts) hosts[host] = {{"ok", true}, {"facts", known}};
  return {{"command", command}, {"ok", true}, {"hosts", hosts}};
}

/// The table has a line for each host of the inventory: here of those chosen only.
std::string table_of(const Cluster& cluster, const std::vector<std::string>& expressions,
                     const FleetFacts& facts) {
  const std::vector<std::string> names = chosen_hosts(cluster, expressions);
  const std::set<std::string_view> is_chosen(names.begin(), names.end());
  Inventory chosen = cluster.inventory();
  std::erase_if(chosen.hosts, [&](const Host& host) { return !is_chosen.contains(host.name); });
  return facts_table(chosen, facts);
}

ExitCode discover(Session& session) {
  Cluster& cluster = session.open_cluster();
  std::vector<std::unique_ptr<Step>> steps;
  steps.push_back(std::make_unique<DiscoverStep>());
  const RunReport report = run_reported("discover", steps, cluster);
  if (session.common.json) {
    nlohmann::json document = to_json(report, cluster);
    for (auto& [host, entry] : document["hosts"].items()) {
      if (entry["ok"] == true && cluster.facts.contains(host))
        entry["facts"] = cluster.facts.at(host);
    }
    session.print(document);
  } else if (!cluster.active().empty()) {
    session.out() << table_of(cluster, {}, known_facts(session));
  }
  if (report.error) session.err() << error_text(report.error->message, report.error->hint);
  return report.exit_code;
}

ExitCode show_facts(Session& session, const std::vector<std::string>& expressions) {
  const FleetFacts facts = known_facts(session, expressions);
  if (session.common.json) {
    session.print(facts_document("facts", facts));
  } else {
    session.out() << table_of(session.open_cluster(), expressions, facts);
  }
  return ExitCode::ok;
}

nlohmann::json topology_document(const FleetFacts& facts) {
  nlohmann::json hosts = nlohmann::json::object();
  for (const auto& [host, known] : facts) {
    hosts[host] = {{"ok", true},
                   {"topology", known.topology ? plain_json(*known.topology) : nlohmann::json()}};
  }
  return {{"command", "facts"}, {"ok", true}, {"hosts", hosts}};
}

/// Equal drawings once, below the names of all hosts that look like that.
std::string drawings(const FleetFacts& facts) {
  std::vector<std::pair<std::string, std::vector<std::string>>> groups;
  for (const auto& [host, known] : facts) {
    const std::string drawing =
        known.topology ? topology_drawing(*known.topology)
                       : "not known how its processors are laid out; `clustermpi discover` asks\n";
    auto group = std::find_if(groups.begin(), groups.end(),
                              [&](const auto& other) { return other.first == drawing; });
    if (group == groups.end()) group = groups.insert(group, {drawing, {}});
    group->second.push_back(host);
  }
  std::string text;
  for (const auto& [drawing, hosts] : groups)
    text += fmt::format("{}{}: {}", text.empty() ? "" : "\n", fold_hostlist(hosts), drawing);
  return text;
}

ExitCode show_topology(Session& session, const std::vector<std::string>& expressions) {
  FleetFacts facts = known_facts(session, expressions);
  for (const std::string& host : chosen_hosts(session.open_cluster(), expressions))
    facts.try_emplace(host);  // shown as not known, not left out
  if (session.common.json) {
    session.print(topology_document(facts));
  } else {
    session.out() << drawings(facts);
  }
  return ExitCode::ok;
}

ExitCode show_vectors(Session& session, bool totals) {
  const auto vectors = system_vectors(session.open_cluster().inventory(), known_facts(session));
  if (session.common.json) {
    nlohmann::json list = nlohmann::json::array();
    for (const SystemVector& vector : vectors) {
      list.push_back({{"N", vector.nodes},
                      {"p", vector.processors},
                      {"c", vector.cores},
                      {"t", vector.threads}});
    }
    session.print(nlohmann::json{{"command", "sysinfo"},
                                 {"ok", true},
                                 {"hosts", nlohmann::json::object()},
                                 {"vectors", list}});
    return ExitCode::ok;
  }
  session.out() << (totals ? render_totals(vectors) : render_vectors(vectors)) << '\n';
  return ExitCode::ok;
}

}  // namespace

void add_discover(CLI::App& app, Session& session) {
  auto* command =
      app.add_subcommand("discover", "Ask every host what it is, all at once; keep the facts");
  command->footer(
      "Facts are kept in .clustermpi/facts.json beside the inventory; `clustermpi facts` shows "
      "them again.");
  command->callback([&session] { session.action = [&session] { return discover(session); }; });
}

void add_facts(CLI::App& app, Session& session) {
  auto* facts = app.add_subcommand("facts", "What is known of each host, as a table");
  auto hosts = std::make_shared<std::vector<std::string>>();
  keep_words_whole(facts->add_option("hosts", *hosts, "Whose; all without it"))
      ->type_name("HOSTLIST");
  auto topology = std::make_shared<bool>(false);
  facts->add_flag("--topology", *topology,
                  "How their processors are laid out, as a drawing: packages, NUMA nodes, caches, "
                  "cores");
  facts->footer(
      "--topology gives each thing both of its numbers. The first is logical, from 0 in the order "
      "of the drawing:\nrankfiles and hwloc count so. The one after P# is the kernel's, of a core "
      "those of its hardware threads:\ntaskset and Slurm's --cpu-bind take it. `core 1 P#1,5` is "
      "the second core, with CPUs 1 and 5.\nHosts that look alike share one drawing.\n\n"
      "  clustermpi facts red0[1-3]         a line for each of these hosts\n"
      "  clustermpi facts red --topology    what red's processors look like\n"
      "  clustermpi facts --topology --json for scripts");
  facts->callback([&session, hosts, topology] {
    session.action = [&session, hosts, topology] {
      return *topology ? show_topology(session, *hosts) : show_facts(session, *hosts);
    };
  });

  auto totals = std::make_shared<bool>(false);
  auto* sysinfo = app.add_subcommand(
      "sysinfo", "The system vector S(N,p,c,t): nodes, processors, cores, threads");
  // -v is "verbose" everywhere else; here it is the vector, which is also what is shown without a
  // flag.
  auto vector = std::make_shared<bool>(false);
  auto* vector_flag = sysinfo->add_flag("-v,--vector", *vector,
                                        "The vector S(N,p,c,t), one a kind of node (default)");
  auto* totals_flag =
      sysinfo->add_flag("-t,--totals", *totals, "The totals S^T(N, N*p, N*p*c, N*p*c*t)");
  totals_flag->excludes(vector_flag);
  sysinfo->callback([&session, vector, totals] {
    session.action = [&session, totals] { return show_vectors(session, *totals); };
  });
}

}  // namespace clustermpi::cli
