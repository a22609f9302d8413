// What OpenSSH's configuration means for a host, as ssh itself says it (`ssh -G`).
//
// Asking costs a few milliseconds of a process each time, so hosts that nothing in the
// configuration tells apart share an answer, and answers are kept beside the inventory for as long
// as all that they depend on stays the same.
#pragma once

#include <cstddef>
#include <filesystem>
#include <map>
#include <string>
#include <vector>

#include "hosts/inventory.hpp"
#include "hosts/jump.hpp"
#include "provision/cancel.hpp"
#include "provision/openssh_answer.hpp"
#include "provision/ssh_config_scan.hpp"
#include "provision/workspace.hpp"

namespace clustermpi {

/// The user's own configuration and the system's, those of them that are there.
[[nodiscard]] std::vector<std::filesystem::path> ssh_config_files(const LocalUser& user);

/// Text of `.clustermpi/ssh_config`: see ssh_config() in hosts/writers.hpp.
[[nodiscard]] std::string render_ssh_config(const Inventory& inventory, const Workspace& workspace,
                                            const LocalUser& user,
                                            const std::vector<std::filesystem::path>& files);

class OpensshSettings {
 public:
  /// `files` as of ssh_config_files(). `inventory` and `cancel` outlive this.
  OpensshSettings(const Inventory& inventory, const Workspace& workspace, LocalUser user,
                  const std::vector<std::filesystem::path>& files, CancelToken& cancel);

  /// The settings of hosts of the inventory, in their order; what ssh has to be asked for is asked
  /// side by side. Throws Error{local_failure} with ssh's own words where it refuses its
  /// configuration, and where there is no ssh; Error{interrupted}.
  [[nodiscard]] std::vector<HostSettings> of(const std::vector<const Host*>& hosts);
  /// Those of a host on the way to others. Throws as above.
  [[nodiscard]] HostSettings of(const SshQuestion& question);

  /// How often ssh was started.
  [[nodiscard]] std::size_t times_asked() const { return times_asked_; }

 private:
  [[nodiscard]] std::string told_apart_by(const Host& host) const;
  void ask(std::vector<SshQuestion> questions);
  [[nodiscard]] std::string run_ssh(const SshQuestion& question,
                                    const std::filesystem::path& file) const;
  [[nodiscard]] std::string digest() const;
  void load_answers();
  void save_answers() const;

  const Inventory& inventory_;
  std::vector<JumpHop> hops_;  // of the inventory's jump
  Workspace workspace_;
  LocalUser user_;
  CancelToken& cancel_;
  SshConfigScan scan_;
  std::string text_;  // of the file that ssh is asked about
  std::map<SshQuestion, std::string> answers_;
  std::size_t times_asked_ = 0;
};

}  // namespace clustermpi
