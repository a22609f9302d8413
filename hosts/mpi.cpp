#include "hosts/mpi.hpp"

#include <map>
#include <optional>
#include <string>

namespace clustermpi {
namespace {

// Others bring an mpiexec.hydra of their own, Intel's among them, and its folder stands early in
// PATH.
constexpr MpiNames open_mpi{"Open MPI",       "openmpi",        "openmpi-bin",
                            "libopenmpi-dev", "mpirun.openmpi", "mpicxx.openmpi"};
constexpr MpiNames mpich{"MPICH",       "mpich", "mpich", "libmpich-dev", "/usr/bin/mpiexec.hydra",
                         "mpicxx.mpich"};

struct Released {
  Version release;  ///< of the distribution: this one and later ones
  Version open_mpi;
  Version mpich;
};

constexpr Released debian[] = {{{13, 0, 0}, {5, 0, 0}, {4, 2, 0}},
                               {{12, 0, 0}, {4, 1, 0}, {4, 0, 0}},
                               {{0, 0, 0}, {4, 1, 0}, {3, 4, 0}}};
constexpr Released ubuntu[] = {{{25, 4, 0}, {5, 0, 0}, {4, 2, 0}},
                               {{24, 4, 0}, {4, 1, 0}, {4, 2, 0}},
                               {{22, 4, 0}, {4, 1, 0}, {4, 0, 0}},
                               {{0, 0, 0}, {4, 0, 0}, {3, 3, 0}}};

template <std::size_t count>
Version released(const Released (&table)[count], const Version& release, MpiImplementation mpi) {
  for (const Released& row : table)
    if (release >= row.release) return mpi == MpiImplementation::mpich ? row.mpich : row.open_mpi;
  return {};
}

Version version_of_release(const Facts& facts, MpiImplementation mpi) {
  // Debian testing has no VERSION_ID and is ahead of all that have one.
  const Version unnumbered{99, 0, 0};
  const Version release =
      facts.os_version.empty() ? unnumbered : parse_version(facts.os_version).value_or(Version{});
  if (facts.os_id == "debian" || facts.os_id == "raspbian") return released(debian, release, mpi);
  if (facts.os_id == "ubuntu") return released(ubuntu, release, mpi);
  return {};
}

std::optional<Version> version_in(const std::map<std::string, std::string>& packages,
                                  MpiImplementation mpi) {
  const auto at = packages.find(std::string(mpi_names(mpi).runtime));
  return at == packages.end() ? std::nullopt : parse_version(at->second);
}

}  // namespace

const MpiNames& mpi_names(MpiImplementation mpi) {
  return mpi == MpiImplementation::mpich ? mpich : open_mpi;
}

Version mpi_version(const Facts& facts, MpiImplementation mpi) {
  if (const auto installed = version_in(facts.packages, mpi)) return *installed;
  if (const auto candidate = version_in(facts.candidates, mpi)) return *candidate;
  return version_of_release(facts, mpi);
}

}  // namespace clustermpi
