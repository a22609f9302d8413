#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <nlohmann/json.hpp>
#include <ostream>

#include "cli/run_report.hpp"
#include "hosts/overview.hpp"
#include "provision/steps/discover.hpp"

namespace clustermpi::cli {

namespace {

FleetFacts known_facts(Session& session) {
  Cluster& cluster = session.open_cluster();
  FleetFacts facts;
  for (const std::string& host : cluster.active()) {
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
    session.out() << document.dump(2) << '\n';
  } else if (!cluster.active().empty()) {
    session.out() << facts_table(cluster.inventory(), known_facts(session));
  }
  if (report.error) session.err() << error_text(report.error->message, report.error->hint);
  return report.exit_code;
}

ExitCode show_facts(Session& session) {
  const FleetFacts facts = known_facts(session);
  if (session.common.json) {
    session.out() << facts_document("facts", facts).dump(2) << '\n';
  } else {
    session.out() << facts_table(session.open_cluster().inventory(), facts);
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
    session.out() << nlohmann::json{{"command", "sysinfo"},
                                    {"ok", true},
                                    {"hosts", nlohmann::json::object()},
                                    {"vectors", list}}
                         .dump(2)
                  << '\n';
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
  facts->callback([&session] { session.action = [&session] { return show_facts(session); }; });

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
