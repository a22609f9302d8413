#include "hosts/checks.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <map>
#include <set>

#include "hosts/hostlist.hpp"
#include "hosts/names.hpp"
#include "hosts/writers.hpp"

namespace clustermpi {
namespace {

constexpr double most_clock_skew = 30;  // seconds; munge and TLS begin to fail not much later

// Downloads and unpacked files on bookworm, rounded up generously.
constexpr std::uint64_t space_for_runtime = 700;     // MiB: Open MPI and what it depends on
constexpr std::uint64_t space_for_compilers = 1200;  // MiB: g++ and the headers as well
constexpr std::uint64_t space_for_upkeep = 50;       // MiB: where all of it is installed

using Fault = std::optional<HostError>;  // what one check found

std::string release_name(const Facts& facts) {
  if (facts.os_id.empty()) return "an unknown system";
  return facts.os_version.empty() ? facts.os_id : facts.os_id + " " + facts.os_version;
}

bool is_debian(const Facts& facts) {
  return facts.os_id == "debian" || facts.os_id == "raspbian";
}

/// Versions without a number are testing releases: newer than all that have one.
bool at_least(const Facts& facts, Version oldest) {
  return facts.os_version.empty() || parse_version(facts.os_version).value_or(Version{}) >= oldest;
}

Fault unsupported_os(const Facts& facts) {
  const bool supported = (is_debian(facts) && at_least(facts, {11, 0, 0})) ||
                         (facts.os_id == "ubuntu" && at_least(facts, {20, 4, 0}));
  if (supported) return {};
  return HostError{"unsupported_os", fmt::format("runs {}", release_name(facts)),
                   "clustermpi needs Debian 11, Raspberry Pi OS 11, Ubuntu 20.04, or later"};
}

Fault no_sudo(const Facts& facts) {
  if (facts.sudo || facts.sudo_asks) return {};
  return HostError{
      "no_sudo", fmt::format("user {} may not use sudo", facts.login_user),
      fmt::format("there, as root: apt-get install sudo; usermod -aG sudo {}", facts.login_user)};
}

std::string duration(double seconds) {
  if (seconds < 120) return fmt::format("{:.0f} s", seconds);
  if (seconds < 2 * 3600) return fmt::format("{:.0f} min", seconds / 60);
  if (seconds < 2 * 86400) return fmt::format("{:.0f} h", seconds / 3600);
  return fmt::format("{:.0f} days", seconds / 86400);
}

Fault clock_skew(const Facts& facts) {
  const double skew = std::abs(facts.clock_offset);
  if (skew <= most_clock_skew) return {};
  return HostError{
      "clock_skew",
      fmt::format("its clock is {} {} this machine's", duration(skew),
                  facts.clock_offset > 0 ? "ahead of" : "behind"),
      "there: sudo timedatectl set-ntp true, or sudo date -s where no time server is in "
      "reach"};
}

/// The oldest Python on a node that an ansible-core can drive. Newer ones than it was made for
/// mostly work, and distributions patch for theirs, so only too old is an error.
Version oldest_python(const Version& ansible_core) {
  constexpr std::array<std::pair<int, int>, 4> needs = {{{20, 9}, {18, 8}, {17, 7}, {16, 6}}};
  for (const auto& [core_minor, python_minor] : needs)
    if (ansible_core.major > 2 || ansible_core.minor >= core_minor) return {3, python_minor, 0};
  return {3, 5, 0};
}

Fault python_too_old(const Facts& facts, const ControlMachine& control) {
  if (!facts.python || control.ansible_core == Version{}) return {};
  const Version oldest = oldest_python(control.ansible_core);
  if (*facts.python >= oldest) return {};
  return HostError{"python_too_old",
                   fmt::format("has Python {}, but ansible-core {} here needs {}.{} on the nodes",
                               to_string(*facts.python), to_string(control.ansible_core),
                               oldest.major, oldest.minor),
                   "upgrade its operating system, or use an older ansible-core here"};
}

Fault no_openmpi(const Facts& facts, const Inventory& inventory) {
  const bool narrow = facts.architecture == "armhf" || facts.architecture == "i386";
  const bool wanted = inventory.mpi == MpiImplementation::openmpi;
  if (!narrow || !wanted || openmpi_version(facts).major < 5) return {};
  return HostError{"no_openmpi",
                   fmt::format("{} has no Open MPI for the 32-bit architecture {}",
                               release_name(facts), facts.architecture),
                   "install a 64-bit image there"};
}

/// What the packages that are still missing take, in MiB.
std::uint64_t space_needed(const Facts& facts, bool builds) {
  const auto has = [&](const char* package) { return facts.packages.contains(package); };
  if (builds && !(has("g++") && has("libopenmpi-dev"))) return space_for_compilers;
  return has("openmpi-bin") ? space_for_upkeep : space_for_runtime;
}

Fault no_space(const Facts& facts, bool builds) {
  const std::uint64_t free = facts.disk_free_kib / 1024;
  const std::uint64_t needed = space_needed(facts, builds);
  if (free >= needed) return {};
  return HostError{
      "no_space",
      fmt::format("has {} MiB free below /usr and /var, but {} MiB are needed{}", free, needed,
                  builds && needed == space_for_compilers ? " to compile there" : ""),
      "there: sudo apt-get clean, remove what is not needed, or use a larger disk"};
}

/// Host name that nodes give themselves, in lower case -> hosts of the inventory.
using SelfNames = std::map<std::string, std::vector<std::string>>;

SelfNames self_names(const Inventory& inventory, const FleetFacts& facts) {
  SelfNames names;
  for (const Host& host : inventory.hosts)
    if (const auto known = facts.find(host.name); known != facts.end())
      names[lower_case(known->second.hostname)].push_back(host.name);
  return names;
}

Fault duplicate_hostname(const Host& host, const Facts& facts, const SelfNames& names) {
  const std::string own = lower_case(facts.hostname);
  std::vector<std::string> others = names.at(own);
  std::erase(others, host.name);
  const std::string_view wanted = short_name(host.name);
  // Of a clone and its original, only the clone has to change.
  if (own.empty() || others.empty() || own == lower_case(wanted)) return {};
  return HostError{"duplicate_hostname",
                   fmt::format("calls itself '{}', and so {} {}", facts.hostname,
                               others.size() == 1 ? "does" : "do", fold_hostlist(others)),
                   fmt::format("clustermpi up --set-hostnames names all hosts as the inventory "
                               "does; or there: sudo hostnamectl set-hostname {}",
                               wanted)};
}

/// Addresses in the wrong order: what is meant for one host would be done to another.
Fault wrong_host(const Host& host, const Facts& facts, const Inventory& inventory,
                 const SelfNames& names) {
  if (names.at(lower_case(facts.hostname)).size() > 1) return {};  // duplicate_hostname() has it
  for (const Host& other : inventory.hosts) {
    const bool is_other = lower_case(facts.hostname) == lower_case(short_name(other.name));
    if (!is_other || other.name == host.name || facts.hostname.empty()) continue;
    return HostError{
        "wrong_host",
        fmt::format("at {} answers a host that calls itself '{}', and so is another host "
                    "of the inventory called",
                    host.address, facts.hostname),
        "compare names and addresses in the inventory"};
  }
  return {};
}

/// One user runs the jobs on all hosts, with one key: mpirun logs in elsewhere under its own name.
Fault user_differs(const Host& host, const Inventory& inventory) {
  const std::string& runner = inventory.manager_host().user;
  if (host.user == runner) return {};
  return HostError{
      "user_differs",
      fmt::format("its user is {}, but jobs run as the manager's user {}", host.user, runner),
      fmt::format("make a user {} there, and take `user` away from that host", runner)};
}

std::vector<Fault> faults_of(const Host& host, const Facts& facts, const Inventory& inventory,
                             const ControlMachine& control, const SelfNames& names, bool builds) {
  if (auto unsupported = unsupported_os(facts))
    return {unsupported};  // the rest means nothing there
  return {no_sudo(facts),
          clock_skew(facts),
          python_too_old(facts, control),
          no_openmpi(facts, inventory),
          no_space(facts, builds),
          duplicate_hostname(host, facts, names),
          wrong_host(host, facts, inventory, names),
          user_differs(host, inventory)};
}

/// What no host can be blamed for.
std::vector<Finding> cluster_faults(const Inventory& inventory) {
  std::vector<Finding> findings;
  if (inventory.manager_host().user == "root") {
    findings.push_back({"",
                        {"root_user", "jobs cannot run as root: mpirun refuses to",
                         "give an ordinary user with sudo as `user` below [cluster]"}});
  }
  if (inventory.mpi == MpiImplementation::mpich) {
    findings.push_back({"",
                        {"no_mpich", "MPICH cannot be installed yet",
                         "take `implementation` away below [mpi]: Open MPI is the default"}});
  }
  return findings;
}

/// Hosts of one architecture whose Open MPIs cannot talk to each other.
std::vector<Finding> mixed_openmpi(const Inventory& inventory, const FleetFacts& facts) {
  if (inventory.mpi != MpiImplementation::openmpi) return {};
  std::map<std::string, std::map<std::pair<int, int>, std::vector<std::string>>> series;
  for (const Host& host : inventory.hosts) {
    const auto known = facts.find(host.name);
    if (known == facts.end()) continue;
    const Version version = openmpi_version(known->second);
    if (version != Version{})
      series[known->second.architecture][{version.major, version.minor}].push_back(host.name);
  }
  std::vector<Finding> findings;
  for (const auto& [architecture, versions] : series) {
    if (versions.size() < 2) continue;
    std::string list;
    for (const auto& [version, hosts] : versions)
      list += fmt::format("{}{}.{} on {}", list.empty() ? "" : ", ", version.first, version.second,
                          fold_hostlist(hosts));
    findings.push_back(
        {"",
         {"mixed_openmpi",
          fmt::format("the {} hosts have Open MPIs that cannot talk to each other: {}",
                      architecture, list),
          "give them one release of the operating system, or choose hosts with --limit"}});
  }
  return findings;
}

}  // namespace

std::vector<Finding> check_fleet(const Inventory& inventory, const FleetFacts& facts,
                                 const ControlMachine& control) {
  std::set<std::string> builders;
  for (const BuildGroup& group : build_groups(inventory, facts)) builders.insert(group.builder);
  const SelfNames names = self_names(inventory, facts);
  std::vector<Finding> findings;
  for (const Host& host : inventory.hosts) {
    const auto known = facts.find(host.name);
    if (known == facts.end()) continue;
    const bool builds = builders.contains(host.name);
    for (Fault& found : faults_of(host, known->second, inventory, control, names, builds))
      if (found) findings.push_back({host.name, *std::move(found)});
  }
  for (Finding& finding : cluster_faults(inventory)) findings.push_back(std::move(finding));
  for (Finding& finding : mixed_openmpi(inventory, facts)) findings.push_back(std::move(finding));
  return findings;
}

std::vector<std::string> misnamed_hosts(const Inventory& inventory, const FleetFacts& facts) {
  const SelfNames names = self_names(inventory, facts);
  std::vector<std::string> misnamed;
  for (const Host& host : inventory.hosts) {
    const auto known = facts.find(host.name);
    if (known == facts.end() || known->second.hostname == short_name(host.name)) continue;
    if (!wrong_host(host, known->second, inventory, names)) misnamed.push_back(host.name);
  }
  return misnamed;
}

}  // namespace clustermpi
