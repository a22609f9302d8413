// Which hosts run the same MPI: the version of each, who can share a job, who compiles for whom.
#include <fmt/format.h>

#include <algorithm>

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

/// What the release carries; zero where we do not know the release.
Version openmpi_of_release(const Facts& facts) {
  const Version release = parse_version(facts.os_version).value_or(Version{});
  if (facts.os_id == "debian" || facts.os_id == "raspbian") {
    // Debian testing has no VERSION_ID and is ahead of all that have one.
    const bool has_five = release.major >= 13 || facts.os_version.empty();
    return has_five ? Version{5, 0, 0} : Version{4, 1, 0};
  }
  if (facts.os_id == "ubuntu") {
    if (release >= Version{25, 4, 0}) return {5, 0, 0};
    return release >= Version{22, 4, 0} ? Version{4, 1, 0} : Version{4, 0, 0};
  }
  return {};
}

std::optional<Version> version_in(const std::map<std::string, std::string>& packages) {
  const auto at = packages.find("openmpi-bin");
  return at == packages.end() ? std::nullopt : parse_version(at->second);
}

/// Why a host cannot be in one job with the manager; empty where it can.
std::string mismatch(const Facts& facts, const Facts& manager, const std::string& manager_name) {
  if (facts.architecture != manager.architecture)
    return fmt::format("is {}, the manager {} is {}: one MPI job cannot span both",
                       facts.architecture, manager_name, manager.architecture);
  const Version own = openmpi_version(facts);
  const Version wanted = openmpi_version(manager);
  if (!same_series(own, wanted))
    return fmt::format("has Open MPI {}, the manager {} has {}: they cannot talk to each other",
                       major_minor(own), manager_name, major_minor(wanted));
  return {};
}

}  // namespace

Version openmpi_version(const Facts& facts) {
  if (const auto installed = version_in(facts.packages)) return *installed;
  if (const auto candidate = version_in(facts.candidates)) return *candidate;
  return openmpi_of_release(facts);
}

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
      reason = mismatch(known->second, manager->second, inventory.manager);
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
    const std::string key = fmt::format("{}-openmpi{}", known->second.architecture,
                                        major_minor(openmpi_version(known->second)));
    auto group = std::find_if(groups.begin(), groups.end(),
                              [&](const BuildGroup& other) { return other.key == key; });
    if (group == groups.end()) group = groups.insert(groups.end(), {key, host.name, {}});
    group->members.push_back(host.name);
    if (host.name == inventory.manager) group->builder = host.name;
  }
  return groups;
}

}  // namespace clustermpi
