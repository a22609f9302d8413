// Which Slurm a host has, and where that one keeps its files.
#include <fmt/format.h>

#include "hosts/slurm_conf.hpp"

namespace clustermpi {
namespace {

/// What the release carries; zero where we do not know the release.
Version slurm_of_release(const Facts& facts) {
  const Version release = parse_version(facts.os_version).value_or(Version{});
  if (facts.os_id == "debian" || facts.os_id == "raspbian") {
    // Debian testing has no VERSION_ID and is ahead of all that have one.
    if (release.major >= 13 || facts.os_version.empty()) return {24, 11, 0};
    return release.major == 12 ? Version{22, 5, 0} : Version{20, 11, 0};
  }
  if (facts.os_id == "ubuntu") {
    if (release >= Version{25, 4, 0}) return {24, 11, 0};
    if (release >= Version{24, 4, 0}) return {23, 11, 0};
    return release >= Version{22, 4, 0} ? Version{21, 8, 0} : Version{19, 5, 0};
  }
  return {};
}

}  // namespace

Version slurm_version(const Facts& facts) {
  for (const auto* packages : {&facts.packages, &facts.candidates})
    for (const char* package : {"slurm-client", "slurmd", "slurmctld"})
      if (const auto at = packages->find(package); at != packages->end())
        if (const auto version = parse_version(at->second)) return *version;
  return slurm_of_release(facts);
}

std::string slurm_release(const Version& version) {
  return fmt::format("{}.{:02}", version.major, version.minor);
}

std::string slurm_config_dir(const Facts& facts) {
  // Debian's packages had the -llnl for as long as another program was called slurm.
  return slurm_version(facts) < Version{20, 0, 0} ? "/etc/slurm-llnl" : "/etc/slurm";
}

}  // namespace clustermpi
