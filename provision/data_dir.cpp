#include "provision/data_dir.hpp"

#include <fmt/format.h>

#include <cstdlib>
#include <system_error>

#include "hosts/error.hpp"

namespace clustermpi {
namespace {

namespace fs = std::filesystem;

bool holds_data(const fs::path& folder) {
  std::error_code ignored;
  return fs::is_directory(folder / "playbooks", ignored);
}

fs::path beside_the_program() {
  std::error_code failed;
  const fs::path program = fs::read_symlink("/proc/self/exe", failed);
  return program.parent_path().parent_path() / "share" / "clustermpi";
}

}  // namespace

fs::path data_dir() {
  if (const char* wanted = std::getenv("CLUSTERMPI_DATA_DIR");
      wanted != nullptr && *wanted != '\0') {
    if (holds_data(wanted)) return wanted;
    // Falling back to another folder would hide the mistake.
    throw Error(
        ExitCode::local_failure,
        fmt::format("CLUSTERMPI_DATA_DIR is {}, which has no playbooks/ in it", wanted),
        "set it to the folder that holds playbooks/, templates/ and examples/, or unset it");
  }
  const fs::path installed = beside_the_program();
  if (holds_data(installed)) return installed;
  if (const fs::path source = CLUSTERMPI_SOURCE_DIR; holds_data(source)) return source;
  throw Error(ExitCode::local_failure,
              fmt::format("the playbooks are neither in {} nor in {}", installed.string(),
                          CLUSTERMPI_SOURCE_DIR),
              "install clustermpi again, or set CLUSTERMPI_DATA_DIR to the folder that holds them");
}

}  // namespace clustermpi
