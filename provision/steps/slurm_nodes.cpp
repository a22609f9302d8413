#include "provision/steps/slurm_nodes.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <set>

#include "hosts/hostlist.hpp"
#include "hosts/hostlist_forms.hpp"
#include "provision/privileges.hpp"

namespace clustermpi {

namespace {

using namespace std::chrono_literals;

std::string run_as_root(Cluster& cluster, const std::string& script) {
  Job job;
  job.command = "sh -s";
  job.input = std::make_shared<const std::string>(script);
  job.timeout = 60s;
  const std::string& manager = cluster.inventory().manager;
  become_root(job, cluster, manager);
  std::map<std::string, Job> jobs;
  jobs.emplace(manager, std::move(job));
  const auto results = cluster.run_jobs(std::move(jobs));
  cluster.require_manager();
  return printable(results.at(manager).err);
}

}  // namespace

std::string update_command(const std::vector<std::string>& nodes, const std::string& words) {
  return fmt::format("scontrol update nodename={} {}\n", fold_for(HostlistReader::slurm, nodes),
                     words);
}

void update_nodes(Cluster& cluster, const std::vector<std::string>& nodes,
                  const std::string& words) {
  const std::string said = run_as_root(cluster, update_command(nodes, words));
  if (!said.empty()) cluster.warn(fmt::format("Slurm says of {}: {}", fold_hostlist(nodes), said));
}

SlurmState jobs_on(const SlurmState& state, const std::vector<std::string>& nodes) {
  const std::set<std::string> wanted(nodes.begin(), nodes.end());
  SlurmState found;
  std::ranges::copy_if(state.jobs, std::back_inserter(found.jobs), [&](const SlurmJob& job) {
    return std::ranges::any_of(expand_hostlist(job.nodes),
                               [&](const std::string& node) { return wanted.contains(node); });
  });
  return found;
}

}  // namespace clustermpi
