// What OpenSSH's configuration files tell hosts apart by.
//
// This does not say what the files mean: ssh itself is asked for that (openssh_settings.hpp). It
// says which hosts must get the same answer, and how long an answer is good for.
#pragma once

#include <filesystem>
#include <set>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace clustermpi {

struct SshConfigScan {
  /// All files read, in the order of reading, with their content: included ones too.
  std::vector<std::pair<std::filesystem::path, std::string>> files;
  std::vector<std::vector<std::string>> host_lines;  ///< the patterns of each Host line
  std::set<std::string> host_names;                  ///< values of HostName, lower case
  std::vector<std::string> global_known_hosts;  ///< arguments of GlobalKnownHostsFile, as written
  /// Something tells hosts apart besides host_lines (Match, % tokens), or was not understood.
  bool each_host_alone = false;
  /// The same files need not give the same answer again: it depends on a program's, the network's
  /// or the environment's.
  bool fleeting = false;
};

/// Reads `files` and what they include as ssh does for a file of the user's: relative names are
/// below `home`/.ssh. Files that are not there count as empty.
[[nodiscard]] SshConfigScan scan_ssh_config(const std::vector<std::filesystem::path>& files,
                                            const std::filesystem::path& home);

}  // namespace clustermpi
