#include "provision/steps/hpl.hpp"

#include <fmt/format.h>

#include "hosts/container.hpp"
#include "provision/remote_scripts.hpp"
#include "provision/steps/install.hpp"

namespace clustermpi {

namespace {

std::vector<NodeSlots> nodes_for(const Cluster& cluster, const MpiJob& job, unsigned np) {
  PlacementRequest request = job.places.value_or(PlacementRequest{});
  request.np = np;
  return nodes_used(place_on(cluster, require_job_nodes(cluster), request));
}

/// Containers that look alike may be on one machine, and then they share what each says it has.
std::string machine_of(const Facts& facts) {
  return is_container(facts) ? fmt::format("{} {}", facts.kernel, facts.memory_kib) : "";
}

HplProblem problem_for(const Cluster& cluster, const MpiJob& job, unsigned np,
                       const HplSize& size) {
  if (size.quick) return hpl_problem(np, hpl_quick_n);
  std::vector<HplNode> nodes;
  for (const NodeSlots& node : nodes_for(cluster, job, np)) {
    const Facts& facts = cluster.facts.at(node.host);
    nodes.push_back({node.host, facts.memory_kib, machine_of(facts), node.slots});
  }
  return hpl_problem(nodes, size.memory_fraction);
}

void read_hpl(const Result& result, SweepRun& run) {
  run.figures = hpl_figures(printable(result.out));
  if (!result.error && result.exit_status == 0 && run.figures.empty())
    run.fault = "hpcc ended without a result of HPL";
  if (run.figures.contains("passed") && run.figures.at("passed") == "0")
    run.fault = fmt::format("HPL FAILED: the residual {} is above 16, so the result is wrong",
                            run.figures.at("residual"));
}

std::string hpl_doing(std::string_view out) {
  const HpccProgress progress = hpcc_progress(out);
  if (progress.number == 0) return {};
  return fmt::format("hpcc's test {} of {}, {}", progress.number, hpcc_tests, progress.test);
}

}  // namespace

std::unique_ptr<Step> install_hpcc() {
  return std::make_unique<InstallStep>(Playbook{.name = "hpl",
                                                .title = "High Performance Linpack on every host",
                                                .roles = {"python", "hpcc"},
                                                .package_roles = {},
                                                .key = {},
                                                .product = "hpcc",
                                                .product_package = "hpcc"});
}

SweepProgram hpl_program(const Cluster& cluster, const MpiJob& job, HplSize size) {
  const auto job_for = [&cluster, job, size](const SweepPoint& point) {
    MpiJob of_point = job;
    of_point.np = point.np;
    // Slurm would deal ranks out by its own lights, and the problem is sized for where they run.
    if (job.via == Via::srun) of_point.places = job.places.value_or(PlacementRequest{});
    of_point.command = {"sh", "-c", std::string(remote::hpl), "hpl",
                        hpcc_input(problem_for(cluster, job, point.np, size))};
    return of_point;
  };
  return {job_for, read_hpl, hpl_doing};
}

std::map<unsigned, unsigned> hosts_by_np(const Cluster& cluster, const MpiJob& job,
                                         const std::vector<SweepRun>& runs) {
  std::map<unsigned, unsigned> hosts;
  for (const SweepRun& run : runs) {
    const unsigned np = run.point.np;
    if (!hosts.contains(np)) hosts[np] = static_cast<unsigned>(nodes_for(cluster, job, np).size());
  }
  return hosts;
}

}  // namespace clustermpi
