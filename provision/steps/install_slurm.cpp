#include "provision/steps/install_slurm.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <chrono>
#include <thread>

#include "hosts/hostlist.hpp"
#include "hosts/names.hpp"
#include "hosts/slurm_conf.hpp"
#include "provision/launch/slurm.hpp"
#include "provision/privileges.hpp"
#include "provision/steps/playbook_inventory.hpp"
#include "provision/steps/slurm_nodes.hpp"

namespace clustermpi {

namespace {

using namespace std::chrono_literals;
using Clock = std::chrono::steady_clock;

constexpr auto settling_time = 30s;  // slurmd registers within a second or two of its start
constexpr auto patience = 5s;
constexpr auto draining_time = 30s;
constexpr auto polling_time = 250ms;

/// What slurmd finds on hosts that just got theirs; the others said it when they were discovered.
void learn_hardware(Cluster& cluster) {
  std::vector<std::string> unknown;
  for (const std::string& host : cluster.active()) {
    const Facts& facts = cluster.facts[host];
    if (facts.packages.contains("slurmd") && !facts.slurmd) unknown.push_back(host);
  }
  if (unknown.empty()) return;
  const auto no_input = std::make_shared<const std::string>();
  const auto answers = cluster.run_on(unknown, "/usr/sbin/slurmd -C", no_input, 30s);
  for (const auto& [host, answer] : answers) {
    const std::string text = printable(answer.out);
    cluster.facts[host].slurmd = parse_slurmd_hardware(text.substr(0, text.find('\n')));
  }
  if (!cluster.options().dry_run) cluster.workspace().save_facts(cluster.facts);
}

/// Slurm as it runs, or nothing where it does not: then there is nobody to take care of.
std::optional<SlurmState> running_slurm(Cluster& cluster) {
  const std::string& manager = cluster.inventory().manager;
  if (!cluster.is_active(manager) || !cluster.states[manager]["slurm"].inputs) return {};
  SlurmState state = ask_slurm(cluster);
  if (!state.up) return {};
  return state;
}

/// Reasons that Slurm itself gave, and that are gone once the configuration says what the node has
/// and its slurmd runs.
bool is_cured_by_installation(const std::string& reason) {
  constexpr std::array cured = {"Low RealMemory",
                                "Invalid RealMemory",
                                "Low socket*core*thread",
                                "Low CPUs",
                                "Low Cores",
                                "gres/gpu count",
                                "Not responding",
                                "Node unexpectedly rebooted",
                                reason_of_reboot};
  return std::ranges::any_of(
      cured, [&](const char* known) { return reason.find(known) != std::string::npos; });
}

/// Hosts that are there, but that the controller did not hear from yet.
std::vector<std::string> silent_nodes(const Cluster& cluster, const SlurmState& state) {
  std::vector<std::string> silent;
  for (const auto& [host, properties] : slurm_properties(cluster.inventory(), cluster.facts)) {
    if (!cluster.is_active(host)) continue;
    const auto known = state.nodes.find(std::string(short_name(host)));
    if (known == state.nodes.end() || use_of(known->second) == NodeUse::settling ||
        known->second.marks.find('*') != std::string::npos)
      silent.push_back(host);
  }
  return silent;
}

/// Of a host that does not answer nobody knows what it needs.
bool is_here(const Cluster& cluster, const std::string& node) {
  return std::ranges::any_of(cluster.active(),
                             [&](const std::string& host) { return short_name(host) == node; });
}

void restart_slurmd(Cluster& cluster, const std::vector<std::string>& hosts) {
  std::map<std::string, Job> jobs;
  for (const std::string& host : hosts) {
    Job& job = jobs[host];
    job.command = "systemctl restart slurmd";
    job.timeout = 30s;
    become_root(job, cluster, host);
  }
  cluster.run_jobs(std::move(jobs));
}

}  // namespace

InstallSlurmStep::InstallSlurmStep(bool new_munge_key)
    : install_(Playbook{.name = "slurm",
                        .title = "Slurm's configuration, key and daemons on every host",
                        .roles = {"munge", "slurm", "slurmdbd"},
                        .package_roles = {},
                        .brings_packages = false,
                        .key = "munge.key",
                        .product = "Slurm",
                        .product_package = "slurm-client"}),
      new_munge_key_(new_munge_key) {}

std::unique_ptr<Step> install_slurm(bool new_munge_key) {
  return std::make_unique<InstallSlurmStep>(new_munge_key);
}

std::vector<Change> InstallSlurmStep::plan(Cluster& cluster) {
  learn_hardware(cluster);
  for (const std::string& host : slurm_left_out(cluster.inventory(), cluster.facts))
    cluster.warn("nothing is known of it, so it is no node of Slurm's yet", host);
  configuration_ = install_.plan(cluster);
  if (new_munge_key_) {
    for (const std::string& host : cluster.active())
      configuration_.push_back({host, "bring a new munge key"});
  }
  if (const auto state = running_slurm(cluster)) plan_for_nodes(cluster, *state);
  std::vector<Change> changes = of_nodes_;
  changes.insert(changes.end(), configuration_.begin(), configuration_.end());
  return changes;
}

void InstallSlurmStep::plan_for_nodes(const Cluster& cluster, const SlurmState& state) {
  const auto wanted = slurm_nodes(cluster.inventory(), cluster.facts);
  const std::string& manager = cluster.inventory().manager;
  for (const auto& [node, is] : state.nodes) {
    if (std::ranges::find(wanted, node) == wanted.end()) {
      leaving_.push_back(node);
      of_nodes_.push_back({manager, fmt::format("drain {} and take it out of Slurm: the inventory "
                                                "does not have it any more",
                                                node)});
    } else if (use_of(is) == NodeUse::out && is_cured_by_installation(is.reason) &&
               is_here(cluster, node)) {
      resumable_.push_back(node);
      of_nodes_.push_back(
          {manager, fmt::format("put {} back to work, which Slurm took out: {}", node, is.reason)});
    }
  }
}

std::string InstallSlurmStep::apply(Cluster& cluster, const std::vector<Change>&) {
  for (const Change& change : of_nodes_) cluster.note(change.what, change.host);
  if (!leaving_.empty()) drain_leaving(cluster);
  std::string summary = "no change of configuration";
  // The old one is gone here first: hosts that this run does not get to are brought the new one by
  // the next.
  if (new_munge_key_) std::filesystem::remove(munge_key(cluster.workspace()));
  if (!configuration_.empty()) summary = install_.apply(cluster, configuration_);
  cluster.throw_if_cancelled();
  cluster.require_manager();
  settle(cluster);
  return summary;
}

void InstallSlurmStep::drain_leaving(Cluster& cluster) const {
  update_nodes(cluster, leaving_, "state=drain reason='clustermpi: not in the inventory any more'");
  const auto end = Clock::now() + draining_time;
  for (;;) {
    const SlurmState busy = jobs_on(ask_slurm(cluster), leaving_);
    if (busy.jobs.empty()) return;
    if (Clock::now() > end) {
      throw Error(
          ExitCode::hosts_failed,
          fmt::format("{} left the inventory, but {}", fold_hostlist(leaving_), jobs_text(busy)),
          fmt::format("it gets no new job. Run the same command again when that one has "
                      "ended, or end it there: scancel {}",
                      busy.jobs.front().id));
    }
    cluster.progress(cluster.inventory().manager,
                     fmt::format("waiting for the end of {}", jobs_text(busy)));
    std::this_thread::sleep_for(polling_time);
    cluster.throw_if_cancelled();
  }
}

/// Nodes need a moment to report to a controller that just started. One that it does not hear from
/// it asks again only after minutes; a slurmd that starts reports by itself, and its jobs run on.
/// That the nodes are proven to work is for verify.
void InstallSlurmStep::settle(Cluster& cluster) const {
  if (!resumable_.empty()) update_nodes(cluster, resumable_, "state=resume");
  const auto begin = Clock::now();
  bool restarted = false;
  for (;;) {
    const auto silent = silent_nodes(cluster, ask_slurm(cluster));
    const auto waited = Clock::now() - begin;
    if (silent.empty() || waited > settling_time) return;
    if (waited > patience && !restarted) {
      restart_slurmd(cluster, silent);
      restarted = true;
    }
    cluster.progress(cluster.inventory().manager,
                     fmt::format("waiting for {} to report", fold_hostlist(silent)));
    std::this_thread::sleep_for(polling_time);
    cluster.throw_if_cancelled();
  }
}

}  // namespace clustermpi
