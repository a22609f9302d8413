// Runs the bundled playbooks and turns Ansible's event stream into ours.
#pragma once

#include <filesystem>
#include <functional>
#include <map>
#include <memory>
#include <nlohmann/json_fwd.hpp>
#include <optional>
#include <string>
#include <vector>

#include "hosts/error.hpp"
#include "hosts/facts.hpp"
#include "provision/cancel.hpp"
#include "provision/reporter.hpp"
#include "provision/secret.hpp"

namespace clustermpi {

struct PlaybookRun {
  std::filesystem::path playbook;
  std::filesystem::path workspace;  ///< .clustermpi/: inventory and temporary files go below it
  const nlohmann::json* inventory =
      nullptr;  ///< dynamic-inventory document (hosts/writers.hpp), hostvars included
  std::vector<std::string> limit;  ///< hosts; empty: all
  unsigned forks = 32;
  std::filesystem::path log;  ///< Ansible's full output, appended
  CancelToken* cancel = nullptr;
  /// sudo's, for hosts that ask; null: none does. It reaches Ansible through stdin alone.
  std::shared_ptr<const Secret> become_password;
  /// Socket of an agent beside the user's own, for hosts whose ssh arguments name it
  /// ($CLUSTERMPI_AGENT); where the user has no agent, for all and their bastions. Empty: none.
  std::filesystem::path agent;
};

/// What one host ended with.
struct PlaybookHost {
  unsigned ok = 0;
  unsigned changed = 0;
  std::vector<std::string> changes;  ///< names of the tasks that changed something
  std::optional<HostError> error;    ///< failed or unreachable, with the task's own words
  bool finished = false;             ///< seen in the final recap: exit code 0 alone is not believed
};

struct PlaybookResult {
  std::map<std::string, PlaybookHost> hosts;  ///< every host that was asked for
  bool cancelled = false;
};

/// Progress goes to `reporter` (Kind::progress, one a task and host). Throws
/// Error{local_failure} where ansible-playbook is missing or dies before the first task.
PlaybookResult run_playbook(const PlaybookRun& run, Reporter& reporter);

/// Of the ansible-core installed here. Throws Error{local_failure} with what to install.
[[nodiscard]] Version ansible_core_version();

}  // namespace clustermpi
