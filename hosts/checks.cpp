#include "hosts/checks.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <map>
#include <set>

#include "hosts/hostlist.hpp"
#include "hosts/mpi.hpp"
#include "hosts/names.hpp"
#include "hosts/slurm_conf.hpp"
#include "hosts/writers.hpp"

namespace clustermpi {
namespace {

constexpr double most_clock_skew = 30;  // seconds; munge and TLS begin to fail not much later

// Downloads and unpacked files on bookworm, rounded up generously.
constexpr std::uint64_t space_for_runtime = 700;     // MiB: an MPI and what it depends on
constexpr std::uint64_t space_for_compilers = 1200;  // MiB: g++ and the headers as well
constexpr std::uint64_t space_for_slurm = 200;       // MiB: its daemons and commands
constexpr std::uint64_t space_for_accounting = 400;  // MiB: MariaDB, and its files before any job
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
  if (!narrow || !wanted || mpi_version(facts, inventory.mpi).major < 5) return {};
  return HostError{
      "no_openmpi",
      fmt::format("{} has no Open MPI for the 32-bit architecture {}", release_name(facts),
                  facts.architecture),
      "install a 64-bit image there, or take MPICH: `implementation = \"mpich\"` below [mpi]"};
}

/// What the packages that are still missing take, in MiB.
struct SpaceNeeded {
  std::uint64_t mib = 0;
  std::vector<std::string_view> uses;
};

SpaceNeeded space_needed(const Host& host, const Facts& facts, const Inventory& inventory,
                         bool builds) {
  const auto has = [&](std::string_view package) {
    return facts.packages.contains(std::string(package));
  };
  SpaceNeeded needed;
  const MpiNames& mpi = mpi_names(inventory.mpi);
  if (builds && !(has("g++") && has(mpi.headers)))
    needed = {space_for_compilers, {"compile there"}};
  else if (!has(mpi.runtime))
    needed = {space_for_runtime, {}};
  if (inventory.slurm && !has("slurm-client")) {
    needed.mib += space_for_slurm;
    needed.uses.emplace_back("run Slurm");
  }
  const bool keeps_record =
      inventory.slurm && inventory.slurm->accounting && host.name == inventory.manager;
  if (keeps_record && !has("slurmdbd")) {
    needed.mib += space_for_accounting;
    needed.uses.emplace_back("keep its data base");
  }
  needed.mib = std::max(needed.mib, space_for_upkeep);
  return needed;
}

Fault no_space(const Host& host, const Facts& facts, const Inventory& inventory, bool builds) {
  const std::uint64_t free = facts.disk_free_kib / 1024;
  const SpaceNeeded needed = space_needed(host, facts, inventory, builds);
  if (free >= needed.mib) return {};
  return HostError{
      "no_space",
      fmt::format("has {} MiB free below /usr and /var, but {} MiB are needed{}{}", free,
                  needed.mib, needed.uses.empty() ? "" : " to ", fmt::join(needed.uses, ", to ")),
      "there: sudo apt-get clean, remove what is not needed, or use a larger disk"};
}

/// Slurm starts a job under the number that its user has on the manager, and a file that is shared
/// belongs to a number.
Fault uid_differs(const Host& host, const Facts& facts, const Inventory& inventory,
                  const FleetFacts& fleet) {
  const auto manager = fleet.find(inventory.manager);
  const bool matters = inventory.slurm || inventory.storage;
  if (!matters || manager == fleet.end() || host.user != inventory.manager_host().user) return {};
  const std::uint32_t wanted = manager->second.uid;
  if (facts.uid == wanted || facts.uid == 0 || wanted == 0) return {};  // 0: root, or not known
  const std::string why = inventory.slurm ? "Slurm starts jobs by the number"
                                          : fmt::format("files in {} belong to the number",
                                                        inventory.storage->directory);
  return HostError{"uid_differs",
                   fmt::format("its user {} has the number {}, but {} on the manager {}: {}",
                               host.user, facts.uid, wanted, inventory.manager, why),
                   fmt::format("there, as root, with {} logged out: usermod -u {} {}", host.user,
                               wanted, host.user)};
}

/// Raspberry Pi OS of 32 bits starts a 64-bit kernel on the boards that can. All works, apart from
/// jobs together with 64-bit hosts.
Fault narrow_userland(const Facts& facts) {
  const bool wide = facts.machine == "aarch64" || facts.machine == "x86_64";
  const bool narrow = facts.architecture == "armhf" || facts.architecture == "i386";
  if (!wide || !narrow) return {};
  return HostError{
      "narrow_userland",
      fmt::format("has a 64-bit kernel below a 32-bit system ({}): no MPI job of it spans 64-bit "
                  "hosts, and no process gets more than 4 GiB",
                  facts.architecture),
      "install a 64-bit image there when you have the time"};
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

std::vector<Fault> faults_of(const Host& host, const FleetFacts& fleet, const Inventory& inventory,
                             const ControlMachine& control, const SelfNames& names, bool builds) {
  const Facts& facts = fleet.at(host.name);
  if (auto unsupported = unsupported_os(facts))
    return {unsupported};  // the rest means nothing there
  return {no_sudo(facts),
          clock_skew(facts),
          python_too_old(facts, control),
          no_openmpi(facts, inventory),
          no_space(host, facts, inventory, builds),
          duplicate_hostname(host, facts, names),
          wrong_host(host, facts, inventory, names),
          user_differs(host, inventory),
          uid_differs(host, facts, inventory, fleet)};
}

/// What no host can be blamed for.
std::vector<Finding> cluster_faults(const Inventory& inventory) {
  std::vector<Finding> findings;
  if (inventory.manager_host().user == "root") {
    findings.push_back({"",
                        {"root_user", "jobs cannot run as root: mpirun refuses to",
                         "give an ordinary user with sudo as `user` below [cluster]"}});
  }
  return findings;
}

/// Hosts by the release of some program, "4.1".
using Releases = std::map<std::string, std::vector<std::string>, decltype(&natural_less)>;

std::string list_of(const Releases& releases) {
  std::string list;
  for (const auto& [release, hosts] : releases)
    list += fmt::format("{}{} on {}", list.empty() ? "" : ", ", release, fold_hostlist(hosts));
  return list;
}

/// Hosts of one architecture whose MPIs cannot talk to each other.
std::vector<Finding> mixed_mpi(const Inventory& inventory, const FleetFacts& facts) {
  const MpiNames& mpi = mpi_names(inventory.mpi);
  std::map<std::string, Releases> architectures;
  for (const Host& host : inventory.hosts) {
    const auto known = facts.find(host.name);
    if (known == facts.end()) continue;
    const Version version = mpi_version(known->second, inventory.mpi);
    auto& releases =
        architectures.try_emplace(known->second.architecture, &natural_less).first->second;
    if (version != Version{})
      releases[fmt::format("{}.{}", version.major, version.minor)].push_back(host.name);
  }
  std::vector<Finding> findings;
  for (const auto& [architecture, releases] : architectures) {
    if (releases.size() < 2) continue;
    findings.push_back(
        {"",
         {fmt::format("mixed_{}", mpi.key),
          fmt::format("the {} hosts have {}s that cannot talk to each other: {}", architecture,
                      mpi.title, list_of(releases)),
          "give them one release of the operating system, or choose hosts with --limit"}});
  }
  return findings;
}

/// A rank that is through with its connections waits for the others by PMI and serves its network
/// no more, while one of those still waits for its answer: pmodels/mpich#6596. Seen with 4.0 and
/// two ranks on each of two hosts, in most of the runs, and not with 4.2; no setting of MPICH's or
/// UCX's that was tried helps.
std::vector<Finding> hanging_mpich(const Inventory& inventory, const FleetFacts& facts) {
  if (inventory.mpi != MpiImplementation::mpich) return {};
  std::vector<std::string> hosts;
  for (const Host& host : inventory.hosts) {
    const auto known = facts.find(host.name);
    if (known == facts.end()) continue;
    const Version version = mpi_version(known->second, inventory.mpi);
    if (version != Version{} && version < Version{4, 2, 0}) hosts.push_back(host.name);
  }
  if (hosts.empty()) return {};
  return {{"",
           {"hanging_mpich",
            fmt::format("jobs with several ranks on each of several hosts often hang in "
                        "MPI_Finalize: a fault of MPICH before 4.2, which {} {}",
                        fold_hostlist(hosts), hosts.size() == 1 ? "has" : "have"),
            "Debian 13 and Ubuntu 24.04 have MPICH 4.2; or take Open MPI: leave `implementation` "
            "out of [mpi]"},
           false}};
}

/// Slurm's daemons talk to those of a few other releases only, and one slurm.conf is for all.
std::vector<Finding> mixed_slurm(const Inventory& inventory, const FleetFacts& facts) {
  if (!inventory.slurm) return {};
  Releases releases(&natural_less);
  for (const Host& host : inventory.hosts) {
    const auto known = facts.find(host.name);
    if (known == facts.end()) continue;
    const Version version = slurm_version(known->second);
    if (version != Version{}) releases[slurm_release(version)].push_back(host.name);
  }
  if (releases.size() < 2) return {};
  return {{"",
           {"mixed_slurm",
            fmt::format("the hosts have Slurms that do not work together: {}", list_of(releases)),
            "give them one release of the operating system, or take those of the other out of the "
            "inventory, or [slurm]"}}};
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
    for (Fault& found : faults_of(host, facts, inventory, control, names, builds))
      if (found) findings.push_back({host.name, *std::move(found)});
    if (Fault found = narrow_userland(known->second))
      findings.push_back({host.name, *std::move(found), false});
  }
  for (Finding& finding : cluster_faults(inventory)) findings.push_back(std::move(finding));
  for (Finding& finding : mixed_mpi(inventory, facts)) findings.push_back(std::move(finding));
  for (Finding& finding : hanging_mpich(inventory, facts)) findings.push_back(std::move(finding));
  for (Finding& finding : mixed_slurm(inventory, facts)) findings.push_back(std::move(finding));
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
