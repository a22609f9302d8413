// Where playbooks/, templates/ and examples/ are.
#pragma once

#include <filesystem>

namespace clustermpi {

/// $CLUSTERMPI_DATA_DIR, else share/clustermpi beside the binary's prefix, else the source tree it
/// was built from. Throws Error{local_failure} where none of them has playbooks/.
[[nodiscard]] std::filesystem::path data_dir();

}  // namespace clustermpi
