#include "provision/cluster.hpp"

#include <fmt/format.h>

#include <algorithm>

namespace clustermpi {

Cluster::Cluster(Inventory inventory, Workspace workspace, RunOptions options, Reporter& reporter,
                 CancelToken& cancel)
    : inventory_(std::move(inventory)),
      workspace_(std::move(workspace)),
      options_(std::move(options)),
      reporter_(reporter),
      cancel_(cancel) {
  try {
    facts = workspace_.load_facts();
  } catch (const Error& error) {  // they are only kept: discover asks the hosts again
    warn(fmt::format("{}; {}", error.what(), error.hint()));
  }
  std::erase_if(facts, [&](const auto& known) { return inventory_.find(known.first) == nullptr; });
  for (const std::string& host : options_.limit) {
    if (inventory_.find(host) == nullptr) {
      throw Error(ExitCode::usage, fmt::format("--limit names {}, which is not a host of {}", host,
                                               workspace_.inventory_file().string()));
    }
  }
}

std::vector<std::string> Cluster::active() const {
  std::vector<std::string> names;
  for (const Host& host : inventory_.hosts) {
    if (is_active(host.name)) names.push_back(host.name);
  }
  return names;
}

bool Cluster::is_active(const std::string& host) const {
  return is_selected(host) && !failures_.contains(host);
}

bool Cluster::is_selected(const std::string& host) const {
  return options_.limit.empty() || std::ranges::find(options_.limit, host) != options_.limit.end();
}

void Cluster::fail(const std::string& host, const HostError& error) {
  if (!failures_.emplace(host, error).second) return;  // its first failure is the one that counts
  Event event;
  event.kind = Event::Kind::host_done;
  event.host = host;
  event.ok = false;
  event.error = error;
  report(event);
}

void Cluster::require_manager() const {
  const auto failure = failures_.find(inventory_.manager);
  if (failure == failures_.end()) return;
  throw Error(ExitCode::hosts_failed,
              fmt::format("the manager {} failed, so nothing else is done", inventory_.manager),
              "put it right as said above and run the same command again");
}

void Cluster::throw_if_cancelled() const {
  if (cancel_.cancelled()) {
    throw Error(ExitCode::interrupted, "interrupted", "run the same command again to go on");
  }
}

OpensshSettings& Cluster::ssh_settings() {
  if (!ssh_settings_) {
    const LocalUser user = local_user();
    ssh_settings_ = std::make_unique<OpensshSettings>(inventory_, workspace_, user,
                                                      ssh_config_files(user), cancel_);
  }
  return *ssh_settings_;
}

const Connections& Cluster::connections() {
  if (!connections_) {
    std::vector<const Host*> hosts;
    for (const Host& host : inventory_.hosts)
      if (is_selected(host.name) || host.name == inventory_.manager) hosts.push_back(&host);
    connections_ = find_connections(hosts, ssh_settings());
  }
  return *connections_;
}

KnownHosts& Cluster::known_hosts() {
  if (!known_hosts_)
    known_hosts_ =
        std::make_unique<KnownHosts>(workspace_.known_hosts(), connections().known_hosts);
  return *known_hosts_;
}

Target Cluster::target(const std::string& host) {
  return find_connections({inventory_.find(host)}, ssh_settings()).targets.front();
}

HostKeyPolicy Cluster::host_key_policy() {
  if (options_.accept_host_keys) return HostKeyPolicy::accept_new;
  return inventory_.host_key_policy.value_or(connections().strict ? HostKeyPolicy::strict
                                                                  : HostKeyPolicy::accept_new);
}

Fleet& Cluster::fleet() {
  if (!fleet_) {
    workspace_.create();
    fleet_ =
        std::make_unique<Fleet>(connections().targets, fleet_options(), known_hosts(), cancel_);
  }
  return *fleet_;
}

FleetOptions Cluster::fleet_options() {
  FleetOptions options;
  options.jumps = connections().jumps;
  options.host_key_policy = host_key_policy();
  if (connections().connect_timeout) options.connect_timeout = *connections().connect_timeout;
  if (options_.fanout > 0) options.handshakes_at_once = options_.fanout;
  options.on_new_host_key = [this](const std::string& host, const std::string& fingerprint,
                                   const std::string& type) {
    note(fmt::format("new host key pinned: {} {}", type, fingerprint), host);
  };
  return options;
}

std::map<std::string, Result> Cluster::run_on(const std::vector<std::string>& hosts,
                                              const std::string& command,
                                              const std::shared_ptr<const std::string>& input,
                                              std::chrono::milliseconds timeout) {
  std::map<std::string, Job> jobs;
  for (const std::string& host : hosts) {
    Job job;
    job.command = command;
    job.input = input;
    job.timeout = options_.timeout.count() > 0 ? options_.timeout : timeout;
    jobs.emplace(host, std::move(job));
  }
  return run_jobs(std::move(jobs));
}

std::map<std::string, Result> Cluster::run_jobs(
    std::map<std::string, Job> jobs,
    const std::function<void(const std::string&, const Result&)>& on_result) {
  std::vector<Job> list;
  for (auto& [host, job] : jobs) {
    job.host = fleet().index_of(host).value();
    list.push_back(std::move(job));
  }
  std::map<std::string, Result> results;
  fleet().run(std::move(list), [&](const Result& result) {
    const std::string& host = fleet().targets()[result.host].name;
    if (on_result) on_result(host, result);
    if (!result.error) {
      results.emplace(host, result);
    } else if (!cancel_.cancelled()) {
      fail(host, *result.error);
    }
  });
  throw_if_cancelled();
  return results;
}

void Cluster::begin_step(const std::string& name, const std::string& title) {
  step_ = name;
  step_start_ = std::chrono::steady_clock::now();
  Event event;
  event.kind = Event::Kind::step_begin;
  event.text = title;
  report(event);
}

void Cluster::end_step(const std::string& summary, bool ok) {
  Event event;
  event.kind = Event::Kind::step_end;
  event.text = summary;
  event.ok = ok;
  event.elapsed = std::chrono::duration_cast<std::chrono::milliseconds>(
      std::chrono::steady_clock::now() - step_start_);
  report(event);
}

void Cluster::report(Event event) {
  event.step = step_;
  reporter_.on(event);
}

void Cluster::note(const std::string& text, const std::string& host) {
  Event event;
  event.host = host;
  event.text = text;
  report(event);
}

void Cluster::warn(const std::string& text, const std::string& host) {
  Event event;
  event.kind = Event::Kind::warning;
  event.host = host;
  event.text = text;
  report(event);
}

void Cluster::detail(const std::string& text, const std::string& host) {
  Event event;
  event.kind = Event::Kind::detail;
  event.host = host;
  event.text = text;
  report(event);
}

void Cluster::progress(const std::string& host, const std::string& text) {
  Event event;
  event.kind = Event::Kind::progress;
  event.host = host;
  event.text = text;
  report(event);
}

}  // namespace clustermpi
