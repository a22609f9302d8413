#include "provision/launch/slurm.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "hosts/hostlist.hpp"
#include "provision/remote_scripts.hpp"

namespace clustermpi {

namespace {

using namespace std::chrono_literals;

std::vector<std::string> names_of(const std::vector<NodeSlots>& nodes) {
  std::vector<std::string> names;
  for (const NodeSlots& node : nodes) names.push_back(node.host);
  return names;
}

bool all_equal(const std::vector<NodeSlots>& nodes) {
  return std::ranges::all_of(
      nodes, [&](const NodeSlots& node) { return node.slots == nodes.front().slots; });
}

unsigned cpus_of(const std::vector<NodeSlots>& nodes, const SlurmState& state) {
  unsigned cpus = 0;
  for (const NodeSlots& node : nodes) cpus += state.nodes.at(node.host).cpus;
  return cpus;
}

}  // namespace

SlurmState ask_slurm(Cluster& cluster) {
  Job job;
  job.host = cluster.fleet().index_of(cluster.inventory().manager).value();
  job.command = "sh -s";
  job.input = std::make_shared<const std::string>(remote::slurm_state);
  job.timeout = 45s;  // each of its commands has ten seconds
  const Result result = cluster.fleet().run({std::move(job)}).front();
  cluster.throw_if_cancelled();
  if (result.error) throw Error(ExitCode::hosts_failed, result.error->message, result.error->hint);
  SlurmState state = parse_slurm_state(printable(result.out));
  if (!state.complete) {
    throw Error(ExitCode::hosts_failed,
                fmt::format("{} did not say how Slurm is: {}", cluster.inventory().manager,
                            printable(result.err.substr(0, 200))),
                "log in there and try `sinfo`");
  }
  cluster.slurm = state;
  return state;
}

SlurmRequest slurm_request(const MpiJob& job, const std::vector<NodeSlots>& nodes,
                           const SlurmState& state) {
  const unsigned cpus = cpus_of(nodes, state);
  if (job.np > cpus) {
    throw Error(ExitCode::usage,
                fmt::format("{} ranks asked for, but Slurm has {} CPU{} on {}", job.np, cpus,
                            cpus == 1 ? "" : "s", fold_hostlist(names_of(nodes))),
                fmt::format("ask for at most {}", cpus));
  }
  SlurmRequest request;
  request.name = job.name.empty() ? job_name(job.command) : job.name;
  request.patience = job.patience;
  request.ranks = job.np == 0 ? total_slots(nodes) : job.np;
  if (job.np == 0) {
    request.nodes = names_of(nodes);
    if (all_equal(nodes)) request.ranks_per_node = nodes.front().slots;
  } else {
    for (const auto& [name, node] : state.nodes) {
      if (std::ranges::find(nodes, name, &NodeSlots::host) == nodes.end())
        request.not_on.push_back(name);
    }
  }
  return request;
}

bool places_exactly(const std::vector<NodeSlots>& nodes, const SlurmState& state) {
  return all_equal(nodes) || total_slots(nodes) == cpus_of(nodes, state);
}

std::string common_partition(const Inventory& inventory) {
  const bool several = inventory.slurm && !inventory.slurm->partitions.empty();
  return several ? inventory.slurm->partition : "";
}

}  // namespace clustermpi
