#include "provision/workspace.hpp"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/file.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <nlohmann/json.hpp>

#include "hosts/error.hpp"
#include "provision/files.hpp"

namespace fs = std::filesystem;

namespace clustermpi {

namespace {

fs::path folder_of(const fs::path& file) {
  const fs::path parent = fs::absolute(file).parent_path();
  return parent.empty() ? fs::path(".") : parent;
}

/// A file of ours; nothing where there is none.
template <typename Value>
Value load(const fs::path& file, const std::string& hint) {
  const auto text = read_file_if_exists(file);
  if (!text) return {};
  try {
    return nlohmann::json::parse(*text).get<Value>();
  } catch (const std::exception& error) {
    throw Error(ExitCode::local_failure,
                fmt::format("{} is damaged: {}", file.string(), error.what()), hint);
  }
}

}  // namespace

Workspace::Workspace(fs::path inventory_file)
    : inventory_file_(std::move(inventory_file)),
      directory_(folder_of(inventory_file_) / ".clustermpi") {}

fs::path Workspace::programs(std::string_view group) const {
  return path("programs") / group;
}

void Workspace::create() const {
  std::error_code error;
  fs::create_directories(directory_, error);
  if (!error) fs::permissions(directory_, fs::perms::owner_all, error);
  if (error) {
    throw Error(ExitCode::local_failure,
                fmt::format("cannot make {}: {}", directory_.string(), error.message()),
                "the folder of the inventory must be writable");
  }
}

FleetFacts Workspace::load_facts() const {
  return load<FleetFacts>(path("facts.json"), "run `clustermpi discover` to write it anew");
}

void Workspace::save_facts(const FleetFacts& facts) const {
  create();
  write_file(path("facts.json"), nlohmann::json(facts).dump(2) + "\n");
}

Speeds Workspace::load_speeds() const {
  return load<Speeds>(path("speeds.json"), "run `clustermpi verify pi` to write it anew");
}

void Workspace::save_speeds(const Speeds& speeds) const {
  create();
  write_file(path("speeds.json"), nlohmann::json(speeds).dump(2) + "\n");
}

WorkspaceLock::WorkspaceLock(const Workspace& workspace) {
  workspace.create();
  const fs::path file = workspace.path("lock");
  fd_ = open(file.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0600);
  if (fd_ < 0) {
    throw Error(ExitCode::local_failure,
                fmt::format("cannot open {}: {}", file.string(), std::strerror(errno)));
  }
  if (flock(fd_, LOCK_EX | LOCK_NB) != 0) {
    std::string holder = read_file_if_exists(file).value_or("");
    while (!holder.empty() && holder.back() == '\n') holder.pop_back();
    close(fd_);
    throw Error(ExitCode::local_failure,
                fmt::format("another clustermpi run (process {}) is at work on {}", holder,
                            workspace.inventory_file().string()),
                "wait for it to end, or end it with Ctrl-C; two runs on one inventory would undo "
                "each other");
  }
  const std::string mine = fmt::format("{}\n", getpid());
  if (ftruncate(fd_, 0) != 0 || write(fd_, mine.data(), mine.size()) < 0) {
    close(fd_);
    throw Error(ExitCode::local_failure,
                fmt::format("cannot write {}: {}", file.string(), std::strerror(errno)));
  }
}

WorkspaceLock::~WorkspaceLock() {
  close(fd_);
}

Inventory load_inventory(const fs::path& file) {
  const auto text = read_file_if_exists(file);
  if (!text) {
    throw Error(ExitCode::inventory_invalid, fmt::format("there is no inventory {}", file.string()),
                "write one with `clustermpi init 'red,red0[1-3]'`, or name yours with -i FILE");
  }
  ParsedInventory parsed = parse_inventory(*text, file.string());
  if (!parsed.diagnostics.empty()) {
    std::string all;
    for (const Diagnostic& diagnostic : parsed.diagnostics) all += render(diagnostic) + "\n";
    while (!all.empty() && all.back() == '\n') all.pop_back();
    throw Error(ExitCode::inventory_invalid, all);
  }
  return std::move(parsed.inventory);
}

}  // namespace clustermpi
