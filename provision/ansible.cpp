#include "provision/ansible.hpp"

#include <fmt/chrono.h>
#include <fmt/format.h>
#include <unistd.h>

#include <chrono>
#include <cstdlib>
#include <fstream>
#include <nlohmann/json.hpp>

#include "hosts/ansible_inventory_text.hpp"
#include "provision/ansible_events.hpp"
#include "provision/data_dir.hpp"
#include "provision/files.hpp"
#include "provision/fleet.hpp"
#include "provision/process.hpp"

namespace fs = std::filesystem;

namespace clustermpi {
namespace {

using Json = nlohmann::json;

constexpr const char* how_to_install = "install it: apt-get install ansible";

/// Debian's, before one that an environment of the user's may have put first in PATH.
fs::path ansible_playbook() {
  const fs::path debian = "/usr/bin/ansible-playbook";
  if (::access(debian.c_str(), X_OK) == 0) return debian;
  if (const auto found = find_program("ansible-playbook")) return *found;
  throw Error(ExitCode::local_failure, "ansible-playbook is not installed on this machine",
              how_to_install);
}

/// What the user set for Ansible and Python elsewhere must not change what our playbooks mean.
std::vector<std::string> without_users_settings() {
  std::vector<std::string> command{"/usr/bin/env"};
  for (char** entry = environ; *entry != nullptr; ++entry) {
    const std::string_view setting = *entry;
    if (!setting.starts_with("ANSIBLE_") && !setting.starts_with("PYTHON")) continue;
    command.insert(command.end(), {"-u", std::string(setting.substr(0, setting.find('=')))});
  }
  return command;
}

std::vector<std::string> command_line(const PlaybookRun& run, const fs::path& inventory) {
  const fs::path temporary = fs::absolute(run.workspace) / "ansible-tmp";
  std::vector<std::string> command = without_users_settings();
  command.insert(command.end(),
                 {"ANSIBLE_CONFIG=" + (data_dir() / "playbooks" / "ansible.cfg").string(),
                  "ANSIBLE_LOCAL_TEMP=" + temporary.string(), "PYTHONNOUSERSITE=1",
                  "LC_ALL=C.UTF-8", ansible_playbook().string(), "--inventory", inventory.string(),
                  "--forks", std::to_string(run.forks)});
  if (run.become_password) command.insert(command.end(), {"--become-password-file", "-"});
  if (!run.limit.empty())
    command.insert(command.end(), {"--limit", fmt::format("{}", fmt::join(run.limit, ","))});
  command.push_back(run.playbook.string());
  return command;
}

/// Appends lines with their time, in UTC.
class Log {
 public:
  explicit Log(const fs::path& path) : file_(path, std::ios::app) {
    if (!file_) throw Error(ExitCode::local_failure, fmt::format("cannot write {}", path.string()));
  }

  void write(std::string_view text) {
    const auto now = std::chrono::system_clock::now();
    const auto milliseconds =
        std::chrono::floor<std::chrono::milliseconds>(now).time_since_epoch().count() % 1000;
    file_ << fmt::format("{:%FT%T}.{:03}Z {}\n", fmt::gmtime(now), milliseconds, text)
          << std::flush;
  }

 private:
  std::ofstream file_;
};

std::vector<std::string> hosts_of(const PlaybookRun& run) {
  if (!run.limit.empty()) return run.limit;
  std::vector<std::string> hosts;
  for (const auto& [name, variables] : run.inventory->at("_meta").at("hostvars").items())
    hosts.push_back(name);
  return hosts;
}

}  // namespace

PlaybookResult run_playbook(const PlaybookRun& run, Reporter& reporter) {
  const fs::path inventory = fs::absolute(run.workspace) / "ansible-inventory.json";
  write_file(inventory, static_inventory(*run.inventory).dump(2) + "\n", 0600);

  Log log(run.log);
  AnsibleEvents events(hosts_of(run), run.log, reporter);
  std::string last_complaint;
  ProcessOptions options;
  options.cancel = run.cancel;
  options.secret = run.become_password.get();
  if (!run.agent.empty()) {
    options.environment["CLUSTERMPI_AGENT"] = run.agent.string();
    if (std::getenv("SSH_AUTH_SOCK") == nullptr)
      options.environment["SSH_AUTH_SOCK"] = run.agent.string();
  }
  options.on_stdout_line = [&](std::string_view line) { log.write(events.read(line)); };
  options.on_stderr_line = [&](std::string_view line) {
    const std::string text = printable(line);
    log.write(text);
    if (text.starts_with("ERROR") || last_complaint.empty()) last_complaint = text;
  };
  const std::vector<std::string> command = command_line(run, inventory);
  log.write(fmt::format("run {}", fmt::join(command, " ")));
  const ProcessResult process = run_process(command, options);
  log.write(fmt::format("ended with status {}", process.exit_status));

  if (!events.began() && !process.cancelled) {
    throw Error(ExitCode::local_failure,
                fmt::format("ansible-playbook ended with status {} before the first task: {}",
                            process.exit_status, last_complaint),
                fmt::format("see {}", run.log.string()));
  }
  return {std::move(events).finish(process.exit_status), process.cancelled};
}

Version ansible_core_version() {
  // Asking ansible-playbook itself takes most of a second.
  const ProcessResult asked =
      run_process({"/usr/bin/python3", "-I", "-c",
                   "from ansible.release import __version__; print(__version__)"});
  const auto version = parse_version(asked.out);
  if (!asked.ok() || !version) {
    throw Error(ExitCode::local_failure, "Ansible is not installed on this machine",
                how_to_install);
  }
  return *version;
}

}  // namespace clustermpi
