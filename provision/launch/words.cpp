#include "provision/launch/words.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "hosts/hostlist_forms.hpp"

namespace clustermpi {

std::vector<std::string> mpirun_arguments(const MpiJob& job, unsigned np, MpiFormat format,
                                          const std::string& network) {
  std::vector<std::string> words{"-np", std::to_string(np)};
  const auto add = [&](std::initializer_list<std::string_view> more) {
    words.insert(words.end(), more.begin(), more.end());
  };
  const bool four = format == MpiFormat::openmpi4;
  const std::string_view runtime = four ? "--mca" : "--prtemca";
  // A CIDR and not a name: interfaces are called eth0 here and end0 there. Without it Open MPI
  // tries every network that it sees, docker0 among them, and hangs.
  add({runtime, four ? "oob_tcp_if_include" : "prte_if_include", network});
  if (job.via == Via::mpirun) {
    add({runtime, four ? "plm_rsh_args" : "plm_ssh_args", ssh_arguments});
  }
  add({"--mca", "btl_tcp_if_include", network});
  if (job.places && job.places->policy == Policy::by_thread) add({"--use-hwthread-cpus"});
  for (const auto& [name, value] : job.environment) add({"-x", name});  // values: see launch()
  words.insert(words.end(), job.command.begin(), job.command.end());
  return words;
}

std::vector<std::string> hydra_arguments(const MpiJob& job, unsigned np,
                                         const std::string& manager) {
  std::vector<std::string> words{"-n", std::to_string(np)};
  // Nodes call back by that name: what the manager calls itself may mean nothing to them.
  words.insert(words.end(), {"-localhost", manager});
  // Otherwise it goes by variables of Slurm's, where they happen to be set.
  if (job.via == Via::mpirun) words.insert(words.end(), {"-launcher", "ssh", "-rmk", "user"});
  std::vector<std::string_view> names;  // values: see launch()
  for (const auto& [name, value] : job.environment) names.push_back(name);
  if (names.empty()) {
    words.emplace_back("-genvnone");  // the manager's environment says nothing about other nodes
  } else {
    words.insert(words.end(), {"-genvlist", fmt::format("{}", fmt::join(names, ","))});
  }
  words.insert(words.end(), job.command.begin(), job.command.end());
  return words;
}

std::vector<std::string> slurm_options(const SlurmRequest& request) {
  std::vector<std::string> words{fmt::format("--job-name={}", request.name),
                                 fmt::format("--chdir={}", request.directory),
                                 fmt::format("--ntasks={}", request.ranks)};
  if (!request.partition.empty()) words.push_back(fmt::format("--partition={}", request.partition));
  if (!request.nodes.empty()) {
    words.push_back(fmt::format("--nodes={}", request.nodes.size()));
    words.push_back(fmt::format("--nodelist={}", fold_for(HostlistReader::slurm, request.nodes)));
  }
  if (request.ranks_per_node > 0)
    words.push_back(fmt::format("--ntasks-per-node={}", request.ranks_per_node));
  if (!request.not_on.empty())
    words.push_back(fmt::format("--exclude={}", fold_for(HostlistReader::slurm, request.not_on)));
  if (request.whole_nodes) words.emplace_back("--exclusive");
  if (request.patience.count() > 0)
    words.push_back(fmt::format("--immediate={}", request.patience.count()));
  return words;
}

std::vector<std::string> srun_step(const MpiJob& job, MpiFormat format) {
  const std::string_view pmi = format == MpiFormat::mpich ? "pmi2" : "pmix";
  std::vector<std::string> words{fmt::format("--mpi={}", pmi), "--kill-on-bad-exit=1"};
  words.insert(words.end(), job.command.begin(), job.command.end());
  return words;
}

std::vector<std::string> placed_step(const MpiJob& job, MpiFormat format, unsigned ranks,
                                     const std::string& cpu_bind) {
  std::vector<std::string> words{"srun", "--whole", "--distribution=arbitrary",
                                 fmt::format("--ntasks={}", ranks),
                                 fmt::format("--cpu-bind={}", cpu_bind)};
  std::ranges::move(srun_step(job, format), std::back_inserter(words));
  return words;
}

std::string batch_script(const MpiJob& job, MpiFormat format) {
  std::string script = "#!/bin/sh\nexec srun";
  for (const std::string& word : srun_step(job, format)) script += " " + shell_quote(word);
  return script + "\n";
}

std::string job_name(const std::vector<std::string>& command) {
  const std::string& program = command.front();
  const std::string name = program.substr(program.rfind('/') + 1);
  return name.empty() ? "job" : name;
}

}  // namespace clustermpi
