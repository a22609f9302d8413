// Hostlists as the programs that read them take them: each reads less than we do, and what it does
// not know it often misreads without a word.
#pragma once

#include <array>
#include <optional>
#include <span>
#include <string>
#include <string_view>

namespace clustermpi {

enum class HostlistReader {
  slurm,        ///< nothing after a bracket, at most 65,536 names a range
  pdsh,         ///< at most two brackets a name and 16,384 names a range
  clustershell  ///< all that fold_hostlist() writes
};

struct HostlistReaderName {
  HostlistReader reader;
  std::string_view name;
};
inline constexpr std::array hostlist_reader_names{
    HostlistReaderName{HostlistReader::slurm, "slurm"},
    HostlistReaderName{HostlistReader::pdsh, "pdsh"},
    HostlistReaderName{HostlistReader::clustershell, "clustershell"},
};

[[nodiscard]] constexpr std::optional<HostlistReader> hostlist_reader_of(std::string_view name) {
  for (const HostlistReaderName& each : hostlist_reader_names)
    if (each.name == name) return each.reader;
  return {};
}

/// A list of `names` for that program to read, in natural order where that folds as well as
/// another, duplicates dropped. None of them
/// takes steps everywhere: none are written.
[[nodiscard]] std::string fold_for(HostlistReader reader, std::span<const std::string> names);

/// The same for Slurm with the names in the order given, each as often as it is there, so that two
/// lists can be read in step: NodeName and NodeAddr. Addresses fold likewise: "10.0.0.[1-4]".
[[nodiscard]] std::string slurm_hostlist(std::span<const std::string> names);

}  // namespace clustermpi
