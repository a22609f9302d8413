#include "provision/launch/debugger.hpp"

#include <fmt/format.h>
#include <unistd.h>

#include <cstdlib>

#include "hosts/error.hpp"
#include "provision/fleet.hpp"
#include "provision/output_lines.hpp"
#include "provision/process.hpp"

namespace clustermpi {

namespace {

std::string tmux(std::vector<std::string> words) {
  words.insert(words.begin(), "tmux");
  const ProcessResult result = run_process(words);
  if (!result.ok()) {
    throw Error(ExitCode::local_failure,
                fmt::format("tmux opens no window: {}", printable(last_line(result.err))),
                "`tmux new` by hand may say more");
  }
  return result.out.substr(0, result.out.find('\n'));
}

/// So that what ssh or gdb said last is there to be read.
constexpr std::string_view stay_on_failure =
    "\"$@\" || { echo 'This pane closes with Enter.'; read -r _; }";

}  // namespace

std::vector<std::string> debug_pane(unsigned rank, const std::string& host,
                                    const std::string& folder,
                                    const std::filesystem::path& ssh_config) {
  const std::string own = fmt::format("{}/{}", folder, rank);
  // gdb reads the program and its libraries where it runs, and not through gdbserver. Ctrl-C is for
  // gdb, and not for what stands between the two.
  const std::vector<std::string> gdb{
      "gdb", "-q",
      "-ex", "set sysroot /",
      "-ex", "set breakpoint pending off",
      "-ex", fmt::format("target remote | trap '' INT; cat <{0}.from & exec cat >{0}.to", own),
      "-ex", "tbreak main",
      "-ex", "continue"};
  std::string line;
  for (const std::string& word : gdb) line += (line.empty() ? "" : " ") + shell_quote(word);
  return {"sh", "-c", std::string(stay_on_failure), "pane", "ssh", "-t",
          "-q", "-F", ssh_config.string(),          host,   line};
}

DebugWindow::DebugWindow(unsigned ranks, std::string folder, std::filesystem::path ssh_config)
    : ranks_(ranks),
      folder_(std::move(folder)),
      ssh_config_(std::filesystem::absolute(ssh_config)),
      name_(fmt::format("clustermpi-{}", ::getpid())),
      inside_(std::getenv("TMUX") != nullptr) {
  static_cast<void>(run_process({"tmux", "-V"}));  // says which package is missing
  if (!std::filesystem::exists(ssh_config_))
    throw Error(ExitCode::local_failure, fmt::format("there is no {} yet", ssh_config.string()),
                "`clustermpi up` writes it");
}

bool DebugWindow::add(unsigned rank, const std::string& host) {
  hosts_.emplace(rank, host);
  if (!window_.empty() || hosts_.size() < ranks_) return false;
  open();
  return true;
}

void DebugWindow::open() {
  for (const auto& [rank, host] : hosts_) {
    std::vector<std::string> words;
    if (window_.empty() && inside_) {
      words = {"new-window", "-n", name_};
    } else if (window_.empty()) {
      words = {"new-session", "-d", "-s", name_, "-x", "200", "-y", "60"};
    } else {
      words = {"split-window", "-t", window_};
    }
    words.insert(words.end(), {"-P", "-F", "#{window_id} #{pane_id}", "--"});
    for (std::string& word : debug_pane(rank, host, folder_, ssh_config_))
      words.push_back(std::move(word));
    const std::string ids = tmux(words);
    window_ = ids.substr(0, ids.find(' '));
    tmux({"select-layout", "-t", window_, "tiled"});  // else there is soon no room for another
    tmux({"select-pane", "-t", ids.substr(ids.find(' ') + 1), "-T",
          fmt::format("rank {} on {}", rank, host)});
  }
  tmux({"set-option", "-w", "-t", window_, "pane-border-status", "top"});
}

void DebugWindow::close() {
  if (!window_.empty()) static_cast<void>(run_process({"tmux", "kill-window", "-t", window_}));
}

std::string DebugWindow::where() const {
  return inside_ ? fmt::format("window {} of this tmux", name_)
                 : fmt::format("tmux attach -t {}", name_);
}

}  // namespace clustermpi
