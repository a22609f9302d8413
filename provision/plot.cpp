#include "provision/plot.hpp"

#include <fmt/format.h>

#include <chrono>

#include "hosts/error.hpp"
#include "provision/files.hpp"
#include "provision/fleet.hpp"
#include "provision/process.hpp"

namespace clustermpi {

void draw(const Plot& plot, const std::filesystem::path& file) {
  ProcessOptions options;
  options.input = gnuplot_script(plot);
  options.timeout = std::chrono::seconds(60);
  const ProcessResult result = run_process({"gnuplot", "-"}, options);
  if (!result.ok() || result.out.empty()) {
    throw Error(ExitCode::local_failure, fmt::format("gnuplot cannot draw {}: {}", file.string(),
                                                     printable(result.err.substr(0, 300))));
  }
  write_file(file, result.out);
}

}  // namespace clustermpi
