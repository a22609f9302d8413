#include "provision/lab/store.hpp"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/file.h>
#include <sys/stat.h>

#include <algorithm>
#include <cerrno>
#include <nlohmann/json.hpp>
#include <system_error>

#include "hosts/error.hpp"
#include "provision/files.hpp"

namespace clustermpi::lab {
namespace {

namespace fs = std::filesystem;

[[noreturn]] void fail(std::string_view doing, const fs::path& path, int error) {
  throw Error(ExitCode::local_failure, fmt::format("cannot {} {}: {}", doing, path.string(),
                                                   std::generic_category().message(error)));
}

/// False where the folder was removed, and perhaps made anew, while we waited for its lock.
bool still_there(const fs::path& folder, int fd) {
  struct stat by_name {};
  struct stat by_fd {};
  return ::stat(folder.c_str(), &by_name) == 0 && ::fstat(fd, &by_fd) == 0 &&
         by_name.st_ino == by_fd.st_ino && by_name.st_dev == by_fd.st_dev;
}

nlohmann::json to_json(const LabRecord& record) {
  nlohmann::json nodes = nlohmann::json::array();
  for (const NodeRecord& node : record.nodes) {
    nodes.push_back({{"name", node.name},
                     {"address", node.address},
                     {"suite", node.suite},
                     {"arch", node.arch},
                     {"rate_bits", node.rate_bits}});
  }
  return {{"name", record.name},
          {"network", record.network},
          {"inventory", record.inventory.string()},
          {"complete", record.complete},
          {"slurm", record.slurm},
          {"nodes", std::move(nodes)}};
}

LabRecord from_json(const nlohmann::json& json) {
  LabRecord record;
  record.name = json.at("name");
  record.network = json.at("network");
  record.inventory = json.at("inventory").get<std::string>();
  record.complete = json.at("complete");
  record.slurm = json.value("slurm", false);  // labs of earlier versions have none
  for (const nlohmann::json& node : json.at("nodes")) {
    record.nodes.push_back({node.at("name"), node.at("address"), node.at("suite"), node.at("arch"),
                            node.at("rate_bits")});
  }
  return record;
}

}  // namespace

FolderLock FolderLock::wait(const fs::path& folder) {
  for (;;) {
    std::error_code failed;
    fs::create_directories(folder, failed);
    if (failed) fail("make", folder, failed.value());
    Descriptor fd(::open(folder.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
    if (!fd.is_open()) {
      if (errno == ENOENT) continue;
      fail("open", folder, errno);
    }
    while (::flock(fd.get(), LOCK_EX) != 0) {
      if (errno != EINTR) fail("lock", folder, errno);
    }
    if (still_there(folder, fd.get())) return FolderLock(std::move(fd));
  }
}

std::optional<FolderLock> FolderLock::try_now(const fs::path& folder) {
  Descriptor fd(::open(folder.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  if (!fd.is_open()) fail("open", folder, errno);
  if (::flock(fd.get(), LOCK_EX | LOCK_NB) != 0) {
    if (errno == EWOULDBLOCK) return std::nullopt;
    fail("lock", folder, errno);
  }
  if (!still_there(folder, fd.get())) return std::nullopt;
  return FolderLock(std::move(fd));
}

Store::Store(fs::path home) : home_(std::move(home)) {}

fs::path Store::lab_folder(const std::string& lab) const {
  return labs_folder() / lab;
}

fs::path Store::node_folder(const std::string& lab, const std::string& node) const {
  return lab_folder(lab) / node;
}

std::vector<std::string> Store::names() const {
  std::vector<std::string> names;
  std::error_code none;
  for (const auto& entry : fs::directory_iterator(labs_folder(), none)) {
    names.push_back(entry.path().filename().string());
  }
  std::sort(names.begin(), names.end());
  return names;
}

std::optional<LabRecord> Store::load(const std::string& lab) const {
  if (!fs::is_directory(lab_folder(lab))) return std::nullopt;
  const fs::path file = lab_folder(lab) / "state.json";
  const auto text = read_file_if_exists(file);
  if (!text)
    return LabRecord{.name = lab, .network = {}, .inventory = {}, .complete = false, .nodes = {}};
  try {
    return from_json(nlohmann::json::parse(*text));
  } catch (const nlohmann::json::exception&) {
    throw Error(ExitCode::local_failure,
                fmt::format("{} cannot be read: it is not what `lab up` wrote", file.string()),
                "restore the file from a backup, or clear the lab away by hand");
  }
}

void Store::save(const LabRecord& record) const {
  write_file(lab_folder(record.name) / "state.json", to_json(record).dump(2) + "\n");
}

}  // namespace clustermpi::lab
