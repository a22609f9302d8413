#include "hosts/slurm_checks.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <set>
#include <sstream>

#include "hosts/hostlist.hpp"

namespace clustermpi {

namespace {

using Unit = SlurmNodeAnswer::Unit;

Verdict verdict_on(const std::string& check) {
  Verdict verdict;
  verdict.program = check;
  verdict.via = "slurm";
  return verdict;
}

/// `passed` is the summary where the verdict speaks against nobody.
Verdict closed(Verdict verdict, const std::string& passed) {
  verdict.ok = verdict.hosts.empty() && verdict.summary.empty();
  if (verdict.ok) verdict.summary = passed;
  return verdict;
}

std::string count_of(std::size_t count, std::string_view what) {
  return fmt::format("{} {}{}", count, what, count == 1 ? "" : "s");
}

Unit parse_unit(const std::string& text) {
  std::istringstream words(text);
  Unit unit;
  words >> unit.name;
  for (std::string word; words >> word;) {
    const std::size_t equals = word.find('=');
    if (equals != std::string::npos) unit.states[word.substr(0, equals)] = word.substr(equals + 1);
  }
  return unit;
}

std::string state_of(const Unit& unit, const std::string& key) {
  const auto found = unit.states.find(key);
  return found == unit.states.end() ? "" : found->second;
}

/// What is wrong with a daemon; empty where it runs.
std::string unit_fault(const Unit& unit) {
  const std::string active = state_of(unit, "ActiveState");
  if (active == "active") return {};
  if (state_of(unit, "LoadState") == "not-found")
    return fmt::format("{} is not installed: `clustermpi install slurm` installs it", unit.name);
  // An unmet condition is no failure to systemd. Where none was tested, it says no as well.
  const bool tested = state_of(unit, "ConditionTimestampMonotonic") != "0";
  if (active == "inactive" && state_of(unit, "ConditionResult") == "no" && tested) {
    return fmt::format(
        "{} was not started, since it starts only where /etc/slurm has its files: `clustermpi "
        "install slurm` writes them",
        unit.name);
  }
  if (active == "failed") {
    return fmt::format(
        "{} failed ({}): `sudo journalctl -u {}` there says why; `clustermpi install slurm` "
        "starts it",
        unit.name, state_of(unit, "Result"), unit.name);
  }
  return fmt::format("{} does not run ({}): `clustermpi install slurm` starts it", unit.name,
                     active.empty() ? "systemd does not say" : active);
}

/// What unmunge's words mean, for a host and the manager.
std::string munge_fault(const std::string& said, const std::string& manager) {
  const auto says = [&](std::string_view what) { return said.find(what) != std::string::npos; };
  if (says("Invalid credential")) {
    return fmt::format(
        "its munge key is not that of {} (Invalid credential): `clustermpi install slurm` puts the "
        "key right and restarts munge",
        manager);
  }
  if (says("Expired credential") || says("Rewound credential")) {
    return fmt::format(
        "its clock and that of {} are more than five minutes apart ({} credential): `timedatectl` "
        "on both shows which is wrong; `clustermpi up` sets time synchronization up",
        manager, says("Expired") ? "Expired" : "Rewound");
  }
  return fmt::format("munge there and on {} do not understand each other: {}", manager, said);
}

/// What is wrong with a node that takes no jobs, and the cure.
std::string node_fault(const SlurmNode& node, const std::string& host, const std::string& manager) {
  const std::string resume = fmt::format(
      "`sudo scontrol update nodename={} state=resume` on {} puts it back", host, manager);
  const std::string reason = node.reason.empty() ? "no reason given" : node.reason;
  const bool silent = node.marks.find('*') != std::string::npos;
  if (use_of(node) == NodeUse::settling)
    return fmt::format("is still {} for Slurm: does slurmd run there?", node.state);
  if (node.state == "inval" || node.reason.starts_with("Low ")) {
    return fmt::format(
        "is {} ({}): it has less than slurm.conf says; `clustermpi install slurm` writes what it "
        "has now, then {}",
        node.state, reason, resume);
  }
  if (node.state.starts_with("drain")) {
    return fmt::format("is {} by {} ({}): once that is put right, {}", node.state,
                       node.who.empty() ? "somebody" : node.who, reason, resume);
  }
  if (silent) {
    return fmt::format(
        "is {} and does not respond{}: `clustermpi install slurm` starts slurmd there; is port "
        "6818 "
        "open to {}?",
        node.state, node.reason.empty() ? "" : fmt::format(" ({})", node.reason), manager);
  }
  return fmt::format("is {} ({}): once that is put right, {}", node.state, reason, resume);
}

std::string one_line(std::string text) {
  while (!text.empty() && (text.back() == '\n' || text.back() == ' ')) text.pop_back();
  std::ranges::replace(text, '\n', ' ');
  return text;
}

/// The first line that is not one of those that srun tells of its turn in the queue.
std::string complaint(const std::string& text) {
  std::istringstream lines(text);
  std::string last;
  for (std::string line; std::getline(lines, line);) {
    if (line.find("queued and waiting") != std::string::npos ||
        line.find("has been allocated") != std::string::npos ||
        line.find("Submitted batch job") != std::string::npos ||
        line.find_first_not_of(" \t\r") == std::string::npos)
      continue;
    if (line.find("error") != std::string::npos) return line;
    if (last.empty()) last = line;
  }
  return last;
}

/// How a command ended that was to succeed; empty where it did.
std::string command_fault(const SlurmCommand& command) {
  if (command.timed_out) return fmt::format("did not end within {:.0f} s", command.seconds);
  if (command.exit_status == 0) return {};
  const std::string said = complaint(command.err);
  return fmt::format("ended with status {}{}{}", command.exit_status, said.empty() ? "" : ": ",
                     said);
}

}  // namespace

SlurmNodeAnswer parse_slurm_node(std::string_view text) {
  SlurmNodeAnswer answer;
  std::istringstream lines{std::string(text)};
  for (std::string line; std::getline(lines, line);) {
    const std::size_t equals = line.find('=');
    if (equals == std::string::npos) continue;
    const std::string key = line.substr(0, equals);
    const std::string value = line.substr(equals + 1);
    if (key == "unit") answer.units.push_back(parse_unit(value));
    if (key == "credential") answer.credential = value;
    if (key == "said") answer.said = value;
  }
  return answer;
}

Verdict judge_daemons(const SlurmNodeAnswers& answers) {
  Verdict verdict = verdict_on("daemons");
  std::map<std::string, std::vector<std::string>> hosts_of;
  for (const auto& [host, answer] : answers) {
    std::string faults;
    for (const Unit& unit : answer.units) {
      hosts_of[unit.name].push_back(host);
      const std::string fault = unit_fault(unit);
      if (!fault.empty()) faults += (faults.empty() ? "" : "; ") + fault;
    }
    if (answer.units.empty()) faults = "did not say whether Slurm's daemons run";
    if (!faults.empty()) verdict.hosts[host] = faults;
  }
  std::string passed;
  for (const auto& [unit, hosts] : hosts_of)
    passed += fmt::format("{}{} on {}", passed.empty() ? "" : ", ", unit, fold_hostlist(hosts));
  return closed(std::move(verdict), passed);
}

Verdict judge_munge(const std::string& manager, const Decodings& at_hosts,
                    const Decodings& at_manager) {
  Verdict verdict = verdict_on("munge");
  Decodings refused;
  std::set<std::string> others;
  for (const Decodings* decodings : {&at_hosts, &at_manager}) {
    for (const auto& [host, said] : *decodings) {
      if (host != manager) others.insert(host);
      if (!said.empty()) refused.emplace(host, said);
    }
  }
  const bool all_alike = std::ranges::all_of(refused, [&](const auto& each) {
    return each.second == refused.begin()->second && each.first != manager;
  });
  if (others.size() > 1 && refused.size() == others.size() && all_alike) {
    // The one that nobody agrees with is the one that is wrong.
    verdict.hosts[manager] = munge_fault(refused.begin()->second, "all other hosts");
  } else {
    for (const auto& [host, said] : refused) verdict.hosts[host] = munge_fault(said, manager);
  }
  return closed(std::move(verdict),
                others.empty() ? fmt::format("{} decodes what it encodes", manager)
                               : fmt::format("{} and {} decode each other's credentials", manager,
                                             count_of(others.size(), "other host")));
}

Verdict judge_controller(const std::string& manager, const SlurmState& state) {
  Verdict verdict = verdict_on("controller");
  if (!state.installed) {
    verdict.hosts[manager] = "has no Slurm: `clustermpi install slurm` installs it";
  } else if (!state.up) {
    verdict.hosts[manager] = fmt::format(
        "slurmctld does not answer ({}): `clustermpi install slurm` starts it; `sudo "
        "journalctl -u slurmctld` there says why it ended",
        state.trouble);
  } else if (state.nodes.empty()) {
    verdict.hosts[manager] = fmt::format("slurmctld tells of no nodes: {}", state.trouble);
  }
  return closed(std::move(verdict), fmt::format("slurmctld on {} answers", manager));
}

bool settled(const SlurmState& state, const std::vector<std::string>& hosts) {
  return std::ranges::all_of(hosts, [&](const std::string& host) {
    const auto node = state.nodes.find(host);
    if (node == state.nodes.end()) return true;
    // A node that just came up is "not responding" until its first report.
    const bool silent = node->second.marks.find('*') != std::string::npos;
    return use_of(node->second) != NodeUse::settling && !silent &&
           node->second.state != "completing";
  });
}

Verdict judge_nodes(const std::string& manager, const SlurmState& state,
                    const std::vector<std::string>& hosts) {
  Verdict verdict = verdict_on("nodes");
  unsigned idle = 0;
  for (const std::string& host : hosts) {
    const auto node = state.nodes.find(host);
    if (node == state.nodes.end()) {
      verdict.hosts[host] = "is no node of Slurm's: `clustermpi install slurm` makes it one";
      continue;
    }
    const NodeUse use = use_of(node->second);
    if (use == NodeUse::idle) ++idle;
    if (use == NodeUse::out || use == NodeUse::settling)
      verdict.hosts[host] = node_fault(node->second, host, manager);
  }
  if (idle == hosts.size())
    return closed(std::move(verdict), fmt::format("{} idle", count_of(idle, "node")));
  const std::string jobs = jobs_text(state);
  return closed(std::move(verdict),
                fmt::format("{} of {} idle; {}", idle, count_of(hosts.size(), "node"),
                            jobs.empty() ? "the others end a job" : "there is " + jobs));
}

Verdict judge_srun(const SlurmCommand& srun, const std::vector<std::string>& hosts,
                   const std::map<std::string, std::string>& host_of) {
  Verdict verdict = verdict_on("srun");
  verdict.seconds = srun.seconds;
  verdict.summary = command_fault(srun);
  std::set<std::string> seen;
  std::istringstream lines(srun.out);
  for (std::string line; std::getline(lines, line);) {
    const auto name = host_of.find(line.substr(0, line.find('.')));
    if (name != host_of.end()) seen.insert(name->second);
  }
  // Where nothing started anywhere, the command's own words say more than all hosts' names.
  for (const std::string& host : hosts) {
    if (!seen.contains(host) && (verdict.summary.empty() || !seen.empty()))
      verdict.hosts[host] = "srun started nothing there";
  }
  return closed(std::move(verdict), fmt::format("hostname on {}", count_of(hosts.size(), "node")));
}

Verdict judge_batch(const SlurmCommand& batch, const std::string& printed) {
  Verdict verdict = verdict_on("batch");
  verdict.seconds = batch.seconds;
  verdict.summary = command_fault(batch);
  if (verdict.summary.empty() && batch.out.find(printed) == std::string::npos)
    verdict.summary = "the batch job ended, but what it printed did not come back";
  return closed(std::move(verdict), "a batch job ended, and its output came back");
}

Verdict judge_refusal(const SlurmCommand& sbatch, unsigned nodes) {
  Verdict verdict = verdict_on("refusal");
  verdict.seconds = sbatch.seconds;
  const std::string said = complaint(sbatch.err);
  if (sbatch.timed_out) {
    verdict.summary = command_fault(sbatch);
  } else if (sbatch.exit_status == 0) {
    verdict.summary =
        fmt::format("a job for {} nodes was not refused, and there are {}", nodes, nodes - 1);
  } else if (said.find("node") == std::string::npos && said.find("Node") == std::string::npos) {
    verdict.summary = fmt::format("refused, but not for its size: {}", said);
  }
  return closed(std::move(verdict),
                fmt::format("a job for {} is refused at once: {}", count_of(nodes, "node"), said));
}

Verdict judge_cancel(const SlurmCommand& cancel, const std::vector<std::string>& hosts,
                     const std::map<std::string, unsigned>& left) {
  Verdict verdict = verdict_on("cancel");
  verdict.seconds = cancel.seconds;
  const auto says = [&](const std::string& line) {
    return cancel.out.find(line + "\n") != std::string::npos;
  };
  verdict.summary = command_fault(cancel);
  if (verdict.summary.empty() && !says("ended=1")) {
    const std::size_t said = cancel.out.find("said=");
    verdict.summary = fmt::format(
        "{}{}",
        says(fmt::format("begun={}", hosts.size())) ? "the cancelled job did not end"
                                                    : "the job to be cancelled did not start",
        said == std::string::npos ? "" : ": " + one_line(cancel.out.substr(said + 5)));
  }
  for (const std::string& host : hosts) {
    const auto count = left.find(host);
    if (count == left.end()) {
      verdict.hosts[host] = "did not say whether a process of the cancelled job is left";
    } else if (count->second > 0) {
      verdict.hosts[host] = fmt::format(
          "of the cancelled job {} left after ten seconds: does ProctrackType in slurm.conf fit?",
          count->second == 1 ? "a process is" : fmt::format("{} processes are", count->second));
    }
  }
  return closed(std::move(verdict), fmt::format("a cancelled job left no process on {}",
                                                count_of(hosts.size(), "node")));
}

}  // namespace clustermpi
