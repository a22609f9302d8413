#include "provision/launcher.hpp"

#include <fmt/format.h>

#include <algorithm>

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

/// orted and prted are started by ssh on the manager: it must fail rather than ask or wait for
/// ever.
constexpr std::string_view ssh_arguments = "-o BatchMode=yes -o ConnectTimeout=10";

std::string launch_command(const std::string& hosts, const std::vector<std::string>& mpirun) {
  std::string command =
      fmt::format("sh -c {} launch {}", shell_quote(remote::launch), shell_quote(hosts));
  for (const std::string& word : mpirun) command += " " + shell_quote(word);
  return command;
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

std::vector<std::string> mpirun_arguments(const MpiJob& job, unsigned np, MpiFormat format,
                                          const std::string& network) {
  std::vector<std::string> words{"-np", std::to_string(np)};
  const auto add = [&](std::initializer_list<std::string_view> more) {
    words.insert(words.end(), more.begin(), more.end());
  };
  // A CIDR and not a name: interfaces are called eth0 here and end0 there. Without it Open MPI
  // tries every network that it sees, docker0 among them, and hangs.
  if (format == MpiFormat::openmpi4) {
    add({"--mca", "oob_tcp_if_include", network, "--mca", "plm_rsh_args", ssh_arguments});
  } else {
    add({"--prtemca", "prte_if_include", network, "--prtemca", "plm_ssh_args", ssh_arguments});
  }
  add({"--mca", "btl_tcp_if_include", network});
  for (const auto& [name, value] : job.environment) add({"-x", name});  // values: see launch()
  words.insert(words.end(), job.command.begin(), job.command.end());
  return words;
}

Result launch(Cluster& cluster, const MpiJob& job) {
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
  const auto nodes = job_nodes(cluster);
  if (nodes.empty()) {
    throw Error(
        ExitCode::usage,
        fmt::format("none of the chosen hosts can share a job with the manager {}", manager),
        "`clustermpi facts` shows architectures and Open MPI versions; see --limit");
  }
  const auto ranks = place_by_core(nodes, job.np);
  const MpiFormat format = mpi_format(cluster);
  const std::string network = cluster_network(cluster.inventory(), cluster.facts);
  std::vector<std::string> mpirun{"mpirun.openmpi"};
  std::ranges::move(mpirun_arguments(job, static_cast<unsigned>(ranks.size()), format, network),
                    std::back_inserter(mpirun));

  Job remote_job;
  remote_job.host = cluster.fleet().index_of(manager).value();
  remote_job.command = launch_command(machinefile(nodes, format), mpirun);
  // Values go through stdin: an argument is seen by everybody on the manager.
  std::string values;
  for (const auto& [name, value] : job.environment) values += fmt::format("{}={}\n", name, value);
  remote_job.input = std::make_shared<const std::string>(values + "--\n");
  remote_job.hold_input = true;
  remote_job.timeout = job.timeout;
  remote_job.on_output = job.on_output;
  cluster.detail(fmt::format("mpirun {}", fmt::join(mpirun.begin() + 1, mpirun.end(), " ")),
                 manager);
  return cluster.fleet().run({std::move(remote_job)}).front();
}

}  // namespace clustermpi
