#include "provision/lab/host_settings.hpp"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/mount.h>
#include <unistd.h>

#include <cerrno>
#include <cstdlib>
#include <nlohmann/json.hpp>
#include <system_error>

#include "hosts/error.hpp"
#include "provision/descriptor.hpp"
#include "provision/files.hpp"
#include "provision/lab/mounts.hpp"

namespace clustermpi::lab {
namespace {

namespace fs = std::filesystem;

constexpr const char* netns_folder = "/run/netns";
constexpr unsigned long inotify_instances =
    1024;  ///< the default of 128 is used up by a dozen nodes

/// A kernel file takes its value in one write, and cannot be replaced by a rename.
int write_kernel_file(const fs::path& path, std::string_view value) {
  const Descriptor fd(::open(path.c_str(), O_WRONLY | O_CLOEXEC));
  if (!fd.is_open()) return errno;
  return ::write(fd.get(), value.data(), value.size()) < 0 ? errno : 0;
}

void set_or_throw(const fs::path& path, std::string_view value) {
  if (const int error = write_kernel_file(path, value); error != 0) {
    throw Error(ExitCode::local_failure,
                fmt::format("cannot set {} to {}: {}", path.string(), value,
                            std::generic_category().message(error)));
  }
}

std::string first_line(const std::string& text) {
  return text.substr(0, text.find('\n'));
}

/// Not the name that Debian's package registers: ours is looked at first, and goes with the labs.
std::string handler_name(const std::string& arch) {
  return "clustermpi-" + arch;
}

/// The line with the magic bytes, as Debian's package has it, under our name and with the flags
/// that a node needs: F, the kernel holds the interpreter open, so that no node needs a copy; C
/// (with O), a setuid program gets its rights, without which there is no sudo.
std::string handler_line(const std::string& arch) {
  const fs::path file =
      fmt::format("/usr/lib/binfmt.d/qemu-{}.conf", arch == "arm64" ? "aarch64" : "x86_64");
  const auto text = read_file_if_exists(file);
  if (!text) {
    throw Error(
        ExitCode::local_failure,
        fmt::format("this machine cannot run {} programs: there is no {}", arch, file.string()),
        "install it: apt-get install qemu-user-static");
  }
  const std::string line = first_line(*text);
  const std::size_t name_end = line.find(':', 1);
  const std::size_t flags = line.rfind(':') + 1;
  const bool keeps_name = line.find('P', flags) != std::string::npos;
  return fmt::format(":{}{}{}", handler_name(arch), line.substr(name_end, flags - name_end),
                     keeps_name ? "POCF" : "OCF");
}

}  // namespace

HostSettings::HostSettings(fs::path record, fs::path sys)
    : record_(std::move(record)), sys_(std::move(sys)) {}

HostSettings::Record HostSettings::load() const {
  Record record;
  const auto text = read_file_if_exists(record_);
  if (!text) return record;
  const nlohmann::json json = nlohmann::json::parse(*text);
  record.sysctls = json.at("sysctls").get<std::map<std::string, std::string>>();
  record.mounted_binfmt = json.at("mounted_binfmt");
  record.made_netns_folder = json.at("made_netns_folder");
  record.handlers = json.at("handlers").get<std::set<std::string>>();
  return record;
}

void HostSettings::save(const Record& record) const {
  const nlohmann::json json = {{"sysctls", record.sysctls},
                               {"mounted_binfmt", record.mounted_binfmt},
                               {"made_netns_folder", record.made_netns_folder},
                               {"handlers", record.handlers}};
  write_file(record_, json.dump(2) + "\n", 0600);
}

void HostSettings::raise(Record& record, const std::string& key, unsigned long at_least) const {
  const fs::path path = sys_ / key;
  const std::string before = first_line(read_file(path));
  if (std::strtoul(before.c_str(), nullptr, 10) >= at_least) return;
  record.sysctls.try_emplace(key, before);
  save(record);
  set_or_throw(path, std::to_string(at_least));
}

void HostSettings::prepare() {
  Record record = load();
  if (!is_mount_point(netns_folder) && !record.made_netns_folder) {
    record.made_netns_folder = true;
    save(record);
  }
  raise(record, "net/ipv4/ip_forward", 1);
  raise(record, "fs/inotify/max_user_instances", inotify_instances);
}

void HostSettings::emulate(const std::string& arch) {
  Record record = load();
  const fs::path binfmt = sys_ / "fs/binfmt_misc";
  if (!fs::exists(binfmt / "register")) {
    record.mounted_binfmt = true;
    save(record);
    if (::mount("binfmt_misc", binfmt.c_str(), "binfmt_misc", 0, nullptr) != 0) {
      throw Error(ExitCode::local_failure,
                  fmt::format("cannot run {} programs: this kernel has no binfmt_misc", arch));
    }
  }
  const std::string name = handler_name(arch);
  if (fs::exists(binfmt / name)) return;
  const std::string line = handler_line(arch);
  record.handlers.insert(name);
  save(record);
  set_or_throw(binfmt / "register", line);
}

void HostSettings::restore() {
  if (!fs::exists(record_)) return;
  const Record record = load();
  for (const auto& [key, before] : record.sysctls) set_or_throw(sys_ / key, before);
  const fs::path binfmt = sys_ / "fs/binfmt_misc";
  for (const std::string& name : record.handlers) {
    if (fs::exists(binfmt / name)) set_or_throw(binfmt / name, "-1");
  }
  if (record.mounted_binfmt) ::umount2(binfmt.c_str(), MNT_DETACH);
  // Somebody else's namespace may be there by now: then the folder stays theirs.
  if (std::error_code none; record.made_netns_folder && fs::is_empty(netns_folder, none) && !none) {
    ::umount2(netns_folder, MNT_DETACH);
    fs::remove(netns_folder, none);
  }
  fs::remove(record_);
}

std::string native_arch() {
#if defined(__aarch64__)
  return "arm64";
#else
  return "amd64";
#endif
}

}  // namespace clustermpi::lab
