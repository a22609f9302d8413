// Lists of names as slurm.conf can hold them.
#pragma once

#include <span>
#include <string>

namespace clustermpi {

/// "red,red[01-03]": the names in the order given, so that two lists can be read in step (NodeName
/// and NodeAddr). Only the number at the end of a name is folded, as Slurm allows nothing after a
/// bracket, and no range holds more than 65,536 names, Slurm's limit. Addresses fold likewise:
/// "10.0.0.[1-4]".
[[nodiscard]] std::string slurm_hostlist(std::span<const std::string> names);

}  // namespace clustermpi
