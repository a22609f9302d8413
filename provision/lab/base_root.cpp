#include "provision/lab/base_root.hpp"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/file.h>
#include <sys/stat.h>

#include <array>
#include <cerrno>
#include <cstdlib>
#include <map>
#include <system_error>

#include "hosts/error.hpp"
#include "provision/descriptor.hpp"
#include "provision/files.hpp"
#include "provision/lab/events.hpp"
#include "provision/lab/host_settings.hpp"
#include "provision/lab/mounts.hpp"
#include "provision/lab/processes.hpp"
#include "provision/process.hpp"

namespace clustermpi::lab {
namespace {

namespace fs = std::filesystem;

/// What a host has that answers ssh, and no more: bare nodes are what we want to prove ourselves
/// on.
constexpr const char* packages =
    "systemd,systemd-sysv,dbus,openssh-server,sudo,iproute2,ca-certificates,netbase,procps,iputils-"
    "ping";

/// They would hold apt's lock at times of their own choosing.
constexpr std::array<const char*, 2> masked_units{"apt-daily.timer", "apt-daily-upgrade.timer"};

constexpr const char* partial_suffix = ".partial";

/// The maintainer scripts of packages want the sbin folders, which a user's PATH may lack.
const std::map<std::string, std::string> build_environment{
    {"PATH", "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"},
    {"LC_ALL", "C.UTF-8"},
    {"DEBIAN_FRONTEND", "noninteractive"}};

/// One builder a root at a time. The lock file stays: removing it would let two in.
Descriptor lock_build(const fs::path& file, bool wait) {
  Descriptor fd(::open(file.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0644));
  const int mode = wait ? LOCK_EX : LOCK_EX | LOCK_NB;
  while (fd.is_open() && ::flock(fd.get(), mode) != 0) {
    if (errno == EINTR) continue;
    if (!wait && errno == EWOULDBLOCK) return {};
    break;
  }
  if (!fd.is_open()) {
    throw Error(ExitCode::local_failure, fmt::format("cannot open {}: {}", file.string(),
                                                     std::generic_category().message(errno)));
  }
  return fd;
}

void end_build(const fs::path& partial) {
  const auto argument = [&](std::string_view text) {
    return text == partial.string() || text.starts_with(partial.string() + "/");
  };
  kill_all([&] { return processes_with_argument(argument); }, "an abandoned build");
  kill_all([&] { return processes_rooted_in(partial); }, "an abandoned build");
  remove_folder(partial);
}

/// debootstrap tells hundreds of small things ("I: Unpacking libc6..."); a person wants the
/// chapter.
class BuildProgress {
 public:
  BuildProgress(Reporter& reporter, std::string root)
      : reporter_(reporter), root_(std::move(root)) {}

  void on_line(std::string_view line) {
    if (line.starts_with("E: ")) last_error_ = line.substr(3);
    tell(reporter_, Event::Kind::detail, std::string(line));
    const std::string_view told = line.starts_with("I: ") ? line.substr(3) : std::string_view();
    const std::string_view chapter = told.substr(0, told.find(' '));
    if (chapter.empty() || chapter == chapter_) return;
    chapter_ = chapter;
    tell(reporter_, Event::Kind::progress, fmt::format("base root {}: {}", root_, chapter_));
  }
  [[nodiscard]] const std::string& last_error() const { return last_error_; }

 private:
  Reporter& reporter_;
  std::string root_;
  std::string chapter_;
  std::string last_error_;
};

void run_debootstrap(const std::string& suite, const std::string& arch, const AptSetup& apt,
                     const fs::path& partial, Reporter& reporter, CancelToken& cancel) {
  BuildProgress progress(reporter, suite + "-" + arch);
  ProcessOptions options;
  options.environment = build_environment;
  options.cancel = &cancel;
  options.on_stdout_line = [&](std::string_view line) { progress.on_line(line); };
  options.on_stderr_line = options.on_stdout_line;
  const ProcessResult result = run_process(
      {"debootstrap", "--variant=minbase", "--arch=" + arch, std::string("--include=") + packages,
       "--keyring=" + apt.keyring, suite, partial.string(), apt.mirror},
      options);
  if (result.cancelled)
    throw Error(ExitCode::interrupted, "interrupted while building a base root");
  if (!result.ok()) {
    throw Error(
        ExitCode::local_failure,
        fmt::format("debootstrap could not build {} for {} from {}: {}", suite, arch, apt.mirror,
                    progress.last_error().empty() ? fmt::format("exit {}", result.exit_status)
                                                  : progress.last_error()),
        "check that this machine reaches the mirror (apt-get update), then run it again");
  }
}

void run_inside(const fs::path& root, std::vector<std::string> argv) {
  argv.insert(argv.begin(), {"chroot", root.string()});
  ProcessOptions options;
  options.environment = build_environment;
  const ProcessResult result = run_process(argv, options);
  if (!result.ok()) {
    throw Error(ExitCode::local_failure,
                fmt::format("{} failed in the new base root: {}", argv.at(2), result.err));
  }
}

/// qemu's user emulation lacks what systemd hands credentials to services with: every unit that
/// asks for some, among them those that make users and temporary files, would fail.
void spare_credentials(const fs::path& root) {
  const fs::path folder = root / "etc/systemd/system/service.d";
  fs::create_directories(folder);
  write_file(folder / "50-emulated.conf", "[Service]\nLoadCredential=\nImportCredential=\n");
}

/// From a system that debootstrap made to one that many nodes can start from.
void generalize(const fs::path& root) {
  run_inside(root, {"useradd", "--create-home", "--shell", "/bin/bash", "--uid",
                    std::to_string(node_user_id), "--groups", "sudo", node_user});
  write_file(root / "etc/sudoers.d" / node_user,
             fmt::format("{} ALL=(ALL) NOPASSWD: ALL\n", node_user), 0440);
  for (const char* unit : masked_units) {
    fs::create_symlink("/dev/null", root / "etc/systemd/system" / unit);
  }
  // Two nodes with one identity or one host key are no two nodes.
  write_file(root / "etc/machine-id", "", 0444);
  fs::remove(root / "var/lib/dbus/machine-id");
  for (const char* type : {"rsa", "ecdsa", "ed25519"}) {
    const std::string key = fmt::format("etc/ssh/ssh_host_{}_key", type);
    fs::remove(root / key);
    fs::remove(root / (key + ".pub"));
  }
  run_inside(root, {"apt-get", "clean"});
  fs::remove_all(root / "var/lib/apt/lists");
  fs::create_directories(root / "var/lib/apt/lists/partial");
}

}  // namespace

fs::path cache_folder() {
  const char* wanted = std::getenv("CLUSTERMPI_CACHE");
  return wanted != nullptr && *wanted != '\0' ? fs::absolute(wanted)
                                              : fs::path("/var/cache/clustermpi");
}

fs::path base_root(const std::string& suite, const std::string& arch, const AptSetup& apt,
                   Reporter& reporter, CancelToken& cancel) {
  const fs::path roots = cache_folder() / "roots";
  const std::string name = suite + "-" + arch;
  const fs::path root = roots / name;
  if (fs::is_directory(root)) return root;
  fs::create_directories(roots);
  tell(reporter, Event::Kind::progress,
       fmt::format("building the base root {}: once, a minute or several", name));
  const Descriptor lock = lock_build(roots / ("." + name + ".lock"), true);
  if (fs::is_directory(root)) return root;  // somebody else built it while we waited
  const fs::path partial = roots / ("." + name + partial_suffix);
  end_build(partial);
  try {
    run_debootstrap(suite, arch, apt, partial, reporter, cancel);
    generalize(partial);
    if (arch != native_arch()) spare_credentials(partial);
  } catch (const Error&) {
    end_build(partial);
    throw;
  }
  fs::rename(partial, root);
  return root;
}

void clear_abandoned_builds() {
  const fs::path roots = cache_folder() / "roots";
  std::error_code none;
  for (const auto& entry : fs::directory_iterator(roots, none)) {
    const fs::path& partial = entry.path();
    if (partial.extension() != partial_suffix) continue;
    const fs::path lock_file = fs::path(partial).replace_extension(".lock");
    if (const Descriptor lock = lock_build(lock_file, false); lock.is_open()) end_build(partial);
  }
}

}  // namespace clustermpi::lab
