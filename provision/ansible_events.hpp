// Reads the event stream of playbooks/callback_plugins/events.py. No I/O.
#pragma once

#include <filesystem>
#include <map>
#include <nlohmann/json_fwd.hpp>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "provision/ansible.hpp"
#include "provision/reporter.hpp"

namespace clustermpi {

class AnsibleEvents {
 public:
  /// `hosts` are those that were asked for; `log` is where a failed host's hint points to.
  AnsibleEvents(const std::vector<std::string>& hosts, std::filesystem::path log,
                Reporter& reporter);

  /// Takes one line of Ansible's stdout. Returns it as people read it, for the log; a line that is
  /// no event comes back as it is, made printable.
  std::string read(std::string_view line);

  [[nodiscard]] bool began() const { return began_; }  ///< whether a play was entered

  /// What each host ended with. One that the recap does not vouch for has failed, whatever
  /// `exit_status` ansible-playbook ended with.
  [[nodiscard]] std::map<std::string, PlaybookHost> finish(int exit_status) &&;

 private:
  void on_result(const std::string& event, const nlohmann::json& said);
  void on_recap(const nlohmann::json& hosts);
  void progress(const std::string& host, const std::string& text);

  std::map<std::string, PlaybookHost> hosts_;
  std::filesystem::path log_;
  Reporter& reporter_;
  bool began_ = false;
};

}  // namespace clustermpi
