# clustermpi_precompile(TARGET HEADER...): what most files of a target include is read once, which halves the time
# of a build. Files include what they use all the same: clang-tidy reads them without this (scripts/tidy.py).
function(clustermpi_precompile target)
  target_precompile_headers(${target} PRIVATE <algorithm> <chrono> <filesystem> <functional> <map> <optional>
                            <string> <vector> <fmt/format.h> <nlohmann/json.hpp> ${ARGN})
endfunction()
