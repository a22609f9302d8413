// All of it, from bare hosts to a verified cluster, and the report of a run.
#pragma once

#include <nlohmann/json_fwd.hpp>
#include <optional>
#include <vector>

#include "provision/step.hpp"
#include "provision/steps/storage.hpp"

namespace clustermpi {

/// How a run of steps ended.
struct RunReport {
  std::string command;
  std::chrono::system_clock::time_point began;
  ExitCode exit_code = ExitCode::ok;
  std::vector<StepRecord> steps;
  std::optional<HostError> error;  ///< what ended the run early, if anything did
  std::chrono::milliseconds elapsed{0};
  std::filesystem::path page;  ///< report.html, where this run wrote it; else empty

  [[nodiscard]] std::size_t changes() const;  ///< planned or made, in all steps
};

/// What a run may do to the hosts themselves, beyond packages and files.
struct HostConsent {
  bool set_hostnames = false;
  bool reboot = true;  ///< where it is needed, and no job would end
};

/// The steps of `up` in order: discover, hostnames (with consent), check, install, reboot (where
/// memory limits are asked for), storage, slurm and python (where asked for), generate, build,
/// distribute, verify.
[[nodiscard]] std::vector<std::unique_ptr<Step>> up_steps(const Inventory& inventory,
                                                          const HostConsent& hosts = {},
                                                          const FormatConsent& consent = {});

/// Whether the inventory asks for something that may take a reboot.
[[nodiscard]] bool may_need_reboot(const Inventory& inventory);

/// Runs `steps` under the workspace lock (none in a dry run) and writes report.json (not in a dry
/// run), and report.html where the proof was among them: people keep that page, and a step that is
/// run alone says nothing of the cluster as a whole. Never throws Error: what ended the run is in
/// the report. Hosts that failed make exit code `when_hosts_fail` where nothing worse happened.
RunReport run_reported(const std::string& command, const std::vector<std::unique_ptr<Step>>& steps,
                       Cluster& cluster, ExitCode when_hosts_fail = ExitCode::hosts_failed);

/// The one JSON document of `--json`, and of report.json.
[[nodiscard]] nlohmann::json to_json(const RunReport& report, const Cluster& cluster);

/// {"code", "message", "hint"}.
[[nodiscard]] nlohmann::json to_json(const HostError& error);

}  // namespace clustermpi
