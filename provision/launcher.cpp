#include "provision/launcher.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cassert>
#include <map>

#include "hosts/mpi.hpp"
#include "hosts/names.hpp"
#include "hosts/slurm_conf.hpp"
#include "provision/launch/debugger.hpp"
#include "provision/launch/ranks.hpp"
#include "provision/launch/requirements.hpp"
#include "provision/launch/slurm.hpp"
#include "provision/launch/words.hpp"
#include "provision/remote_scripts.hpp"
#include "provision/ssh/input_stream.hpp"

namespace clustermpi {

namespace {

const Facts& manager_facts(const Cluster& cluster) {
  const auto found = cluster.facts.find(cluster.inventory().manager);
  if (found == cluster.facts.end()) {
    throw Error(ExitCode::hosts_failed,
                fmt::format("nothing is known of the manager {} yet", cluster.inventory().manager),
                "run `clustermpi discover` first");
  }
  return found->second;
}

using Environment = std::vector<std::pair<std::string, std::string>>;

/// What remote/launch.sh is called with.
struct Launch {
  std::string_view way;                      ///< in its words
  std::map<std::string, std::string> files;  ///< texts, by the names that it knows
  std::vector<std::string> words;            ///< program and arguments
  Environment environment;
  std::vector<std::string> hosts;  ///< where ranks may run
  unsigned ranks = 0;
  RankStart start = {};
};

std::vector<std::string> hosts_of(const std::vector<NodeSlots>& nodes) {
  std::vector<std::string> hosts;
  for (const NodeSlots& node : nodes) hosts.push_back(node.host);
  return hosts;
}

/// Refuses what mpirun would refuse there, with less to read.
void require_mpirun(const Cluster& cluster) {
  const std::string& manager = cluster.inventory().manager;
  const MpiNames& mpi = mpi_names(cluster.inventory().mpi);
  if (cluster.inventory().manager_host().user == "root") {
    throw Error(ExitCode::local_failure, "mpirun refuses to start jobs as root",
                "give an ordinary user as `user` in the inventory");
  }
  if (!manager_facts(cluster).packages.contains(std::string(mpi.runtime))) {
    throw Error(ExitCode::hosts_failed,
                fmt::format("there is no {} on the manager {} yet", mpi.title, manager),
                "`clustermpi up` installs it on all hosts");
  }
}

/// UCX, by which MPICH's ranks talk, takes interfaces and no network: those of all hosts then, of
/// which each takes those that it has. It warns of the others.
Environment ucx_network(const Cluster& cluster) {
  const auto interfaces = cluster_interfaces(cluster.inventory(), cluster.facts);
  Environment variables{{"UCX_NET_DEVICES", fmt::format("{}", fmt::join(interfaces, ","))}};
  if (interfaces.size() > 1) variables.emplace_back("UCX_LOG_LEVEL", "error");
  return variables;
}

/// Keeps the ranks to the cluster's network where no argument says it: mpirun of Open MPI has one,
/// srun has none, nor has Hydra. First, so that who sets them gets what they set.
MpiJob with_network(const Cluster& cluster, MpiJob job) {
  const Inventory& inventory = cluster.inventory();
  Environment variables;
  if (inventory.mpi == MpiImplementation::mpich) {
    variables = ucx_network(cluster);
  } else if (job.via == Via::srun || job.via == Via::sbatch) {
    variables = {{"OMPI_MCA_btl_tcp_if_include", cluster_network(inventory, cluster.facts)}};
  }
  job.environment.insert(job.environment.begin(), variables.begin(), variables.end());
  return job;
}

std::vector<std::string> mpirun_words(const Cluster& cluster, const MpiJob& job, unsigned np) {
  const Inventory& inventory = cluster.inventory();
  std::vector<std::string> words{std::string(mpi_names(inventory.mpi).launcher)};
  std::ranges::move(inventory.mpi == MpiImplementation::mpich
                        ? hydra_arguments(job, np, inventory.manager)
                        : mpirun_arguments(job, np, mpi_format(cluster),
                                           cluster_network(inventory, cluster.facts)),
                    std::back_inserter(words));
  return words;
}

/// How the launcher of that MPI takes its files.
std::string_view way_of(MpiFormat format) {
  switch (format) {
    case MpiFormat::openmpi4:
      return "mpirun";
    case MpiFormat::openmpi5:
      return "prrte";
    case MpiFormat::mpich:
      return "hydra";
    case MpiFormat::slurm:
      break;  // no MPI
  }
  return "";
}

Placement placement_of(const Cluster& cluster, const MpiJob& job, std::vector<NodeSlots> nodes) {
  PlacementRequest request = job.places.value_or(PlacementRequest{});
  request.np = job.np;
  return place_on(cluster, std::move(nodes), request);
}

Launch by_mpirun(const Cluster& cluster, const MpiJob& job) {
  require_mpirun(cluster);
  const auto nodes = require_job_nodes(cluster);
  const MpiFormat format = mpi_format(cluster);
  const Placement placement = placement_of(cluster, job, nodes);
  const auto np = static_cast<unsigned>(placement.ranks.size());
  Launch launch{way_of(format),
                {},
                mpirun_words(cluster, job, np),
                job.environment,
                hosts_of(nodes_used(placement)),
                np};
  launch.files["hosts"] =
      job.places ? machinefile(placement, format, cluster.facts) : machinefile(nodes, format);
  if (format == MpiFormat::mpich) {
    launch.environment.emplace_back("HYDRA_LAUNCHER_EXTRA_ARGS", ssh_arguments);
  } else if (job.places) {
    launch.files["ranks"] = rankfile(placement, format, cluster.facts);
  }
  return launch;
}

SlurmState require_slurm(Cluster& cluster) {
  const std::string& manager = cluster.inventory().manager;
  SlurmState state = ask_slurm(cluster);
  if (!state.installed) {
    throw Error(ExitCode::hosts_failed,
                fmt::format("there is no Slurm on the manager {} yet", manager),
                "with a table [slurm] in the inventory `clustermpi up` installs it on all hosts");
  }
  if (!state.up || state.nodes.empty()) {
    throw Error(ExitCode::hosts_failed,
                fmt::format("Slurm's controller on {} does not answer: {}", manager, state.trouble),
                "`clustermpi verify --via srun` looks for the cause; `clustermpi install slurm` "
                "starts what is not running");
  }
  return state;
}

/// srun inside an allocation of the placement's hosts.
Launch by_srun_as_placed(Cluster& cluster, const MpiJob& job, const std::vector<NodeSlots>& nodes) {
  if (job.via != Via::srun) {
    throw Error(ExitCode::usage,
                fmt::format("where ranks run cannot be said to {}", name_of(job.via)),
                "it can to mpirun and srun: see --via");
  }
  const Placement placement = placement_of(cluster, job, nodes);
  const std::string cpu_bind = slurm_cpu_bind(placement, cluster.facts);
  const auto np = static_cast<unsigned>(placement.ranks.size());
  if (!slurm_binds(cluster.inventory(), cluster.facts))
    cluster.warn("Slurm binds nobody to cores on these hosts: ranks run on the hosts of the plan");
  SlurmRequest request;
  const std::vector<std::string> hosts = hosts_of(nodes_used(placement));
  for (const std::string& host : hosts) request.nodes.emplace_back(short_name(host));
  request.name = job.name;
  request.ranks = static_cast<unsigned>(request.nodes.size());
  request.whole_nodes = true;
  request.directory = manager_facts(cluster).home;
  request.partition = common_partition(cluster.inventory());
  request.patience = job.patience;
  std::vector<std::string> words{"salloc", "--quiet"};
  std::ranges::move(slurm_options(request), std::back_inserter(words));
  std::ranges::move(placed_step(job, mpi_format(cluster), np, cpu_bind), std::back_inserter(words));
  return {"slurm",
          {{"hosts", machinefile(placement, MpiFormat::slurm)}},
          std::move(words),
          job.environment,
          hosts,
          np};
}

Launch by_slurm(Cluster& cluster, const MpiJob& job) {
  const SlurmState state = require_slurm(cluster);
  if (job.via == Via::salloc) require_mpirun(cluster);
  const auto nodes = slots_in_slurm(require_job_nodes(cluster), state);
  if (nodes.empty()) {
    throw Error(ExitCode::usage, "none of the chosen hosts is a node of Slurm's",
                "`sinfo` on the manager lists its nodes; see --limit");
  }
  if (job.places) return by_srun_as_placed(cluster, job, nodes);
  SlurmRequest request = slurm_request(job, nodes, state);
  request.directory = manager_facts(cluster).home;
  request.partition = common_partition(cluster.inventory());
  if (job.via == Via::sbatch) request.patience = {};  // sbatch does not know --immediate
  std::vector<std::string> words{std::string(name_of(job.via))};
  std::ranges::move(slurm_options(request), std::back_inserter(words));
  Launch launch{"slurm", {}, std::move(words), job.environment, hosts_of(nodes), request.ranks};
  if (job.via == Via::salloc) {
    std::ranges::move(mpirun_words(cluster, job, request.ranks), std::back_inserter(launch.words));
    // Hydra starts its daemons by srun, and they are no ranks.
    if (mpi_format(cluster) == MpiFormat::mpich)
      launch.environment.emplace_back("SLURM_MPI_TYPE", "none");
    return launch;
  }
  const MpiFormat format = mpi_format(cluster);
  if (job.via == Via::srun) {
    std::ranges::move(srun_step(job, format), std::back_inserter(launch.words));
  } else {
    launch.way = "batch";
    launch.files["script"] = batch_script(job, format);
  }
  return launch;
}

std::string launch_command(const Launch& launch) {
  std::string command = fmt::format("sh -c {} launch {}", shell_quote(remote::launch), launch.way);
  for (const std::string& word : launch.words) command += " " + shell_quote(word);
  return command;
}

/// What goes through stdin: an argument is seen by everybody on the manager, and may have 128 KiB.
std::string launch_input(const Launch& launch) {
  std::string input;
  for (const auto& [name, text] : launch.files)
    input += fmt::format("file {} {}\n{}", name, text.size(), text);
  for (const auto& [name, value] : launch.environment) {
    // A second line could be anything that launch.sh takes.
    assert(value.find('\n') == std::string::npos);
    input += fmt::format("{}={}\n", name, value);
  }
  return input + "--\n";
}

/// The words as the log has them: without the script that starts a rank.
std::string told(const std::vector<std::string>& words) {
  std::string text = fmt::format("{}", fmt::join(words, " "));
  for (const std::string& script : {shell_quote(remote::rank), std::string(remote::rank)}) {
    const std::size_t at = text.find(script);
    if (at != std::string::npos) text.replace(at, script.size(), "rank.sh");
  }
  return text;
}

/// The program that starts the job, on the manager.
Job launcher_job(Cluster& cluster, const MpiJob& job, Launch launch) {
  Job remote_job;
  if (job.input >= 0) {
    launch.files["feed"] = remote::feed;
    launch.files["input"] = launch.start.input.substr(launch.start.input.find(':') + 1);
    remote_job.stream = std::make_shared<InputStream>(job.input, InputStream::Form::pieces);
  }
  remote_job.host = cluster.fleet().index_of(cluster.inventory().manager).value();
  remote_job.command = launch_command(launch);
  remote_job.input = std::make_shared<const std::string>(launch_input(launch));
  remote_job.hold_input = true;
  remote_job.timeout = job.timeout;
  remote_job.on_output = job.on_output;
  return remote_job;
}

RankStart rank_start(const Cluster& cluster, const MpiJob& job) {
  RankStart start = {};
  if (job.input >= 0) start.input = fmt::format("{}:{}", cluster.inventory().manager, new_path());
  start.directory = rank_directory(job.directory, manager_facts(cluster).home);
  // Hydra's ranks, the first aside, would wait for what comes from the daemons' own stdin.
  start.empty_stdin = cluster.inventory().mpi == MpiImplementation::mpich;
  if (job.on_rank || job.debug) {
    start.folder = new_path();
    start.how = job.debug ? "debug" : job.profile ? "profile" : "gather";
  }
  return start;
}

HostError why_incomplete(const Result& gathered) {
  if (gathered.error) return *gathered.error;
  return {"gathering_failed", "python3 failed there, or is missing", ""};
}

/// Runs the launcher, and beside it what tells of the ranks on each host.
JobResult run_with_ranks(Cluster& cluster, const MpiJob& job, const Launch& launch,
                         const std::function<void(const RankPiece&)>& take) {
  Gathering gathering(launch.start.folder, take);
  std::vector<Job> jobs{launcher_job(cluster, job, launch)};
  const std::size_t manager = jobs.front().host;
  for (const std::string& host : launch.hosts)
    jobs.push_back(gathering.job(cluster.fleet().index_of(host).value(), host));
  // Nobody gathers any more once the launcher has ended, or he who gathers beside it failed.
  auto results = cluster.fleet().run(std::move(jobs), [&](const Result& result) {
    if (result.host == manager) gathering.end();
  });
  JobResult result{std::move(results.front()), {}};
  for (std::size_t i = 0; i < launch.hosts.size() && !cluster.cancel().cancelled(); ++i) {
    if (results[i + 1].ok()) continue;
    HostError why = why_incomplete(results[i + 1]);
    cluster.warn(fmt::format("what ranks printed may be incomplete: {}", why.message),
                 launch.hosts[i]);
    result.incomplete.emplace(launch.hosts[i], std::move(why));
  }
  return result;
}

JobResult run_under_debugger(Cluster& cluster, const MpiJob& job, const Launch& launch) {
  DebugWindow window(launch.ranks, launch.start.folder, cluster.workspace().ssh_config());
  std::optional<Error> failure;
  JobResult result = run_with_ranks(cluster, job, launch, [&](const RankPiece& piece) {
    try {
      if (failure || !window.add(piece.rank, piece.host)) return;
      cluster.note(fmt::format("{} rank{} in gdb: {}", launch.ranks, launch.ranks == 1 ? "" : "s",
                               window.where()));
    } catch (const Error& error) {
      // From here it would end what gathers on that host, and the ranks would wait for ever.
      failure.emplace(error);
      cluster.cancel().cancel();
    }
  });
  if (cluster.cancel().cancelled()) window.close();
  if (failure) throw Error(*failure);
  return result;
}

}  // namespace

std::vector<NodeSlots> job_nodes(const Cluster& cluster) {
  std::vector<std::string> members;
  for (const std::string& host : job_group(cluster.inventory(), cluster.facts).members) {
    if (cluster.is_active(host)) members.push_back(host);
  }
  return node_slots(cluster.inventory(), cluster.facts, members);
}

std::vector<NodeSlots> require_job_nodes(const Cluster& cluster) {
  auto nodes = job_nodes(cluster);
  if (nodes.empty()) {
    throw Error(ExitCode::usage,
                fmt::format("none of the chosen hosts can share a job with the manager {}",
                            cluster.inventory().manager),
                "`clustermpi facts` shows architectures and MPI versions; see --limit");
  }
  return nodes;
}

Placement place_on(const Cluster& cluster, std::vector<NodeSlots> nodes,
                   const PlacementRequest& request) {
  const bool by_measurement = request.policy == Policy::weighted && request.weights.empty();
  return place(cluster.inventory(), std::move(nodes), request,
               by_measurement ? cluster.workspace().load_speeds() : Speeds{});
}

MpiFormat mpi_format(const Cluster& cluster) {
  const MpiImplementation mpi = cluster.inventory().mpi;
  if (mpi == MpiImplementation::mpich) return MpiFormat::mpich;
  return mpi_version(manager_facts(cluster), mpi).major >= 5 ? MpiFormat::openmpi5
                                                             : MpiFormat::openmpi4;
}

JobResult launch(Cluster& cluster, const MpiJob& asked) {
  const RankStart start = rank_start(cluster, asked);
  MpiJob job = with_network(cluster, asked);
  if (job.name.empty()) job.name = job_name(job.command);
  job.command = rank_command(start, std::move(job.command));
  Launch launch = job.via == Via::mpirun ? by_mpirun(cluster, job) : by_slurm(cluster, job);
  launch.start = start;
  if (!start.directory.empty()) require_directory(cluster, launch.hosts, start.directory);
  if (job.debug) require_debugger(cluster, launch.hosts, launch.ranks);
  if (job.profile) require_profiler(cluster, launch.hosts);
  cluster.detail(told(launch.words), cluster.inventory().manager);
  if (job.debug) return run_under_debugger(cluster, job, launch);
  if (job.on_rank) return run_with_ranks(cluster, job, launch, job.on_rank);
  return {cluster.fleet().run({launcher_job(cluster, job, launch)}).front(), {}};
}

}  // namespace clustermpi
