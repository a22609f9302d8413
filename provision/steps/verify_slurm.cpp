#include "provision/steps/verify_slurm.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <random>
#include <sstream>
#include <thread>

#include "hosts/slurm_checks.hpp"
#include "provision/launch/slurm.hpp"
#include "provision/launcher.hpp"
#include "provision/remote_scripts.hpp"

namespace clustermpi {

namespace {

using namespace std::chrono_literals;

constexpr auto states_settle_within = 10s;  ///< after daemons were started
constexpr auto small_job_timeout = 60s;

double seconds_since(std::chrono::steady_clock::time_point start) {
  return std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
}

std::string script_command(std::string_view script, const std::vector<std::string>& arguments) {
  std::string command = fmt::format("sh -c {} sh", shell_quote(script));
  for (const std::string& argument : arguments) command += " " + shell_quote(argument);
  return command;
}

Job script_job(std::string_view script, const std::vector<std::string>& arguments,
               std::chrono::milliseconds timeout) {
  Job job;
  job.command = script_command(script, arguments);
  job.timeout = timeout;
  return job;
}

SlurmCommand slurm_command(const Result& result) {
  SlurmCommand command;
  command.exit_status = result.exit_status;
  command.timed_out = result.error && result.error->code == "timeout";
  command.out = printable(result.out);
  command.err = result.error && !command.timed_out ? result.error->message : printable(result.err);
  command.seconds = std::chrono::duration<double>(result.elapsed).count();
  return command;
}

class SlurmChecks {
 public:
  explicit SlurmChecks(Cluster& cluster)
      : cluster_(cluster), manager_(cluster.inventory().manager) {
    for (const std::string& host : cluster.active()) {
      if (host != manager_ || cluster.inventory().manager_computes) nodes_.push_back(host);
    }
  }

  SlurmProof run() {
    cluster_.progress(manager_, "Slurm's own parts");
    const bool daemons_run = daemons();
    const bool munge_works = munge();
    const bool nodes_work = controller_and_nodes(daemons_run && munge_works);
    if (!daemons_run || !munge_works || !nodes_work) return SlurmProof::failed;
    if (!state_.jobs.empty()) return SlurmProof::busy;
    bool all_passed = true;
    for (const auto check :
         {&SlurmChecks::srun, &SlurmChecks::batch, &SlurmChecks::refusal, &SlurmChecks::cancel}) {
      all_passed = (this->*check)() && all_passed;
    }
    return all_passed ? SlurmProof::works : SlurmProof::failed;
  }

 private:
  bool take(Verdict verdict, std::chrono::steady_clock::time_point start) {
    verdict.seconds = seconds_since(start);
    const bool ok = verdict.ok;
    take_verdict(cluster_, std::move(verdict));
    cluster_.throw_if_cancelled();
    return ok;
  }

  /// The jobs' results by host; a host that fails is not there, and nobody is set aside for it.
  std::map<std::string, Result> ask(std::map<std::string, Job> jobs) {
    std::vector<std::string> hosts;
    std::vector<Job> list;
    for (auto& [host, job] : jobs) {
      hosts.push_back(host);
      job.host = cluster_.fleet().index_of(host).value();
      list.push_back(std::move(job));
    }
    std::map<std::string, Result> results;
    auto ended = cluster_.fleet().run(std::move(list));
    cluster_.throw_if_cancelled();
    for (std::size_t i = 0; i < hosts.size(); ++i) results.emplace(hosts[i], std::move(ended[i]));
    return results;
  }

  [[nodiscard]] std::vector<std::string> units_of(const std::string& host) const {
    std::vector<std::string> units{"munge"};
    if (std::ranges::find(nodes_, host) != nodes_.end()) units.emplace_back("slurmd");
    if (host != manager_) return units;
    units.emplace_back("slurmctld");
    const auto& settings = cluster_.inventory().slurm;
    if (settings && settings->accounting) units.emplace_back("slurmdbd");
    return units;
  }

  [[nodiscard]] std::vector<std::string> nodes_and_manager() const {
    std::vector<std::string> hosts = nodes_;
    if (std::ranges::find(hosts, manager_) == hosts.end()) hosts.push_back(manager_);
    return hosts;
  }

  bool daemons() {
    const auto start = std::chrono::steady_clock::now();
    std::map<std::string, Job> jobs;
    for (const std::string& host : nodes_and_manager())
      jobs.emplace(host, script_job(remote::slurm_node, units_of(host), 60s));
    for (const auto& [host, result] : ask(std::move(jobs)))
      answers_[host] = parse_slurm_node(printable(result.out));
    return take(judge_daemons(answers_), start);
  }

  /// Each host decodes the manager's credential, and the manager those of all, itself among them.
  bool munge() {
    const auto start = std::chrono::steady_clock::now();
    Decodings at_hosts;
    Decodings at_manager;
    std::string all;
    std::map<std::string, Job> jobs;
    const std::string& managers = answers_[manager_].credential;
    for (const auto& [host, answer] : answers_) {
      if (answer.credential.empty()) {
        at_manager[host] = answer.said.empty() ? "no answer" : answer.said;
        continue;
      }
      all += fmt::format("{} {}\n", host, answer.credential);
      if (host == manager_ || managers.empty()) continue;
      Job job = script_job(remote::slurm_decode, {}, 30s);
      job.input = std::make_shared<const std::string>(fmt::format("{} {}\n", host, managers));
      jobs.emplace(host, std::move(job));
    }
    Job job = script_job(remote::slurm_decode, {}, 60s);
    job.input = std::make_shared<const std::string>(std::move(all));
    jobs.emplace(manager_, std::move(job));
    for (const auto& [host, result] : ask(std::move(jobs))) {
      Decodings& decodings = host == manager_ ? at_manager : at_hosts;
      std::istringstream lines(printable(result.out));
      for (std::string line; std::getline(lines, line);) {
        const std::size_t space = line.find(' ');
        if (space != std::string::npos) decodings[line.substr(0, space)] = line.substr(space + 1);
      }
      if (host != manager_ && !at_hosts.contains(host))
        at_hosts[host] = result.error ? result.error->message : "unmunge gave no answer";
    }
    return take(judge_munge(manager_, at_hosts, at_manager), start);
  }

  /// States settle after daemons were started, so they get the time; not where it is in vain.
  bool controller_and_nodes(bool may_settle) {
    auto start = std::chrono::steady_clock::now();
    state_ = ask_slurm(cluster_);
    if (!take(judge_controller(manager_, state_), start)) return false;
    start = std::chrono::steady_clock::now();
    const auto deadline = start + states_settle_within;
    while (may_settle && !settled(state_, nodes_) && std::chrono::steady_clock::now() < deadline) {
      cluster_.progress(manager_, "waiting for Slurm's nodes");
      std::this_thread::sleep_for(500ms);
      state_ = ask_slurm(cluster_);
    }
    return take(judge_nodes(manager_, state_, nodes_), start);
  }

  [[nodiscard]] SlurmRequest one_task_a_node(const std::string& name) const {
    SlurmRequest request;
    request.name = name;
    request.nodes = nodes_;
    request.ranks = static_cast<unsigned>(nodes_.size());
    request.ranks_per_node = 1;
    request.directory = "/";
    request.partition = common_partition(cluster_.inventory());
    request.patience = turn_comes_within;
    return request;
  }

  SlurmCommand on_manager(Job job) {
    job.host = cluster_.fleet().index_of(manager_).value();
    return slurm_command(cluster_.fleet().run({std::move(job)}).front());
  }

  bool srun() {
    const auto start = std::chrono::steady_clock::now();
    std::string command = "srun --mpi=none";
    for (const std::string& word : slurm_options(one_task_a_node("hostname")))
      command += " " + shell_quote(word);
    Job job;
    job.command = command + " hostname </dev/null";
    job.timeout = small_job_timeout;
    return take(judge_srun(on_manager(std::move(job)), nodes_, names_by_hostname(cluster_)), start);
  }

  bool batch() {
    const auto start = std::chrono::steady_clock::now();
    MpiJob job;
    job.command = {"echo", "a batch job ran"};
    job.via = Via::sbatch;
    job.np = 1;
    job.timeout = small_job_timeout;
    return take(judge_batch(slurm_command(launch(cluster_, job)), "a batch job ran\n"), start);
  }

  bool refusal() {
    const auto start = std::chrono::steady_clock::now();
    const auto too_many = static_cast<unsigned>(state_.nodes.size()) + 1;
    Job job;
    job.command = fmt::format("timeout 10 sbatch --test-only --nodes={} --wrap=true", too_many);
    job.timeout = small_job_timeout;
    return take(judge_refusal(on_manager(std::move(job)), too_many), start);
  }

  bool cancel() {
    const auto start = std::chrono::steady_clock::now();
    // A minute of sleep that no other process asks for.
    const std::string nap = fmt::format("60.{:010}", std::random_device{}());
    const SlurmRequest request = one_task_a_node("cancelled");
    std::vector<std::string> arguments{nap, std::to_string(request.ranks), "--mpi=none"};
    std::ranges::move(slurm_options(request), std::back_inserter(arguments));
    const SlurmCommand cancelled = on_manager(script_job(remote::slurm_cancel, arguments, 90s));
    std::map<std::string, Job> jobs;
    for (const std::string& host : nodes_) {
      Job job = script_job(remote::slurm_left, {}, small_job_timeout);
      job.input = std::make_shared<const std::string>(nap + "\n");
      jobs.emplace(host, std::move(job));
    }
    std::map<std::string, unsigned> left;
    for (const auto& [host, result] : ask(std::move(jobs))) {
      constexpr std::string_view key = "left=";
      if (result.out.starts_with(key))
        left[host] =
            static_cast<unsigned>(std::strtoul(result.out.c_str() + key.size(), nullptr, 10));
    }
    return take(judge_cancel(cancelled, nodes_, left), start);
  }

  Cluster& cluster_;
  const std::string manager_;
  std::vector<std::string> nodes_;  ///< that run slurmd
  SlurmNodeAnswers answers_;
  SlurmState state_;
};

}  // namespace

SlurmProof verify_slurm(Cluster& cluster) {
  return SlurmChecks(cluster).run();
}

void take_verdict(Cluster& cluster, Verdict verdict) {
  const char* outcome = !verdict.ran ? "not run" : verdict.ok ? "passed" : "FAILED";
  cluster.note(fmt::format("{:6} {:10} {}  {} ({:.1f} s)", verdict.via, verdict.program, outcome,
                           printable(verdict.summary), verdict.seconds));
  for (const auto& [host, problem] : verdict.hosts) cluster.detail(printable(problem), host);
  cluster.verdicts.push_back(std::move(verdict));
}

std::map<std::string, std::string> names_by_hostname(const Cluster& cluster) {
  std::map<std::string, std::string> names;
  for (const auto& [host, facts] : cluster.facts) names[facts.hostname] = host;
  return names;
}

}  // namespace clustermpi
