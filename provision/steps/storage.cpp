#include "provision/steps/storage.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <set>
#include <sstream>

#include "provision/files.hpp"
#include "provision/output_lines.hpp"
#include "provision/privileges.hpp"
#include "provision/process.hpp"
#include "provision/remote_scripts.hpp"

namespace clustermpi {

namespace {

using namespace std::chrono_literals;

constexpr auto examination_time = 60s;
constexpr auto format_time = 30min;  // a large disk on a small board
constexpr auto proof_time = 90s;     // a first use waits up to 30 s for the manager

std::string complaint(const Result& result) {
  return printable(last_line(result.err));
}

const StorageSettings& settings(const Cluster& cluster) {
  return *cluster.inventory().storage;
}

bool is_manager(const Cluster& cluster, const std::string& host) {
  return host == cluster.inventory().manager;
}

Playbook storage_playbook(const Inventory& inventory) {
  const bool shared = inventory.hosts.size() > 1;
  Playbook playbook;
  playbook.name = "storage";
  playbook.roles = {"python", "storage"};
  playbook.product = shared ? "NFS" : "storage";
  playbook.product_package = shared ? "nfs-common" : "";
  return playbook;
}

/// remote/storage.sh with what it is to know.
Job storage_job(const Cluster& cluster, const std::string& host, const FormatConsent& consent,
                std::string_view mode) {
  const StorageSettings& storage = settings(cluster);
  const bool manager = is_manager(cluster, host);
  const std::string_view part =
      cluster.inventory().hosts.size() == 1 ? "alone" : (manager ? "server" : "client");
  Job job;
  job.command = "sh -s";
  job.input = std::make_shared<const std::string>(fmt::format(
      "mode={}\npart={}\ndirectory={}\ndevice={}\nmay_format={}\nwipe={}\n{}", mode, part,
      shell_quote(storage.directory), shell_quote(manager ? storage.device : ""),
      consent.device.empty() ? "no" : "yes", consent.wipe ? "yes" : "no", remote::storage));
  job.timeout = mode == "format" ? format_time : examination_time;
  become_root(job, cluster, host);
  return job;
}

/// What the script found: what is to be done, or why it cannot be.
struct Examination {
  std::vector<std::string> plans;
  std::optional<HostError> refusal;
};

Examination read_examination(const Result& result) {
  Examination found;
  std::istringstream lines(printable(result.out));
  for (std::string line; std::getline(lines, line);) {
    const std::size_t blank = line.find(' ');
    const std::string word = line.substr(0, blank);
    const std::string text = blank == std::string::npos ? "" : line.substr(blank + 1);
    if (word == "plan") found.plans.push_back(text);
    if (word == "refuse") found.refusal = HostError{"storage_refused", text, ""};
    if (word == "hint" && found.refusal) found.refusal->hint = text;
  }
  if (result.exit_status != 0) {
    found.refusal = HostError{"storage_unknown",
                              fmt::format("cannot say how its storage is: {}", complaint(result)),
                              "see whether `lsblk` and `wipefs` work there"};
  }
  return found;
}

/// Plans by host; hosts where it cannot be done are failed.
std::map<std::string, std::vector<std::string>> examine(Cluster& cluster,
                                                        const FormatConsent& consent) {
  std::map<std::string, Job> jobs;
  for (const std::string& host : cluster.active())
    jobs.emplace(host, storage_job(cluster, host, consent, "examine"));
  std::map<std::string, std::vector<std::string>> plans;
  for (const auto& [host, result] : cluster.run_jobs(std::move(jobs))) {
    Examination found = read_examination(result);
    if (found.refusal) {
      cluster.fail(host, *found.refusal);
    } else {
      plans[host] = std::move(found.plans);
    }
  }
  return plans;
}

/// The device is looked at again by the script that formats it.
void format_device(Cluster& cluster, const FormatConsent& consent) {
  const std::string& manager = cluster.inventory().manager;
  cluster.progress(manager, fmt::format("formatting {}", consent.device));
  std::map<std::string, Job> jobs;
  jobs.emplace(manager, storage_job(cluster, manager, consent, "format"));
  for (const auto& [host, result] : cluster.run_jobs(std::move(jobs))) {
    const Examination found = read_examination(result);
    if (found.refusal) cluster.fail(host, *found.refusal);
  }
  cluster.require_manager();
}

Job proof_job(const Cluster& cluster, const std::string& mode, const std::string& token,
              const std::string& host) {
  Job job;
  job.command = "sh -s";
  job.input = std::make_shared<const std::string>(
      fmt::format("mode={}\ndirectory={}\ntoken={}\nhost={}\n{}", mode,
                  shell_quote(settings(cluster).directory), token, host, remote::share_proof));
  job.timeout = proof_time;
  return job;
}

/// On the manager; its output. Throws Error{hosts_failed} where it does not end well.
std::string on_manager(Cluster& cluster, const std::string& mode, const std::string& token) {
  const std::string& manager = cluster.inventory().manager;
  std::map<std::string, Job> jobs;
  jobs.emplace(manager, proof_job(cluster, mode, token, manager));
  std::string out;
  for (const auto& [host, result] : cluster.run_jobs(std::move(jobs))) {
    out = printable(result.out);
    if (result.exit_status == 0) continue;
    cluster.fail(host, {"not_writable",
                        fmt::format("the user of the jobs cannot write to {}: {}",
                                    settings(cluster).directory, complaint(result)),
                        "is its disk full, or read-only? `df -h` and `mount` there tell"});
  }
  cluster.require_manager();
  return out;
}

HostError not_shared(const Cluster& cluster, const std::string& what, const std::string& said) {
  const std::string& manager = cluster.inventory().manager;
  return {"not_shared",
          fmt::format("{} through {}{}", what, settings(cluster).directory,
                      said.empty() ? "" : ": " + said),
          fmt::format("there: ls -l {}; on {}: sudo exportfs -v, and is its port 2049 open?",
                      settings(cluster).directory, manager)};
}

/// Both ways, through the mount of every host. Those where it fails are failed.
void prove(Cluster& cluster) {
  std::vector<std::string> others = cluster.active();
  std::erase(others, cluster.inventory().manager);
  const std::string token =
      sha256(fmt::format("{}", std::chrono::system_clock::now().time_since_epoch().count()))
          .substr(0, 16);
  (void)on_manager(cluster, "write", token);
  std::map<std::string, Job> jobs;
  for (const std::string& host : others)
    jobs.emplace(host, proof_job(cluster, "answer", token, host));
  std::set<std::string> answered;
  for (const auto& [host, result] : cluster.run_jobs(std::move(jobs))) {
    if (result.exit_status == 0) {
      answered.insert(host);
    } else {
      cluster.fail(host,
                   not_shared(cluster, "does not see what the manager writes", complaint(result)));
    }
  }
  std::istringstream lines(on_manager(cluster, "collect", token));
  for (std::string host; std::getline(lines, host);) answered.erase(host);
  for (const std::string& host : answered)
    cluster.fail(host, not_shared(cluster, "what it writes does not reach the manager", ""));
}

}  // namespace

void check_consent(const Inventory& inventory, const FormatConsent& consent) {
  if (!inventory.storage) {
    throw Error(ExitCode::usage, "the inventory has no [storage]",
                "say there which directory the hosts share: directory = \"/shared\"");
  }
  const StorageSettings& storage = *inventory.storage;
  if (consent.device.empty()) {
    if (!consent.wipe) return;
    throw Error(ExitCode::usage, "--wipe says nothing without --yes-format",
                "name the device whose content may be lost: --yes-format /dev/sdX --wipe");
  }
  if (consent.device != storage.device) {
    throw Error(ExitCode::usage,
                fmt::format("--yes-format names {}, but {}", consent.device,
                            storage.device.empty()
                                ? "[storage] has no device"
                                : fmt::format("the device of [storage] is {}", storage.device)),
                "the inventory and the command line are to name the same device");
  }
  if (!storage.format) {
    throw Error(ExitCode::usage,
                fmt::format("[storage] does not allow to format {}", storage.device),
                "write format = true there, or leave --yes-format out");
  }
}

StorageStep::StorageStep(const Inventory& inventory, FormatConsent consent)
    : consent_(std::move(consent)), install_(storage_playbook(inventory)) {
  check_consent(inventory, consent_);
  directory_ = inventory.storage->directory;
}

std::string StorageStep::title() const {
  return fmt::format("{} on every host", directory_);
}

std::vector<Change> StorageStep::plan(Cluster& cluster) {
  auto plans = examine(cluster, consent_);
  cluster.require_manager();
  const std::vector<Change> installs = install_.plan(cluster);
  std::vector<Change> changes;
  for (const std::string& host : cluster.active()) {
    for (std::string& what : plans[host]) changes.push_back({host, std::move(what)});
    std::ranges::copy_if(installs, std::back_inserter(changes),
                         [&](const Change& change) { return change.host == host; });
  }
  return changes;
}

std::string StorageStep::apply(Cluster& cluster, const std::vector<Change>& changes) {
  const bool formats = std::ranges::any_of(
      changes, [](const Change& change) { return change.what.starts_with("format "); });
  if (formats) format_device(cluster, consent_);
  (void)install_.apply(cluster, changes);
  cluster.require_manager();
  prove(cluster);
  return fmt::format("{} is the same on {} host{}", directory_, cluster.active().size(),
                     cluster.active().size() == 1 ? "" : "s");
}

}  // namespace clustermpi
