#include "provision/cluster.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "provision/locked_keys.hpp"
#include "provision/ssh/errors.hpp"

namespace clustermpi {

namespace {

/// The bastion's key, the host's own, a passphrase, and somebody who mistypes it: enough for all
/// that is asked for, and an end where a server shows another key each time.
constexpr unsigned most_rounds = 8;

void run_once(Fleet& fleet, const std::map<std::string, Job>& jobs,
              const Cluster::OnResult& on_result) {
  std::vector<Job> list;
  for (const auto& [host, job] : jobs) {
    list.push_back(job);
    list.back().host = fleet.index_of(host).value();
  }
  fleet.run(std::move(list),
            [&](const Result& result) { on_result(fleet.targets()[result.host].name, result); });
}

Event event_of(Event::Kind kind, const std::string& text, const std::string& host) {
  Event event;
  event.kind = kind;
  event.host = host;
  event.text = text;
  return event;
}

}  // namespace

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
  if (!known_hosts_) known_hosts_ = read_known_hosts(workspace_.known_hosts(), connections());
  return *known_hosts_;
}

Target Cluster::target(const std::string& host) {
  return find_connections({inventory_.find(host)}, ssh_settings()).targets.front();
}

HostKeyPolicy Cluster::host_key_policy() {
  if (options_.unknown_host_keys == UnknownHostKeys::accept) return HostKeyPolicy::accept_new;
  return inventory_.host_key_policy.value_or(connections().strict ? HostKeyPolicy::strict
                                                                  : HostKeyPolicy::accept_new);
}

Fleet& Cluster::fleet() {
  if (!fleet_) fleet_ = fleet_with({});
  return *fleet_;
}

void Cluster::reconnect() {
  fleet_.reset();
}

std::unique_ptr<Fleet> Cluster::fleet_with(const Passwords& passwords) {
  workspace_.create();
  std::vector<Target> targets = connections().targets;
  for (Target& target : targets) {
    const auto password = passwords.find(target.name);
    if (password == passwords.end()) continue;
    Credentials credentials;
    credentials.password = password->second;
    target.credentials = std::make_shared<const Credentials>(std::move(credentials));
  }
  auto fleet = std::make_unique<Fleet>(std::move(targets), fleet_options(), known_hosts(), cancel_);
  // The way may lead through a bastion that wants one of them.
  for (const auto& [key, passphrase] : passphrases) fleet->unlock(key, *passphrase);
  return fleet;
}

FleetOptions Cluster::fleet_options() {
  FleetOptions options;
  options.jumps = connections().jumps;
  options.host_key_policy = host_key_policy();
  if (connections().connect_timeout) options.connect_timeout = *connections().connect_timeout;
  if (options_.fanout > 0) options.handshakes_at_once = options_.fanout;
  if (options_.timeout.count() > 0) {
    // Who gives a command so long does not wait longer for a host that never gets to it.
    for (auto* phase :
         {&options.connect_timeout, &options.handshake_timeout, &options.auth_timeout})
      *phase = std::min(*phase, options_.timeout);
  }
  options.on_new_host_key = [this](const std::string& host, const std::string& fingerprint,
                                   const std::string& type) {
    note(fmt::format("new host key pinned: {} {}", type, fingerprint), host);
    shown_host_keys_.take_pin(host);
  };
  options.on_host_key = [this](const Target& target, const HostKey& key,
                               const KnownHosts::Answer& answer) {
    return shown_host_keys_.take(target, key, answer);
  };
  const bool may_ask = options_.unknown_host_keys == UnknownHostKeys::ask ||
                       options.host_key_policy == HostKeyPolicy::ask;
  questions_.clear();
  if (options_.asker != nullptr && may_ask) {
    questions_.push_back(
        {"host_key_unknown", [this](Fleet&) { return shown_host_keys_.ask(*options_.asker); }});
  }
  if (options_.asker != nullptr) {
    questions_.push_back({"passphrase_needed", [this](Fleet& fleet) {
                            return unlock_keys(fleet, *options_.asker, passphrases,
                                               [this](const std::string& text) { warn(text); });
                          }});
  }
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

std::map<std::string, Result> Cluster::run_jobs(std::map<std::string, Job> jobs,
                                                const OnResult& on_result) {
  auto results =
      attempt(fleet(), std::move(jobs), [&](const std::string& host, const Result& result) {
        if (on_result) on_result(host, result);
        if (result.error && !cancel_.cancelled()) fail(host, *result.error);
      });
  throw_if_cancelled();
  std::erase_if(results, [](const auto& entry) { return entry.second.error.has_value(); });
  return results;
}

std::map<std::string, Result> Cluster::attempt(Fleet& fleet, std::map<std::string, Job> jobs,
                                               const OnResult& on_result) {
  std::map<std::string, Result> results;
  const auto deliver = [&](const std::string& host, const Result& result) {
    if (on_result) on_result(host, result);
    results.emplace(host, result);
  };
  for (const auto& [host, result] : refused_before_input_flows(fleet, jobs)) {
    deliver(host, result);
    jobs.erase(host);
  }
  for (unsigned round = 1; !jobs.empty(); ++round) {
    std::map<std::string, Result> waiting;  // for the answer to a question
    run_once(fleet, jobs, [&](const std::string& host, const Result& result) {
      const bool repeatable = round < most_rounds && !jobs.at(host).stream;
      if (repeatable && question_for(result) != nullptr) {
        waiting.emplace(host, result);
      } else {
        deliver(host, result);
      }
    });
    const std::set<std::string> again = helped(fleet, waiting);
    for (auto& [host, result] : waiting) {
      if (again.contains(host)) continue;
      if (cancel_.cancelled()) result.error = ssh_errors::cancelled();
      deliver(host, result);
    }
    std::erase_if(jobs, [&](const auto& job) { return !again.contains(job.first); });
  }
  return results;
}

/// A stream can be read once only: by a second try it would have begun for the others. So those who
/// read one log in first, and all questions are asked then. What became of those who cannot.
std::map<std::string, Result> Cluster::refused_before_input_flows(
    Fleet& fleet, const std::map<std::string, Job>& jobs) {
  std::map<std::string, Job> logins;
  for (const auto& [host, job] : jobs) {
    if (!job.stream) continue;
    Job login;
    login.command = "true";
    login.timeout = job.timeout;
    logins.emplace(host, std::move(login));
  }
  if (questions_.empty() || logins.empty()) return {};
  auto results = attempt(fleet, std::move(logins));
  std::erase_if(results, [](const auto& entry) { return !entry.second.error; });
  return results;
}

const Cluster::Question* Cluster::question_for(const Result& result) const {
  if (!result.error) return nullptr;
  const auto found = std::ranges::find(questions_, result.error->code, &Question::error_code);
  return found == questions_.end() ? nullptr : &*found;
}

/// Asks what those that wait need, each question once; the hosts that the answers help.
std::set<std::string> Cluster::helped(Fleet& fleet, const std::map<std::string, Result>& waiting) {
  std::map<const Question*, std::set<std::string>> hosts;
  for (const auto& [host, result] : waiting) hosts[question_for(result)].insert(host);
  std::set<std::string> again;
  for (auto& [question, whose] : hosts) {
    if (!cancel_.cancelled() && question->ask(fleet)) again.merge(whose);
  }
  return again;
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
  report(event_of(Event::Kind::note, text, host));
}

void Cluster::warn(const std::string& text, const std::string& host) {
  report(event_of(Event::Kind::warning, text, host));
}

void Cluster::detail(const std::string& text, const std::string& host) {
  report(event_of(Event::Kind::detail, text, host));
}

void Cluster::progress(const std::string& host, const std::string& text) {
  report(event_of(Event::Kind::progress, text, host));
}

}  // namespace clustermpi
