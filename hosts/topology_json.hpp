// Topology as JSON, twice: short for .clustermpi/facts.json, where a thousand nodes lie, and plain
// for those who read `clustermpi facts --topology --json`.
#pragma once

#include <nlohmann/json_fwd.hpp>
#include <optional>

#include "hosts/topology.hpp"

namespace clustermpi {

/// Cores and caches that continue each other are one line of numbers:
///
///   {"packages": "0-1", "numas": "0-1", "forbidden": "",
///    "cores": ["0 0 0 64 1 0,128", "1 1 0 64 1 64,192"],   package, NUMA node, kind, how many,
///                                                          step, threads of the first
///    "caches": ["3 u 32768 0 8 16"]}                       level, type, KiB, first core, cores
///                                                          of one, how many
[[nodiscard]] nlohmann::json short_json(const Topology& topology);

/// The inverse of short_json(); nothing where `json` is none of its.
[[nodiscard]] std::optional<Topology> topology_of_json(const nlohmann::json& json);

/// {"packages": [{"logical", "physical", "cores": [...]}], "numas": the same, "cores":
/// [{"logical", "package", "numa", "kind", "threads": [physical]}], "caches": [{"level", "type",
/// "size_kib", "cores"}], "forbidden": [physical]}. Cores are named by their logical numbers.
[[nodiscard]] nlohmann::json plain_json(const Topology& topology);

}  // namespace clustermpi
