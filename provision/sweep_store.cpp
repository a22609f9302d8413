#include "provision/sweep_store.hpp"

#include <fmt/format.h>

#include <stdexcept>

#include "hosts/error.hpp"
#include "provision/files.hpp"

namespace fs = std::filesystem;

namespace clustermpi {

SweepRecord SweepStore::load() const {
  SweepRecord record;
  try {
    record = parse_sweep_record(read_file_if_exists(file()).value_or(""));
  } catch (const std::invalid_argument& error) {
    throw Error(ExitCode::local_failure,
                fmt::format("{} is damaged: {}", file().string(), error.what()),
                "--fresh starts the sweep over");
  }
  size_ = record.whole_size;
  return record;
}

void SweepStore::begin(const SweepDefinition& definition) {
  std::error_code error;
  fs::create_directories(folder_, error);
  if (error) {
    throw Error(ExitCode::local_failure,
                fmt::format("cannot make {}: {}", folder_.string(), error.message()));
  }
  const std::string line = definition_line(definition);
  write_file(file(), line);
  size_ = line.size();
}

void SweepStore::append(const SweepRun& run) {
  const std::string line = run_line(run);
  append_to_file(file(), size_, line);
  size_ += line.size();
}

}  // namespace clustermpi
