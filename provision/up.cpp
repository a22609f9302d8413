#include "provision/up.hpp"

#include <algorithm>
#include <chrono>
#include <nlohmann/json.hpp>

#include "provision/files.hpp"
#include "provision/report_page.hpp"
#include "provision/steps/build.hpp"
#include "provision/steps/discover.hpp"
#include "provision/steps/distribute.hpp"
#include "provision/steps/generate.hpp"
#include "provision/steps/hostnames.hpp"
#include "provision/steps/install.hpp"
#include "provision/steps/install_python.hpp"
#include "provision/steps/install_slurm.hpp"
#include "provision/steps/reboot.hpp"
#include "provision/steps/verify.hpp"

namespace clustermpi {

namespace {

using Json = nlohmann::json;

void take_error(RunReport& report, const Error& error) {
  report.exit_code = error.code();
  report.error = HostError{std::string(name_of(error.code())), error.what(), error.hint()};
}

double seconds(std::chrono::milliseconds time) {
  return std::chrono::duration<double>(time).count();
}

Json step_json(const StepRecord& step) {
  Json changes = Json::array();
  for (const Change& change : step.changes) {
    changes.push_back({{"host", change.host}, {"what", change.what}});
  }
  return {{"name", step.name},
          {"summary", step.summary},
          {"ok", step.ok},
          {"seconds", seconds(step.elapsed)},
          {"changes", changes}};
}

Json link_json(const LinkFigures& link) {
  Json json = {
      {"from", link.from}, {"to", link.to}, {"latency_us", link.latency_us}, {"mbps", link.mbps}};
  if (!link.problem.empty()) json["problem"] = link.problem;
  return json;
}

Json verdict_json(const Verdict& verdict) {
  Json links = Json::array();
  for (const LinkFigures& link : verdict.links) links.push_back(link_json(link));
  Json throughput = Json::object();
  for (const auto& [host, sum] : verdict.throughput)
    throughput[host] = {{"samples_per_s", sum.samples_per_s}, {"ranks", sum.ranks}};
  return {{"ok", verdict.ok},           {"ran", verdict.ran},       {"summary", verdict.summary},
          {"figures", verdict.figures}, {"hosts", verdict.hosts},   {"seconds", verdict.seconds},
          {"remarks", verdict.remarks}, {"throughput", throughput}, {"links", links}};
}

Json hosts_json(const RunReport& report, const Cluster& cluster) {
  Json hosts = Json::object();
  for (const Host& host : cluster.inventory().hosts) {
    const auto failure = cluster.failures().find(host.name);
    if (failure == cluster.failures().end() && !cluster.is_active(host.name)) continue;
    Json entry = {{"ok", failure == cluster.failures().end()}};
    if (failure != cluster.failures().end()) entry["error"] = to_json(failure->second);
    Json changes = Json::array();
    for (const StepRecord& step : report.steps) {
      for (const Change& change : step.changes) {
        if (change.host == host.name) changes.push_back(change.what);
      }
    }
    entry["changes"] = changes;
    entry["changed"] = !changes.empty() && !cluster.options().dry_run;
    for (const Verdict& verdict : cluster.verdicts) {
      if (verdict.hosts.contains(host.name)) entry["ok"] = false;
    }
    hosts[host.name] = entry;
  }
  return hosts;
}

bool proves(const std::vector<std::unique_ptr<Step>>& steps) {
  return std::ranges::any_of(steps, [](const auto& step) { return step->name() == "verify"; });
}

void write_report(RunReport& report, const Cluster& cluster, bool with_page) {
  try {
    write_file(cluster.workspace().report(), to_json(report, cluster).dump(2) + "\n");
    if (with_page) report.page = write_report_page(report, cluster);
  } catch (const Error& error) {  // a full disk: what was done on the hosts is still to be told
    if (!report.error) take_error(report, error);
  }
}

}  // namespace

std::size_t RunReport::changes() const {
  std::size_t count = 0;
  for (const StepRecord& step : steps) count += step.changes.size();
  return count;
}

bool may_need_reboot(const Inventory& inventory) {
  return inventory.slurm && inventory.slurm->memory_limits;
}

std::vector<std::unique_ptr<Step>> up_steps(const Inventory& inventory, const HostConsent& hosts,
                                            const FormatConsent& consent) {
  std::vector<std::unique_ptr<Step>> steps;
  steps.push_back(std::make_unique<DiscoverStep>());
  if (hosts.set_hostnames) steps.push_back(std::make_unique<HostnamesStep>());
  steps.push_back(std::make_unique<CheckStep>());
  steps.push_back(install_mpi(inventory));
  if (may_need_reboot(inventory)) steps.push_back(std::make_unique<RebootStep>(hosts.reboot));
  if (inventory.storage || consent != FormatConsent{})
    steps.push_back(std::make_unique<StorageStep>(inventory, consent));
  if (inventory.slurm) steps.push_back(install_slurm());
  if (inventory.python) steps.push_back(install_python());
  steps.push_back(std::make_unique<GenerateStep>());
  steps.push_back(std::make_unique<BuildStep>(bundled_programs()));
  steps.push_back(std::make_unique<DistributeStep>(bundled_programs()));
  steps.push_back(std::make_unique<VerifyStep>(std::vector<std::string>{}, std::vector<Via>{},
                                               asks_for_mpi4py(inventory)));
  return steps;
}

RunReport run_reported(const std::string& command, const std::vector<std::unique_ptr<Step>>& steps,
                       Cluster& cluster, ExitCode when_hosts_fail) {
  RunReport report;
  report.command = command;
  report.began = std::chrono::system_clock::now();
  const auto start = std::chrono::steady_clock::now();
  const bool dry_run = cluster.options().dry_run;
  std::optional<WorkspaceLock> lock;
  try {
    if (!dry_run) lock.emplace(cluster.workspace());
    run_steps(steps, cluster, report.steps);
    if (!cluster.failures().empty()) report.exit_code = when_hosts_fail;
  } catch (const Error& error) {
    take_error(report, error);
  } catch (const std::exception& error) {
    take_error(report, Error(ExitCode::local_failure, error.what()));
  }
  report.elapsed = std::chrono::duration_cast<std::chrono::milliseconds>(
      std::chrono::steady_clock::now() - start);
  if (lock)
    write_report(report, cluster, proves(steps));  // without it the workspace is another run's
  return report;
}

Json to_json(const HostError& error) {
  return {{"code", error.code}, {"message", error.message}, {"hint", error.hint}};
}

Json to_json(const RunReport& report, const Cluster& cluster) {
  Json steps = Json::array();
  for (const StepRecord& step : report.steps) steps.push_back(step_json(step));
  // By mpirun: what it always was. The other ways, and Slurm itself, stand beside it.
  Json verification = Json::object();
  Json by_other_ways = Json::object();
  for (const Verdict& verdict : cluster.verdicts) {
    Json& ways = verdict.via == name_of(Via::mpirun) ? verification : by_other_ways[verdict.via];
    ways[verdict.program] = verdict_json(verdict);
  }
  Json document = {{"command", report.command},
                   {"ok", report.exit_code == ExitCode::ok},
                   {"exit_code", static_cast<int>(report.exit_code)},
                   {"cluster", cluster.inventory().name},
                   {"dry_run", cluster.options().dry_run},
                   {"changed", report.changes() > 0 && !cluster.options().dry_run},
                   {"changes", report.changes()},
                   {"seconds", seconds(report.elapsed)},
                   {"hosts", hosts_json(report, cluster)},
                   {"steps", steps},
                   {"verification", verification},
                   {"verification_via", by_other_ways}};
  if (report.error) document["error"] = to_json(*report.error);
  return document;
}

}  // namespace clustermpi
