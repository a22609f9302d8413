// One run on one inventory: what its steps share.
#pragma once

#include <chrono>
#include <filesystem>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "hosts/inventory.hpp"
#include "hosts/placement.hpp"
#include "hosts/slurm_state.hpp"
#include "hosts/verdict.hpp"
#include "provision/asker.hpp"
#include "provision/cancel.hpp"
#include "provision/connections.hpp"
#include "provision/fleet.hpp"
#include "provision/host_state.hpp"
#include "provision/reporter.hpp"
#include "provision/secret.hpp"
#include "provision/shown_host_keys.hpp"
#include "provision/ssh/known_hosts.hpp"
#include "provision/workspace.hpp"

namespace clustermpi {

/// What a command makes of host keys that are not on file.
enum class UnknownHostKeys {
  by_policy,  ///< as the inventory says
  ask,        ///< also where the policy is strict
  accept,     ///< whatever the policy
};

struct RunOptions {
  bool dry_run = false;
  std::vector<std::string> limit;  ///< host names; empty: all
  UnknownHostKeys unknown_host_keys = UnknownHostKeys::by_policy;
  std::size_t fanout = 0;          ///< 0: the fleet's default
  Asker* asker = nullptr;          ///< outlives the cluster; null: nobody can be asked
  std::vector<std::string> words;  ///< of the command line, as typed; for the report
  std::chrono::milliseconds timeout{
      0};  ///< of one command on one host, or one job; 0: the step's default
};

/// Everything one run works on. Steps read and extend it; a host that fails is set aside here and
/// the steps that follow do not see it any more.
class Cluster {
 public:
  /// `reporter` and `cancel` outlive the cluster. Throws Error{usage} where a host in `limit` is
  /// not in the inventory.
  Cluster(Inventory inventory, Workspace workspace, RunOptions options, Reporter& reporter,
          CancelToken& cancel);
  Cluster(const Cluster&) = delete;
  Cluster& operator=(const Cluster&) = delete;

  [[nodiscard]] const Inventory& inventory() const { return inventory_; }
  [[nodiscard]] const Workspace& workspace() const { return workspace_; }
  [[nodiscard]] const RunOptions& options() const { return options_; }
  [[nodiscard]] CancelToken& cancel() { return cancel_; }

  /// Selected hosts that have not failed, in the inventory's order.
  [[nodiscard]] std::vector<std::string> active() const;
  [[nodiscard]] bool is_active(const std::string& host) const;
  /// Sets a host aside for the rest of the run, and reports it.
  void fail(const std::string& host, const HostError& error);
  [[nodiscard]] const std::map<std::string, HostError>& failures() const { return failures_; }
  /// Throws Error{hosts_failed} where the manager has failed: without it nothing that follows
  /// works.
  void require_manager() const;
  void throw_if_cancelled() const;  ///< Error{interrupted}

  FleetFacts facts;                          ///< stored ones at first; renewed by discover
  std::map<std::string, HostStates> states;  ///< by host; filled by discover
  std::map<std::filesystem::path, std::shared_ptr<const Secret>>
      passphrases;                  ///< of keys that hosts want; filled by unlock_keys()
  Passwords sudo_passwords;         ///< of hosts whose sudo asks; filled by obtain_privileges()
  std::vector<Verdict> verdicts;    ///< filled by verify
  std::optional<SlurmState> slurm;  ///< as the manager last told it; asked for by ask_slurm()

  /// The sessions of this run with the selected hosts and the manager, opened when first asked
  /// for. Throws what find_connections() throws.
  [[nodiscard]] Fleet& fleet();
  /// Ends those sessions; the next are opened with the keys that there are by then.
  void reconnect();
  /// Sessions of their own to the same hosts, those in `passwords` entered with that password
  /// alone.
  [[nodiscard]] std::unique_ptr<Fleet> fleet_with(const Passwords& passwords);
  /// Our pins, and the files that ssh would look at for the selected hosts.
  [[nodiscard]] KnownHosts& known_hosts();
  /// Where a host of the inventory, selected or not, is reached; Target::jump means nothing here.
  [[nodiscard]] Target target(const std::string& host);
  [[nodiscard]] const ShownHostKeys& shown_host_keys() const { return shown_host_keys_; }

  using OnResult = std::function<void(const std::string& host, const Result&)>;
  /// Runs one job on each host; Job::host is filled in here. Where a host fails for want of
  /// something that whoever sits at the terminal can give, asks for it, once for all such hosts,
  /// and runs theirs again: they had not run. Fails nobody: what happened is in the results.
  std::map<std::string, Result> attempt(Fleet& fleet, std::map<std::string, Job> jobs,
                                        const OnResult& on_result = {});

  /// Runs `command` with `input` on all `hosts`; hosts that cannot be reached are failed. Returns
  /// the results of the others, by host.
  std::map<std::string, Result> run_on(const std::vector<std::string>& hosts,
                                       const std::string& command,
                                       const std::shared_ptr<const std::string>& input,
                                       std::chrono::milliseconds timeout);
  /// The same with a job of its own for each host.
  std::map<std::string, Result> run_jobs(std::map<std::string, Job> jobs,
                                         const OnResult& on_result = {});

  // Events of the step that runs now.
  void begin_step(const std::string& name, const std::string& title);
  void end_step(const std::string& summary, bool ok = true);
  void report(Event event);  ///< fills in the step
  void note(const std::string& text, const std::string& host = {});
  void warn(const std::string& text, const std::string& host = {});
  void detail(const std::string& text, const std::string& host = {});
  void progress(const std::string& host, const std::string& text);

 private:
  [[nodiscard]] bool is_selected(const std::string& host) const;
  [[nodiscard]] OpensshSettings& ssh_settings();
  [[nodiscard]] const Connections& connections();
  [[nodiscard]] HostKeyPolicy host_key_policy();
  /// Something that hosts fail for want of, and that can be asked for.
  struct Question {
    std::string error_code;           ///< of the hosts that it would help
    std::function<bool(Fleet&)> ask;  ///< whether they are worth another try
  };
  [[nodiscard]] FleetOptions fleet_options();
  [[nodiscard]] const Question* question_for(const Result& result) const;
  [[nodiscard]] std::map<std::string, Result> refused_before_input_flows(
      Fleet& fleet, const std::map<std::string, Job>& jobs);
  [[nodiscard]] std::set<std::string> helped(Fleet& fleet,
                                             const std::map<std::string, Result>& waiting);

  Inventory inventory_;
  Workspace workspace_;
  RunOptions options_;
  Reporter& reporter_;
  CancelToken& cancel_;
  std::unique_ptr<OpensshSettings> ssh_settings_;
  std::optional<Connections> connections_;
  std::unique_ptr<KnownHosts> known_hosts_;
  ShownHostKeys shown_host_keys_;
  std::vector<Question> questions_;  ///< in the order in which a login needs the answers
  std::unique_ptr<Fleet> fleet_;
  std::map<std::string, HostError> failures_;
  std::string step_;
  std::chrono::steady_clock::time_point step_start_;
};

}  // namespace clustermpi
