#include "provision/launcher.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "provision/launch/slurm.hpp"
#include "provision/launch/words.hpp"
#include "provision/remote_scripts.hpp"

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

/// What remote/launch.sh is called with.
struct Launch {
  std::string_view way;  ///< in its words
  std::string file;
  std::vector<std::string> words;  ///< program and arguments
  std::vector<std::pair<std::string, std::string>> environment;
};

/// Refuses what mpirun would refuse there, with less to read.
void require_mpirun(const Cluster& cluster) {
  const std::string& manager = cluster.inventory().manager;
  if (cluster.inventory().manager_host().user == "root") {
    throw Error(ExitCode::local_failure, "mpirun refuses to start jobs as root",
                "give an ordinary user as `user` in the inventory");
  }
  if (!manager_facts(cluster).packages.contains("openmpi-bin")) {
    throw Error(ExitCode::hosts_failed,
                fmt::format("there is no Open MPI on the manager {} yet", manager),
                "`clustermpi up` installs it on all hosts");
  }
}

std::vector<NodeSlots> require_job_nodes(const Cluster& cluster) {
  auto nodes = job_nodes(cluster);
  if (nodes.empty()) {
    throw Error(ExitCode::usage,
                fmt::format("none of the chosen hosts can share a job with the manager {}",
                            cluster.inventory().manager),
                "`clustermpi facts` shows architectures and Open MPI versions; see --limit");
  }
  return nodes;
}

std::vector<std::string> mpirun_words(const Cluster& cluster, const MpiJob& job, unsigned np) {
  std::vector<std::string> words{"mpirun.openmpi"};
  std::ranges::move(mpirun_arguments(job, np, mpi_format(cluster),
                                     cluster_network(cluster.inventory(), cluster.facts)),
                    std::back_inserter(words));
  return words;
}

Launch by_mpirun(const Cluster& cluster, const MpiJob& job) {
  require_mpirun(cluster);
  const auto nodes = require_job_nodes(cluster);
  const auto ranks = place_by_core(nodes, job.np);
  return {"mpirun", machinefile(nodes, mpi_format(cluster)),
          mpirun_words(cluster, job, static_cast<unsigned>(ranks.size())), job.environment};
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

Launch by_slurm(Cluster& cluster, const MpiJob& job) {
  const SlurmState state = require_slurm(cluster);
  if (job.via == Via::salloc) require_mpirun(cluster);
  const auto nodes = slots_in_slurm(require_job_nodes(cluster), state);
  if (nodes.empty()) {
    throw Error(ExitCode::usage, "none of the chosen hosts is a node of Slurm's",
                "`sinfo` on the manager lists its nodes; see --limit");
  }
  SlurmRequest request = slurm_request(job, nodes, state);
  request.directory = manager_facts(cluster).home;
  request.partition = common_partition(cluster.inventory());
  if (job.via == Via::sbatch) request.patience = {};  // sbatch does not know --immediate
  std::vector<std::string> words{std::string(name_of(job.via))};
  std::ranges::move(slurm_options(request), std::back_inserter(words));
  Launch launch{"slurm", "", std::move(words), job.environment};
  if (job.via == Via::salloc) {
    std::ranges::move(mpirun_words(cluster, job, request.ranks), std::back_inserter(launch.words));
    return launch;
  }
  // srun has no argument for it, and the ranks read it there. First, so that who sets it gets it.
  launch.environment.emplace(launch.environment.begin(), "OMPI_MCA_btl_tcp_if_include",
                             cluster_network(cluster.inventory(), cluster.facts));
  if (job.via == Via::srun) {
    std::ranges::move(srun_step(job.command), std::back_inserter(launch.words));
  } else {
    launch.way = "batch";
    launch.file = batch_script(job.command);
  }
  return launch;
}

std::string launch_command(const Launch& launch) {
  std::string command = fmt::format("sh -c {} launch {} {}", shell_quote(remote::launch),
                                    launch.way, shell_quote(launch.file));
  for (const std::string& word : launch.words) command += " " + shell_quote(word);
  return command;
}

/// Values go through stdin: an argument is seen by everybody on the manager.
std::string environment_lines(const Launch& launch) {
  std::string lines;
  for (const auto& [name, value] : launch.environment) lines += fmt::format("{}={}\n", name, value);
  return lines + "--\n";
}

}  // namespace

std::vector<NodeSlots> job_nodes(const Cluster& cluster) {
  std::vector<std::string> members;
  for (const std::string& host : job_group(cluster.inventory(), cluster.facts).members) {
    if (cluster.is_active(host)) members.push_back(host);
  }
  return node_slots(cluster.inventory(), cluster.facts, members);
}

MpiFormat mpi_format(const Cluster& cluster) {
  return openmpi_version(manager_facts(cluster)).major >= 5 ? MpiFormat::openmpi5
                                                            : MpiFormat::openmpi4;
}

Result launch(Cluster& cluster, const MpiJob& job) {
  const Launch launch = job.via == Via::mpirun ? by_mpirun(cluster, job) : by_slurm(cluster, job);
  const std::string& manager = cluster.inventory().manager;
  Job remote_job;
  remote_job.host = cluster.fleet().index_of(manager).value();
  remote_job.command = launch_command(launch);
  remote_job.input = std::make_shared<const std::string>(environment_lines(launch));
  remote_job.hold_input = true;
  remote_job.timeout = job.timeout;
  remote_job.on_output = job.on_output;
  cluster.detail(fmt::format("{}", fmt::join(launch.words, " ")), manager);
  return cluster.fleet().run({std::move(remote_job)}).front();
}

}  // namespace clustermpi
