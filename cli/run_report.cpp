#include "cli/run_report.hpp"

#include <fmt/format.h>

#include <nlohmann/json.hpp>
#include <ostream>

#include "hosts/hostlist.hpp"
#include "provision/launcher.hpp"

namespace clustermpi::cli {

namespace {

double seconds(std::chrono::milliseconds time) {
  return std::chrono::duration<double>(time).count();
}

std::string hosts_text(const std::vector<std::string>& hosts) {
  return fmt::format("{} ({} host{})", fold_hostlist(hosts), hosts.size(),
                     hosts.size() == 1 ? "" : "s");
}

/// "red is up: red,red[01-03] (4 hosts) ..." or what is wrong, in one sentence.
std::string verdict_text(const RunReport& report, const Cluster& cluster) {
  const std::string& name = cluster.inventory().name;
  if (report.exit_code != ExitCode::ok && !report.error) {
    std::vector<std::string> failed;
    for (const auto& [host, error] : cluster.failures()) failed.push_back(host);
    return fmt::format("{}: {} failed, the others are done", name, hosts_text(failed));
  }
  if (cluster.options().dry_run) {
    return report.changes() == 0
               ? fmt::format("{}: nothing to change", name)
               : fmt::format("{}: {} changes to make; nothing was changed", name, report.changes());
  }
  const std::string change = report.changes() == 0 ? ", no change" : "";
  if (cluster.verdicts.empty()) {
    return fmt::format("{}: {} done{}", name, hosts_text(cluster.active()), change);
  }
  std::vector<std::string> verified;
  for (const NodeSlots& node : job_nodes(cluster)) verified.push_back(node.host);
  const std::size_t others = cluster.active().size() - verified.size();
  return fmt::format("{}: {} verified{}{}", name, hosts_text(verified), change,
                     others == 0 ? "" : fmt::format("; {} of another kind not part of it", others));
}

void print_table(Session& session, const RunReport& report, const Cluster& cluster) {
  std::ostream& out = session.out();
  for (const StepRecord& step : report.steps) {
    out << fmt::format("{:11} {:6.1f} s  {}\n", step.name, seconds(step.elapsed), step.summary);
  }
  if (!report.error)
    out << fmt::format("{:11} {:6.1f} s  {}\n", "total", seconds(report.elapsed),
                       verdict_text(report, cluster));
}

}  // namespace

ExitCode run_and_tell(Session& session, const std::string& command,
                      const std::vector<std::unique_ptr<Step>>& steps, ExitCode when_hosts_fail) {
  Cluster& cluster = session.open_cluster();
  const RunReport report = run_reported(command, steps, cluster, when_hosts_fail);
  if (session.common.json) {
    session.print(to_json(report, cluster));
  } else {
    print_table(session, report, cluster);
  }
  if (report.error) session.err() << error_text(report.error->message, report.error->hint);
  if (!report.page.empty() && !session.common.quiet)
    session.err() << fmt::format("report: {}\n", report.page.string());
  if (report.exit_code != ExitCode::ok) {
    session.err() << fmt::format("log: {}\n", cluster.workspace().log().string());
  }
  return report.exit_code;
}

}  // namespace clustermpi::cli
