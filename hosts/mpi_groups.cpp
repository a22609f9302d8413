// Which hosts run the same MPI: the version of each, who can share a job, who compiles for whom.
#include <fmt/format.h>

#include <algorithm>

#include "hosts/mpi.hpp"
#include "hosts/placement.hpp"
#include "hosts/writers.hpp"

namespace clustermpi {
namespace {

std::string major_minor(const Version& version) {
  return fmt::format("{}.{}", version.major, version.minor);
}

bool same_series(const Version& a, const Version& b) {
  return a.major == b.major && a.minor == b.minor;
}

/// Why a host cannot be in one job with the manager; empty where it can.
std::string mismatch(const Facts& facts, const Facts& manager, const Inventory& inventory) {
  if (facts.architecture != manager.architecture)
    return fmt::format("is {}, the manager {} is {}: one MPI job cannot span both",
                       facts.architecture, inventory.manager, manager.architecture);
  const Version own = mpi_version(facts, inventory.mpi);
  const Version wanted = mpi_version(manager, inventory.mpi);
  if (!same_series(own, wanted))
    return fmt::format("has {} {}, the manager {} has {}: they cannot talk to each other",
                       mpi_names(inventory.mpi).title, major_minor(own), inventory.manager,
                       major_minor(wanted));
  return {};
}

}  // namespace

JobGroup job_group(const Inventory& inventory, const FleetFacts& facts) {
  JobGroup group;
  const auto manager = facts.find(inventory.manager);
  for (const Host& host : inventory.hosts) {
    if (host.name == inventory.manager && !inventory.manager_computes) continue;
    const auto known = facts.find(host.name);
    std::string reason;
    if (known == facts.end()) {
      reason = "nothing is known of it: run clustermpi discover";
    } else if (manager == facts.end()) {
      reason = fmt::format("nothing is known of the manager {}: run clustermpi discover",
                           inventory.manager);
    } else {
      reason = mismatch(known->second, manager->second, inventory);
    }
    if (reason.empty()) {
      group.members.push_back(host.name);
    } else {
      group.left_out.emplace(host.name, std::move(reason));
    }
  }
  return group;
}

std::vector<BuildGroup> build_groups(const Inventory& inventory, const FleetFacts& facts) {
  std::vector<BuildGroup> groups;
  for (const Host& host : inventory.hosts) {
    const auto known = facts.find(host.name);
    if (known == facts.end()) continue;
    const std::string key =
        fmt::format("{}-{}{}", known->second.architecture, mpi_names(inventory.mpi).key,
                    major_minor(mpi_version(known->second, inventory.mpi)));
    auto group = std::find_if(groups.begin(), groups.end(),
                              [&](const BuildGroup& other) { return other.key == key; });
    if (group == groups.end()) group = groups.insert(groups.end(), {key, host.name, {}});
    group->members.push_back(host.name);
    if (host.name == inventory.manager) group->builder = host.name;
  }
  return groups;
}

}  // namespace clustermpi
