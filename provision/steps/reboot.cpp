#include "provision/steps/reboot.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <thread>

#include "hosts/hostlist.hpp"
#include "hosts/kernel_memory.hpp"
#include "hosts/names.hpp"
#include "provision/files.hpp"
#include "provision/launch/slurm.hpp"
#include "provision/privileges.hpp"
#include "provision/remote_scripts.hpp"
#include "provision/steps/discover.hpp"
#include "provision/steps/slurm_nodes.hpp"

namespace clustermpi {

namespace {

using namespace std::chrono_literals;
using Clock = std::chrono::steady_clock;

constexpr auto return_time = 300s;  // a board with a slow card that checks its file system first
constexpr auto settling_time = 60s;
constexpr auto polling_time = 1s;

std::optional<std::string> written_in_boot(Cluster& cluster, const std::string& host) {
  return cluster.states[host]["kernel"].inputs;
}

KernelMemory kernel_memory_of(Cluster& cluster, const std::string& host) {
  return kernel_memory(cluster.inventory(), host, cluster.facts.at(host),
                       written_in_boot(cluster, host));
}

/// Nobody may take it for granted that the word helped.
void warn_of_useless_word(Cluster& cluster, const std::string& host) {
  const Facts& facts = cluster.facts.at(host);
  const KernelMemory state = kernel_memory_of(cluster, host);
  if (state == KernelMemory::refused) {
    cluster.warn(
        fmt::format("its kernel {} still has no memory controller, although {} is in {} and it "
                    "was started since. So Slurm looks at the memory of all jobs every 30 s and "
                    "ends those that took too much, where a kernel would not let them. A newer "
                    "kernel may have it; there: sudo apt update && sudo apt full-upgrade, then "
                    "sudo reboot",
                    facts.kernel, memory_word, facts.boot_line_file),
        host);
  }
  if (state == KernelMemory::reboot_by_user) {
    cluster.warn(fmt::format("{} is in {}, but the kernel that runs was not started with it. "
                             "clustermpi did not write it there and does not reboot for it: sudo "
                             "reboot there, then run the same command again",
                             memory_word, facts.boot_line_file),
                 host);
  }
}

bool is_this_machine(const Facts& facts) {
  const auto id = read_file_if_exists("/proc/sys/kernel/random/boot_id");
  return id && !facts.boot_id.empty() && id->starts_with(facts.boot_id);
}

bool is_in_slurm(Cluster& cluster, const std::string& host) {
  return cluster.states[host]["slurm"].inputs.has_value();
}

/// What Slurm calls a host.
std::string node_of(const std::string& host) {
  return std::string(short_name(host));
}

std::vector<std::string> nodes_of(const std::vector<std::string>& hosts) {
  std::vector<std::string> nodes;
  for (const std::string& host : hosts) nodes.push_back(node_of(host));
  return nodes;
}

/// Jobs that would end with `host`. What srun and salloc started hangs on the manager, wherever its
/// tasks run.
SlurmState jobs_that_need(const Cluster& cluster, const SlurmState& slurm,
                          const std::string& host) {
  return host == cluster.inventory().manager ? slurm : jobs_on(slurm, {node_of(host)});
}

/// Those of `hosts` on which no job of Slurm's would end; the others are named.
std::vector<std::string> without_jobs(Cluster& cluster, const std::vector<std::string>& hosts) {
  std::vector<std::string> free;
  std::optional<SlurmState> slurm;
  for (const std::string& host : hosts) {
    if (!is_in_slurm(cluster, host)) {
      free.push_back(host);
      continue;
    }
    if (!slurm) slurm = ask_slurm(cluster);
    if (!slurm->up) {
      cluster.warn(
          "is not rebooted: Slurm does not answer, so nobody can say whether jobs run "
          "there. Run the same command again",
          host);
    } else if (const SlurmState jobs = jobs_that_need(cluster, *slurm, host); !jobs.jobs.empty()) {
      cluster.warn(fmt::format("is not rebooted while jobs run: {}. Run the same command again "
                               "when they have ended",
                               jobs_text(jobs)),
                   host);
    } else {
      free.push_back(host);
    }
  }
  return free;
}

/// One script as root on each of `hosts`, by host; who could not be reached is failed.
std::map<std::string, Job> root_jobs(const Cluster& cluster, const std::vector<std::string>& hosts,
                                     const std::function<std::string(const std::string&)>& script) {
  std::map<std::string, Job> jobs;
  for (const std::string& host : hosts) {
    Job job;
    job.command = "sh -s";
    job.timeout = 60s;
    job.input = std::make_shared<const std::string>(script(host));
    become_root(job, cluster, host);
    jobs.emplace(host, std::move(job));
  }
  return jobs;
}

/// Hosts whose boot loader asks the next kernel for it now. That it cannot be asked is no reason to
/// do without the node.
std::vector<std::string> write_word(Cluster& cluster, const std::vector<std::string>& hosts) {
  const auto script = [&](const std::string& host) {
    return fmt::format("file={}\n{}", shell_quote(cluster.facts.at(host).boot_line_file),
                       remote::kernel_line);
  };
  std::vector<std::string> written;
  for (const auto& [host, result] : cluster.run_jobs(root_jobs(cluster, hosts, script))) {
    if (result.exit_status == 0) {
      written.push_back(host);
      cluster.facts[host].boot_line_has_word = true;
      cluster.states[host]["kernel"].inputs = cluster.facts[host].boot_id;
    } else {
      cluster.warn(fmt::format("its kernel cannot be asked to limit memory: {}. Put that right and "
                               "run the same command again",
                               printable(result.err)),
                   host);
    }
  }
  return written;
}

/// Those of `hosts` that Slurm would give jobs, which it does no more.
std::vector<std::string> drain(Cluster& cluster, const std::vector<std::string>& hosts) {
  if (std::ranges::none_of(hosts, [&](const auto& host) { return is_in_slurm(cluster, host); }))
    return {};
  const SlurmState slurm = ask_slurm(cluster);
  std::vector<std::string> drained;
  for (const std::string& host : hosts) {
    const auto node = slurm.nodes.find(node_of(host));
    if (node != slurm.nodes.end() && use_of(node->second) != NodeUse::out) drained.push_back(host);
  }
  if (!drained.empty())
    update_nodes(cluster, nodes_of(drained),
                 fmt::format("state=drain reason='{}'", reason_of_reboot));
  return drained;
}

/// Hosts that said that they go down now.
std::vector<std::string> send_down(Cluster& cluster, const std::vector<std::string>& hosts) {
  const auto script = [](const std::string&) { return std::string(remote::reboot); };
  std::vector<std::string> going;
  for (const auto& [host, result] : cluster.run_jobs(root_jobs(cluster, hosts, script))) {
    const std::string said = printable(result.out);
    if (said.starts_with("rebooting")) {
      going.push_back(host);
    } else if (said.starts_with("busy=")) {
      cluster.warn(fmt::format("is not rebooted while an MPI job runs there ({}). Run the same "
                               "command again when it has ended",
                               said.substr(5, said.find('\n') - 5)),
                   host);
    } else {
      cluster.fail(
          host, {"reboot_failed", fmt::format("it cannot be rebooted: {}", printable(result.err)),
                 "there: sudo reboot, then run the same command again"});
    }
  }
  return going;
}

/// Waits until hosts are back from their reboot.
class Return {
 public:
  Return(Cluster& cluster, const std::vector<std::string>& hosts) : cluster_(cluster) {
    for (const std::string& host : hosts) missing_[host] = "it still runs as before";
  }

  /// Those that came back; the others are failed.
  std::vector<std::string> wait() {
    const auto asked = cluster_.options().timeout;
    const std::chrono::milliseconds limit = asked.count() > 0 ? asked : return_time;
    while (!missing_.empty()) {
      std::this_thread::sleep_for(polling_time);
      cluster_.throw_if_cancelled();
      knock();
      const auto waited = Clock::now() - begin_;
      if (waited > limit) give_up(limit);
      for (const auto& [host, why] : missing_) {
        cluster_.progress(
            host, fmt::format("rebooting, {} s",
                              std::chrono::duration_cast<std::chrono::seconds>(waited).count()));
      }
    }
    return back_;
  }

 private:
  /// By sessions of its own each time: those from before may not have learned that they are dead.
  void knock() {
    const auto fleet = cluster_.fleet_with({});
    std::map<std::string, Job> jobs;
    for (const auto& [host, why] : missing_) {
      jobs[host].command = "cat /proc/sys/kernel/random/boot_id";
      jobs[host].timeout = 10s;
    }
    for (const auto& [host, result] : cluster_.attempt(*fleet, std::move(jobs))) {
      const std::string id = result.out.substr(0, result.out.find('\n'));
      if (result.error) {
        missing_[host] = result.error->message;
      } else if (result.ok() && !id.empty() && id != cluster_.facts.at(host).boot_id) {
        missing_.erase(host);
        back_.push_back(host);
      }
    }
  }

  void give_up(std::chrono::milliseconds limit) {
    for (const auto& [host, why] : missing_) {
      const std::string& file = cluster_.facts.at(host).boot_line_file;
      cluster_.fail(
          host,
          {"reboot_timeout",
           fmt::format("did not come back within {} s of its reboot: {}",
                       std::chrono::duration_cast<std::chrono::seconds>(limit).count(), why),
           fmt::format("look at its power and its screen. Should it not start any more: {} is as "
                       "it was in {}.before-clustermpi. When it answers, run the same command "
                       "again",
                       file, file)});
    }
    missing_.clear();
  }

  Cluster& cluster_;
  std::map<std::string, std::string> missing_;  // host -> why it is not back yet
  std::vector<std::string> back_;
  Clock::time_point begin_ = Clock::now();
};

/// Puts hosts back to work that drain() took out, and waits until Slurm has heard of them.
void resume(Cluster& cluster, const std::vector<std::string>& hosts) {
  if (hosts.empty()) return;
  const std::vector<std::string> nodes = nodes_of(hosts);
  bool resumed = false;
  for (const auto end = Clock::now() + settling_time; Clock::now() < end;) {
    const SlurmState slurm = ask_slurm(cluster);  // a manager that just started has none at first
    if (slurm.up && !resumed) {
      update_nodes(cluster, nodes, "state=resume");
      resumed = true;
    } else if (slurm.up && std::ranges::all_of(nodes, [&](const std::string& node) {
                 const auto known = slurm.nodes.find(node);
                 if (known == slurm.nodes.end()) return true;
                 const NodeUse use = use_of(known->second);
                 return use == NodeUse::idle || use == NodeUse::busy;
               })) {
      return;
    }
    cluster.progress(cluster.inventory().manager,
                     fmt::format("waiting for {} to report", fold_hostlist(nodes)));
    std::this_thread::sleep_for(polling_time);
    cluster.throw_if_cancelled();
  }
  cluster.warn(fmt::format("Slurm has not heard of {} since the reboot", fold_hostlist(nodes)));
}

/// Starts `hosts` anew, where no job would end, and waits for them. Returns those that are back.
std::vector<std::string> reboot(Cluster& cluster, const std::vector<std::string>& hosts) {
  const std::vector<std::string> drained = drain(cluster, hosts);
  // A job may have begun before that.
  const std::vector<std::string> going = send_down(cluster, without_jobs(cluster, hosts));
  const std::vector<std::string> back = Return(cluster, going).wait();
  if (!going.empty()) cluster.reconnect();
  cluster.require_manager();
  std::vector<std::string> resumable = drained;
  std::erase_if(resumable, [&](const std::string& host) { return !cluster.is_active(host); });
  resume(cluster, resumable);
  return back;
}

}  // namespace

std::vector<Change> RebootStep::plan(Cluster& cluster) {
  to_ask_.clear();
  std::vector<Change> changes;
  std::vector<std::string> due;
  for (const std::string& host : cluster.active()) {
    const KernelMemory state = kernel_memory_of(cluster, host);
    if (state == KernelMemory::word_missing) {
      to_ask_.push_back(host);
      changes.push_back({host, fmt::format("add {} to the kernel's line in {}", memory_word,
                                           cluster.facts.at(host).boot_line_file)});
    }
    if (state == KernelMemory::word_missing || state == KernelMemory::reboot_due)
      due.push_back(host);
    warn_of_useless_word(cluster, host);
  }
  to_reboot_ = fit_for_reboot(cluster, due);
  for (const std::string& host : to_reboot_)
    changes.push_back({host, "reboot, for its kernel to limit memory"});
  return changes;
}

/// Those of the hosts that are due which can be started anew now; the others are named.
std::vector<std::string> RebootStep::fit_for_reboot(Cluster& cluster,
                                                    const std::vector<std::string>& due) const {
  std::vector<std::string> fit;
  for (const std::string& host : due) {
    if (!may_reboot_) {
      cluster.warn(
          "needs a reboot for its kernel to limit memory: sudo reboot there, then run the "
          "same command again",
          host);
    } else if (is_this_machine(cluster.facts.at(host))) {
      cluster.warn(
          "needs a reboot for its kernel to limit memory, but this program runs on it: "
          "sudo reboot, then run the same command again",
          host);
    } else {
      fit.push_back(host);
    }
  }
  return without_jobs(cluster, fit);
}

std::string RebootStep::apply(Cluster& cluster, const std::vector<Change>&) {
  const std::vector<std::string> asked = write_word(cluster, to_ask_);
  std::vector<std::string> going = to_reboot_;
  std::erase_if(going, [&](const std::string& host) {
    const bool has_word = std::ranges::find(to_ask_, host) == to_ask_.end() ||
                          std::ranges::find(asked, host) != asked.end();
    return !has_word || !cluster.is_active(host);
  });
  const std::size_t failed_before = cluster.failures().size();
  std::vector<std::string> back;
  for (const auto& batch : reboot_batches(going, cluster.inventory().manager)) {
    if (cluster.failures().size() > failed_before) {
      cluster.warn(
          fmt::format("{} not rebooted, since another host did not come back",
                      batch.size() == 1 ? batch.front() + " is" : fold_hostlist(batch) + " are"));
      continue;
    }
    const std::vector<std::string> returned = reboot(cluster, batch);
    back.insert(back.end(), returned.begin(), returned.end());
  }
  renew_facts(cluster, back);
  for (const std::string& host : back)
    if (cluster.is_active(host)) warn_of_useless_word(cluster, host);
  return to_reboot_.empty()
             ? fmt::format("{} of {} kernel lines written", asked.size(), to_ask_.size())
             : fmt::format("{} of {} hosts rebooted", back.size(), to_reboot_.size());
}

}  // namespace clustermpi
