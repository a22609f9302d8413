// A window of tmux on this machine with a pane a rank: a gdb on the rank's host, which talks to the
// gdbserver that the rank runs under (remote/rank.sh).
#pragma once

#include <filesystem>
#include <map>
#include <string>
#include <vector>

namespace clustermpi {

class DebugWindow {
 public:
  /// For `ranks` ranks, which wait in `folder` on their hosts; ssh goes by `ssh_config`. Throws
  /// Error{local_failure} where there is no tmux or no such file.
  DebugWindow(unsigned ranks, std::string folder, std::filesystem::path ssh_config);

  /// A rank waits there. Once all do, the window opens; true then.
  bool add(unsigned rank, const std::string& host);
  void close();  ///< whatever the debuggers are at

  /// Where it is to be seen: "tmux attach -t NAME", or that it is another window of the tmux that
  /// we run in.
  [[nodiscard]] std::string where() const;

 private:
  void open();

  unsigned ranks_;
  std::string folder_;
  std::filesystem::path ssh_config_;
  std::string name_;
  bool inside_;                            ///< we run in tmux
  std::map<unsigned, std::string> hosts_;  ///< by rank: those that wait
  std::string window_;                     ///< as tmux calls it; empty: not open
};

/// The words of one pane.
[[nodiscard]] std::vector<std::string> debug_pane(unsigned rank, const std::string& host,
                                                  const std::string& folder,
                                                  const std::filesystem::path& ssh_config);

}  // namespace clustermpi
