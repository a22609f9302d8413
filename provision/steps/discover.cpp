#include "provision/steps/discover.hpp"

#include <fmt/format.h>

#include <chrono>
#include <stdexcept>

#include "hosts/checks.hpp"
#include "hosts/hostlist.hpp"
#include "provision/ansible.hpp"
#include "provision/privileges.hpp"
#include "provision/remote_scripts.hpp"

namespace clustermpi {

namespace {

using namespace std::chrono_literals;

constexpr std::string_view state_marker = "clustermpi state";

/// Probe and state in one script. Each part is wrapped so that the shell has read all of it before
/// the first command runs: a command that reads stdin cannot swallow the rest. Where sudo wants a
/// password the state is asked for once somebody gave it (CheckStep).
std::string probe_script() {
  return fmt::format(
      "(\n{}\n) </dev/null\n"
      "echo '{}'\n"
      "sudo -n sh -s <<'CLUSTERMPI_STATE' 2>/dev/null\n"
      "mode=check\n{}\n"
      "CLUSTERMPI_STATE\n"
      "exit 0\n",
      remote::probe, state_marker, remote::record);
}

double seconds_since_epoch() {
  return std::chrono::duration<double>(std::chrono::system_clock::now().time_since_epoch()).count();
}

/// The node read its clock somewhere within the round trip; the middle is the best guess.
void set_clock_offset(Facts& facts, const Result& result) {
  const double middle =
      seconds_since_epoch() - std::chrono::duration<double>(result.elapsed).count() / 2;
  facts.clock_offset = facts.clock - middle;
}

HostError unreadable(const std::string& why, const Result& result) {
  const std::string said = printable(result.err.substr(0, 200));
  return {"probe_failed",
          fmt::format("its answer to the probe makes no sense: {}{}{}", why,
                      said.empty() ? "" : "; it said: ", said),
          "log in by hand and run `sh -c 'uname -a; cat /etc/os-release'`: is it a Linux with a "
          "POSIX shell?"};
}

/// Takes what the probe printed on a host, and fails the host where that makes no sense.
bool take_facts(Cluster& cluster, const std::string& host, const Result& result,
                std::string_view output) {
  try {
    Facts facts = parse_probe(printable(output));
    set_clock_offset(facts, result);
    cluster.facts[host] = std::move(facts);
    return true;
  } catch (const std::invalid_argument& error) {
    cluster.fail(host, unreadable(error.what(), result));
    return false;
  }
}

}  // namespace

std::string DiscoverStep::title() const {
  return "facts of every host";
}

std::vector<Change> DiscoverStep::plan(Cluster& cluster) {
  std::map<std::string, Job> jobs;
  const auto script = std::make_shared<const std::string>(probe_script());
  for (const std::string& host : cluster.active()) {
    Job job;
    job.command = "sh -s";
    job.input = script;
    job.timeout = cluster.options().timeout.count() > 0 ? cluster.options().timeout : 60s;
    jobs.emplace(host, std::move(job));
    cluster.progress(host, "connecting");
  }
  cluster.run_jobs(std::move(jobs), [&](const std::string& host, const Result& result) {
    if (result.error) return;
    const std::size_t marker = result.out.find(state_marker);
    if (!take_facts(cluster, host, result, std::string_view(result.out).substr(0, marker))) return;
    cluster.states[host] =
        marker == std::string::npos
            ? HostStates{}
            : parse_host_states(printable(result.out.substr(marker + state_marker.size())));
    Event event;
    event.kind = Event::Kind::host_done;
    event.host = host;
    event.elapsed = result.elapsed;
    cluster.report(event);
  });
  if (!cluster.options().dry_run) cluster.workspace().save_facts(cluster.facts);
  return {};
}

std::string DiscoverStep::nothing_to_do(const Cluster& cluster) const {
  const auto hosts = cluster.active();
  return fmt::format("{} answered", hosts.empty() ? "no host" : fold_hostlist(hosts));
}

void renew_facts(Cluster& cluster, const std::vector<std::string>& hosts) {
  const auto script = std::make_shared<const std::string>(remote::probe);
  for (const auto& [host, result] : cluster.run_on(hosts, "sh -s", script, 60s))
    take_facts(cluster, host, result, result.out);
  cluster.workspace().save_facts(cluster.facts);
}

std::string CheckStep::title() const {
  return "everything that is known to go wrong";
}

namespace {

/// Hosts whose sudo wants a password: asked for here, before anything is changed; then they tell
/// their state, which discover could not read.
void check_privileges(Cluster& cluster) {
  std::vector<std::string> asking;
  for (const std::string& host : cluster.active()) {
    const auto known = cluster.facts.find(host);
    if (known != cluster.facts.end() && known->second.sudo_asks) asking.push_back(host);
  }
  if (asking.empty()) return;
  obtain_privileges(cluster, asking);
  std::map<std::string, Job> jobs;
  for (const std::string& host : asking) {
    if (!cluster.is_active(host)) continue;
    Job& job = jobs[host];
    job.command = "sh -s";
    job.input = std::make_shared<const std::string>(fmt::format("mode=check\n{}", remote::record));
    job.timeout = 60s;
    become_root(job, cluster, host);
  }
  for (const auto& [host, result] : cluster.run_jobs(std::move(jobs))) {
    cluster.states[host] = parse_host_states(printable(result.out));
  }
}

}  // namespace

std::vector<Change> CheckStep::plan(Cluster& cluster) {
  FleetFacts judged;
  for (const std::string& host : cluster.active()) {
    const auto known = cluster.facts.find(host);
    if (known != cluster.facts.end()) judged.insert(*known);
  }
  std::string cluster_problem;
  std::string hint;
  for (const Finding& finding :
       check_fleet(cluster.inventory(), judged, {ansible_core_version()})) {
    if (!finding.fatal) {
      cluster.warn(fmt::format("{}; {}", finding.error.message, finding.error.hint), finding.host);
      continue;
    }
    if (!finding.host.empty()) {
      cluster.fail(finding.host, finding.error);
      continue;
    }
    if (!cluster_problem.empty()) cluster_problem += "\n";
    cluster_problem += finding.error.message;
    hint = finding.error.hint;
  }
  if (!cluster_problem.empty()) throw Error(ExitCode::hosts_failed, cluster_problem, hint);
  check_privileges(cluster);
  return {};
}

std::string CheckStep::nothing_to_do(const Cluster& cluster) const {
  return fmt::format("{} fit", cluster.active().size() == 1
                                   ? "1 host is"
                                   : fmt::format("{} hosts are", cluster.active().size()));
}

}  // namespace clustermpi
