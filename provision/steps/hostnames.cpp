#include "provision/steps/hostnames.hpp"

#include <fmt/format.h>

#include <chrono>

#include "hosts/checks.hpp"
#include "hosts/names.hpp"
#include "provision/privileges.hpp"
#include "provision/remote_scripts.hpp"
#include "provision/steps/discover.hpp"

namespace clustermpi {

namespace {

using namespace std::chrono_literals;

/// "red01.local" is the host's own name, as it tells its neighbours; it changes with the name.
void warn_of_lost_address(Cluster& cluster, const std::string& host) {
  const std::string& address = cluster.inventory().find(host)->address;
  const std::string name = fmt::format("{}.local", short_name(host));
  if (!address.ends_with(".local") || lower_case(address) == lower_case(name)) return;
  cluster.warn(fmt::format("is reached as {}, which it is called no more after its next start: "
                           "write {} or its IP address into the inventory",
                           address, name),
               host);
}

void obtain_privileges_where_asked(Cluster& cluster, const std::vector<Change>& changes) {
  std::vector<std::string> asking;
  for (const Change& change : changes)
    if (cluster.facts.at(change.host).sudo_asks) asking.push_back(change.host);
  if (!asking.empty()) obtain_privileges(cluster, asking);
}

}  // namespace

std::vector<Change> HostnamesStep::plan(Cluster& cluster) {
  FleetFacts answered;
  for (const std::string& host : cluster.active()) answered[host] = cluster.facts.at(host);
  std::vector<Change> changes;
  for (const std::string& host : misnamed_hosts(cluster.inventory(), answered)) {
    Facts& facts = cluster.facts[host];
    changes.push_back({host, fmt::format("set its host name to {}: it calls itself '{}'",
                                         short_name(host), facts.hostname)});
    // What comes next judges what would be.
    if (cluster.options().dry_run) facts.hostname = short_name(host);
  }
  return changes;
}

std::string HostnamesStep::apply(Cluster& cluster, const std::vector<Change>& changes) {
  obtain_privileges_where_asked(cluster, changes);
  std::map<std::string, Job> jobs;
  for (const auto& [host, what] : changes) {
    if (!cluster.is_active(host)) continue;
    Job job;
    job.command = "sh -s";
    job.timeout = 60s;
    job.input = std::make_shared<const std::string>(
        fmt::format("name={}\n{}", short_name(host), remote::hostname));
    become_root(job, cluster, host);
    jobs.emplace(host, std::move(job));
  }
  std::vector<std::string> renamed;
  for (const auto& [host, result] : cluster.run_jobs(std::move(jobs))) {
    if (result.exit_status == 0) {
      renamed.push_back(host);
      warn_of_lost_address(cluster, host);
    } else {
      cluster.fail(
          host,
          {"hostname_unset", fmt::format("its host name cannot be set: {}", printable(result.err)),
           fmt::format("there: sudo hostnamectl set-hostname {}", short_name(host))});
    }
  }
  renew_facts(cluster, renamed);
  return fmt::format("{} of {} hosts named", renamed.size(), changes.size());
}

}  // namespace clustermpi
