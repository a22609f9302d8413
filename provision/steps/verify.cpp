#include "provision/steps/verify.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <sstream>

#include "provision/launch/slurm.hpp"
#include "provision/launcher.hpp"
#include "provision/output_lines.hpp"
#include "provision/steps/distribute.hpp"
#include "provision/steps/install_python.hpp"

namespace clustermpi {

namespace {

using namespace std::chrono_literals;

constexpr auto default_timeout = 60s;

bool is_pythons(const std::string& program) {
  return std::ranges::find(python_programs(), program) != python_programs().end();
}

std::vector<std::string> command_of(const Cluster& cluster, const std::string& program) {
  // Enough to tell a slow link, and soon over where all are slow; a busy host has time to answer.
  if (program == "links")
    return {program_path(cluster, program), "--size", "262144", "--deadline", "8"};
  if (!is_pythons(program)) return {program_path(cluster, program)};
  std::vector<std::string> words{venv_python(cluster), "-m", "mpi4py.bench", program};
  if (program == "ringtest") words.insert(words.end(), {"--loop", "10"});
  return words;
}

/// What links needs: its other ranks would only wait, each on a core that a measuring one may need.
PlacementRequest one_rank_a_host() {
  PlacementRequest places;
  places.policy = Policy::by_core;
  places.per_node = 1;
  return places;
}

ProgramRun run_program(Cluster& cluster, const std::string& program, Via via) {
  ProgramRun run;
  run.program = program;
  run.via = name_of(via);
  MpiJob job;
  job.command = command_of(cluster, program);
  job.via = via;
  if (program == "links" && via == Via::mpirun) job.places = one_rank_a_host();
  job.patience = turn_comes_within;
  // Idle ranks give their core away: nodes may share one machine, and a rank that spins while it
  // waits would take the time of the one it waits for. MPICH's do so unasked.
  job.environment = {{"OMPI_MCA_mpi_yield_when_idle", "1"}};
  job.timeout = cluster.options().timeout.count() > 0 ? cluster.options().timeout : default_timeout;
  const Result result = launch(cluster, job);
  cluster.throw_if_cancelled();
  run.exit_status = result.exit_status;
  run.out = printable(result.out);
  run.err = printable(result.err);
  run.timed_out = result.error && result.error->code == "timeout";
  if (result.error && !run.timed_out) run.err = result.error->message;
  run.seconds = std::chrono::duration<double>(result.elapsed).count();
  return run;
}

/// Runs it again where crashed_at_its_start(), which is a fault of Open MPI's alone: that it needed
/// another try is said.
ProgramRun run_program_fairly(Cluster& cluster, const std::string& program, Via via) {
  constexpr int most_tries = 5;  // one in five of them crashes on a machine that is busy throughout
  const bool faulty = cluster.inventory().mpi == MpiImplementation::openmpi;
  ProgramRun run = run_program(cluster, program, via);
  for (int tries = 1; tries < most_tries && faulty && crashed_at_its_start(run); ++tries) {
    cluster.warn(
        fmt::format("{} by {} crashed at its start, a rare fault of Open MPI's on busy "
                    "processors: it gets another try",
                    program, name_of(via)));
    run = run_program(cluster, program, via);
  }
  return run;
}

/// Which hosts the manager cannot start a process on: what mpirun needs, tried one by one.
std::map<std::string, std::string> unreachable_from_manager(Cluster& cluster,
                                                            const std::vector<NodeSlots>& nodes) {
  std::string script;
  for (const NodeSlots& node : nodes) {
    if (node.host == cluster.inventory().manager) continue;
    script += fmt::format(
        "(said=$(ssh -o BatchMode=yes -o ConnectTimeout=5 {0} true 2>&1 </dev/null) || "
        "echo \"{0} $(echo \"$said\" | tail -n 1)\") &\n",
        node.host);
  }
  Job job;
  job.command = "sh -s";
  job.input = std::make_shared<const std::string>(script + "wait\n");
  job.timeout = 20s;
  std::map<std::string, std::string> unreachable;
  std::map<std::string, Job> jobs;
  jobs.emplace(cluster.inventory().manager, std::move(job));
  for (const auto& [manager, result] : cluster.run_jobs(std::move(jobs))) {
    std::istringstream lines(result.out);
    for (std::string line; std::getline(lines, line);) {
      if (!line.empty() && line.back() == '\r') line.pop_back();  // ssh ends its lines with it
      const std::size_t space = line.find(' ');
      unreachable[printable(line.substr(0, space))] =
          fmt::format("{} cannot start a process there: {}", manager,
                      space == std::string::npos ? "" : printable(line.substr(space + 1)));
    }
  }
  return unreachable;
}

/// Ends well on a host where the program can start, else says why it cannot.
std::string check_of(const Cluster& cluster, const std::string& program) {
  if (!is_pythons(program)) {
    const std::string path = program_path(cluster, program);
    return fmt::format("test -x {} || {{ echo {}; false; }}", shell_quote(path),
                       shell_quote("there is no program " + path));
  }
  const std::string python = venv_python(cluster);
  const std::string& venv = cluster.inventory().python->venv;
  return fmt::format(
      "if ! test -x {0}; then echo {1}; false; elif ! {0} -c {2} 2>/dev/null; then echo {3}; "
      "false; "
      "fi",
      shell_quote(python),
      shell_quote(fmt::format(
          "there is no Python environment {}: `clustermpi install python` makes it", venv)),
      shell_quote("import mpi4py; mpi4py.rc.initialize = False; import mpi4py.MPI"),
      shell_quote(fmt::format(
          "mpi4py does not load in {}: `clustermpi install python` puts it right", venv)));
}

/// A failed program does not say whose fault it was: ask each host, from here and, where mpirun
/// goes there by SSH, from the manager.
void find_culprits(Cluster& cluster, const std::vector<NodeSlots>& nodes, Verdict& verdict) {
  std::vector<std::string> hosts;
  for (const NodeSlots& node : nodes) hosts.push_back(node.host);
  std::vector<Job> jobs;
  for (const std::string& host : hosts) {
    Job job;
    job.host = cluster.fleet().index_of(host).value();
    job.command = check_of(cluster, verdict.program);
    job.timeout = is_pythons(verdict.program) ? 20s : 5s;
    jobs.push_back(std::move(job));
  }
  const auto results = cluster.fleet().run(std::move(jobs));
  cluster.throw_if_cancelled();
  bool manager_answers = true;
  for (std::size_t i = 0; i < hosts.size(); ++i) {
    if (results[i].error) {
      verdict.hosts[hosts[i]] = "does not answer: " + results[i].error->message;
      if (hosts[i] == cluster.inventory().manager) manager_answers = false;
    } else if (results[i].exit_status != 0) {
      verdict.hosts[hosts[i]] = printable(last_line(results[i].out));
    }
  }
  if (!manager_answers || verdict.via != name_of(Via::mpirun)) return;
  for (const auto& [host, problem] : unreachable_from_manager(cluster, nodes))
    verdict.hosts.emplace(host, problem);
}

/// What pi tells beside its proof is what Policy::weighted goes by. Hosts that took no part keep
/// their figures.
void keep_speeds(const Cluster& cluster, const ProgramRun& run) {
  Speeds speeds = measured_speeds(run.out, names_by_hostname(cluster));
  try {
    speeds.merge(cluster.workspace().load_speeds());
  } catch (const Error&) {
    // The file is damaged: it is written anew.
  }
  cluster.workspace().save_speeds(speeds);
}

std::string failure_message(const std::vector<Verdict>& verdicts) {
  std::string message;
  for (const Verdict& verdict : verdicts) {
    if (verdict.ok) continue;
    message += fmt::format("{}{} failed", message.empty() ? "" : "\n", title_of(verdict));
    if (!verdict.summary.empty()) message += ": " + verdict.summary;
    for (const auto& [host, problem] : verdict.hosts)
      message += fmt::format("\n  {}: {}", host, problem);
  }
  return message;
}

/// Where Slurm is part of the cluster, it is part of the proof.
std::vector<Via> installed_ways(const Cluster& cluster) {
  const auto manager = cluster.facts.find(cluster.inventory().manager);
  const bool has_slurm = cluster.inventory().slurm && manager != cluster.facts.end() &&
                         manager->second.packages.contains("slurmctld");
  return has_slurm ? std::vector{Via::mpirun, Via::srun} : std::vector{Via::mpirun};
}

/// hello sends nothing that another way has not sent before, and links waits for none.
bool needs_all_links(const std::string& program) {
  return program != "hello" && program != "links";
}

Verdict not_run(const std::string& program, Via via, std::string why) {
  Verdict verdict;
  verdict.program = program;
  verdict.via = name_of(via);
  verdict.ok = true;
  verdict.ran = false;
  verdict.summary = std::move(why);
  return verdict;
}

}  // namespace

VerifyStep::VerifyStep(std::vector<std::string> programs, std::vector<Via> ways, bool with_python)
    : programs_(std::move(programs)), ways_(std::move(ways)), with_python_(with_python) {}

std::vector<std::string> VerifyStep::programs_by(Via via) const {
  if (!programs_.empty()) return programs_;
  std::vector<std::string> programs = bundled_programs();
  if (via != Via::mpirun) std::erase(programs, "links");
  if (with_python_)
    programs.insert(programs.end(), python_programs().begin(), python_programs().end());
  return programs;
}

const std::vector<std::string>& python_programs() {
  static const std::vector<std::string> programs{"helloworld", "ringtest"};
  return programs;
}

std::string VerifyStep::title() const {
  return fmt::format("{} over all hosts", fmt::join(programs_by(Via::mpirun), ", "));
}

std::vector<Change> VerifyStep::plan(Cluster& cluster) {
  if (cluster.options().dry_run) return {};
  for (const auto& [host, reason] : job_group(cluster.inventory(), cluster.facts).left_out) {
    if (cluster.is_active(host)) cluster.warn("not part of this proof: " + reason, host);
  }
  if (ways_.empty()) ways_ = installed_ways(cluster);
  bool all_passed = true;
  for (const Via via : ways_) {
    const bool passed = via == Via::mpirun ? prove(cluster, via) : prove_by_slurm(cluster, via);
    all_passed = all_passed && passed;
  }
  if (!all_passed) {
    throw Error(ExitCode::verification_failed, failure_message(cluster.verdicts),
                fmt::format("the log is {}", cluster.workspace().log().string()));
  }
  return {};
}

bool VerifyStep::prove_by_slurm(Cluster& cluster, Via via) {
  if (!slurm_) slurm_ = verify_slurm(cluster);
  if (*slurm_ == SlurmProof::busy) {
    for (const std::string& program : programs_by(via))
      take_verdict(cluster, not_run(program, via, "jobs hold Slurm's nodes"));
  }
  if (*slurm_ != SlurmProof::works) return *slurm_ == SlurmProof::busy;
  return prove(cluster, via);
}

bool VerifyStep::prove(Cluster& cluster, Via via) {
  auto nodes = job_nodes(cluster);
  Spread spread = Spread::exact;
  if (via != Via::mpirun) {
    const SlurmState state = ask_slurm(cluster);
    nodes = slots_in_slurm(nodes, state);
    if (!places_exactly(nodes, state)) spread = Spread::by_slurm;
  }
  ranks_ = total_slots(nodes);
  bool all_passed = true;
  for (const std::string& program : programs_by(via)) {
    if (!links_work_ && needs_all_links(program)) {
      take_verdict(cluster, not_run(program, via, "it would wait for a link that does not work"));
      continue;
    }
    Verdict verdict = prove_one(cluster, program, via, nodes, spread);
    all_passed = all_passed && verdict.ok;
    if (program == "links") links_work_ = verdict.ok;
    take_verdict(cluster, std::move(verdict));
  }
  return all_passed;
}

Verdict VerifyStep::prove_one(Cluster& cluster, const std::string& program, Via via,
                              const std::vector<NodeSlots>& nodes, Spread spread) {
  cluster.progress(cluster.inventory().manager, fmt::format("{} by {}", program, name_of(via)));
  const ProgramRun run = run_program_fairly(cluster, program, via);
  Verdict verdict = judge(run, nodes, names_by_hostname(cluster), spread);
  if (verdict.ok && program == "pi" && via == Via::mpirun) keep_speeds(cluster, run);
  if (!verdict.ok && verdict.hosts.empty()) find_culprits(cluster, nodes, verdict);
  return verdict;
}

std::string VerifyStep::nothing_to_do(const Cluster& cluster) const {
  if (cluster.options().dry_run) return "would run";
  // Ways that run the same programs share a part of the sentence.
  std::vector<std::pair<std::vector<std::string>, std::vector<std::string_view>>> parts;
  for (const Via via : ways_) {
    const auto programs = programs_by(via);
    if (parts.empty() || parts.back().first != programs) parts.push_back({programs, {}});
    parts.back().second.push_back(name_of(via));
  }
  std::vector<std::string> said;
  for (const auto& [programs, ways] : parts)
    said.push_back(fmt::format("{} by {}", fmt::join(programs, ", "), fmt::join(ways, " and ")));
  return fmt::format("{} ranks: {} passed{}", ranks_, fmt::join(said, "; "),
                     slurm_ == SlurmProof::busy ? " as far as it ran: Slurm's nodes are busy" : "");
}

}  // namespace clustermpi
