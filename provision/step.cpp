#include "provision/step.hpp"

#include <fmt/format.h>

#include <map>

#include "hosts/hostlist.hpp"

namespace clustermpi {

namespace {

/// What several hosts have in common is told once.
void report_planned(Cluster& cluster, const std::vector<Change>& changes) {
  std::vector<std::string> order;
  std::map<std::string, std::vector<std::string>> hosts;
  for (const Change& change : changes) {
    if (!hosts.contains(change.what)) order.push_back(change.what);
    auto& those = hosts[change.what];
    if (!change.host.empty()) those.push_back(change.host);
  }
  for (const std::string& what : order) cluster.note("would " + what, fold_hostlist(hosts[what]));
}

std::string plan_and_apply(Step& step, Cluster& cluster, std::vector<Change>& changes) {
  changes = step.plan(cluster);
  cluster.throw_if_cancelled();
  if (step.needs_manager()) cluster.require_manager();
  if (changes.empty()) return step.nothing_to_do(cluster);
  if (cluster.options().dry_run) {
    report_planned(cluster, changes);
    return fmt::format("{} change{} to make", changes.size(), changes.size() == 1 ? "" : "s");
  }
  std::string summary = step.apply(cluster, changes);
  cluster.throw_if_cancelled();
  if (step.needs_manager()) cluster.require_manager();
  return summary;
}

}  // namespace

void run_step(Step& step, Cluster& cluster, StepRecord& record) {
  const auto start = std::chrono::steady_clock::now();
  const std::size_t failed_before = cluster.failures().size();
  const auto close = [&](std::string summary, bool ok) {
    record.summary = std::move(summary);
    record.ok = ok;
    record.elapsed = std::chrono::duration_cast<std::chrono::milliseconds>(
        std::chrono::steady_clock::now() - start);
    cluster.end_step(record.summary, ok);
  };
  record.name = step.name();
  cluster.begin_step(step.name(), step.title());
  try {
    std::string summary = plan_and_apply(step, cluster, record.changes);
    close(std::move(summary), cluster.failures().size() == failed_before);
  } catch (const Error& error) {
    close(error.code() == ExitCode::interrupted ? "interrupted" : "stopped here", false);
    throw;
  } catch (...) {
    close("stopped here", false);
    throw;
  }
}

void run_steps(const std::vector<std::unique_ptr<Step>>& steps, Cluster& cluster,
               std::vector<StepRecord>& records) {
  for (const auto& step : steps) run_step(*step, cluster, records.emplace_back());
}

}  // namespace clustermpi
