// The command line as a function: parse, run one command, give an exit code.
#pragma once

#include <filesystem>
#include <functional>
#include <iosfwd>
#include <memory>
#include <nlohmann/json_fwd.hpp>
#include <optional>
#include <string>
#include <vector>

#include "cli/console.hpp"
#include "provision/cancel.hpp"
#include "provision/cluster.hpp"
#include "provision/reporter.hpp"

namespace CLI {
class App;
class Option;
}  // namespace CLI

namespace clustermpi::cli {

/// Where a run reads and writes, so that tests can run it in process.
struct Streams {
  std::istream& in;
  std::ostream& out;  ///< the result
  std::ostream& err;  ///< the story
  bool out_is_terminal = false;
  bool out_is_pipe = false;
  bool err_is_terminal = false;
  int in_fd = -1;             ///< the descriptor behind `in`, for hosts to be fed from; -1: none
  std::string terminal = {};  ///< the device where questions are asked; empty: nobody is there
};

/// Options that every command takes, before or behind its name.
struct CommonOptions {
  std::string inventory;  ///< empty: $CLUSTERMPI_INVENTORY, else ./cluster.toml
  std::string limit;      ///< hostlist
  std::size_t fanout = 0;
  double timeout = 0;  ///< seconds
  bool dry_run = false;
  bool json = false;
  bool quiet = false;
  bool verbose = false;
  bool yes = false;
  bool no_color = false;
};

/// What a command has at hand: the common options, the streams, the reporters.
class Session {
 public:
  Session(Streams streams, CancelToken& cancel) : streams_(streams), cancel_(cancel) {}

  CommonOptions common;
  /// Set by the command that was named; run_app() calls it after parsing.
  std::function<ExitCode()> action;

  // Whoever prints here finds the console's live lines gone.
  [[nodiscard]] std::ostream& out();
  [[nodiscard]] std::ostream& err();
  [[nodiscard]] std::ostream& stream(Stream which) { return which == Stream::out ? out() : err(); }
  /// A document on stdout. Bytes that are no UTF-8 become U+FFFD.
  void print(const nlohmann::json& document);
  [[nodiscard]] std::istream& in() { return streams_.in; }
  /// What hosts may read as their stdin; -1 where that is a terminal, which is for us alone, or the
  /// null device: a stream has its price, since it can be read only once.
  [[nodiscard]] int input_for_hosts() const;
  /// What a job may read as its stdin: a terminal too, where we are who it listens to.
  [[nodiscard]] int input_for_job() const;
  /// What was behind "--" of a command that starts a program; none where there was no "--".
  std::optional<std::vector<std::string>> operands;
  std::vector<std::string> words;  ///< of the command line, the program's name left out
  [[nodiscard]] CancelToken& cancel() { return cancel_; }
  [[nodiscard]] bool writes_to_pipe() const { return streams_.out_is_pipe; }
  [[nodiscard]] bool is_terminal(Stream stream) const {
    return stream == Stream::out ? streams_.out_is_terminal : streams_.err_is_terminal;
  }
  /// Whether a confirmation can be had, by --yes or from somebody at a terminal.
  [[nodiscard]] bool can_confirm() const;
  [[nodiscard]] std::filesystem::path inventory_file() const;
  [[nodiscard]] Workspace workspace() const { return Workspace(inventory_file()); }

  /// The console's, made when first asked for.
  [[nodiscard]] Reporter& reporter();
  /// The inventory's cluster with the common options applied; its events also go to the workspace's
  /// log.
  /// `unknown_host_keys` as in RunOptions; only the first call decides.
  [[nodiscard]] Cluster& open_cluster(
      UnknownHostKeys unknown_host_keys = UnknownHostKeys::by_policy);
  /// For commands that cannot say what they would do. Throws Error{usage} where --dry-run was
  /// given.
  void refuse_dry_run(const std::string& command) const;

 private:
  Streams streams_;
  CancelToken& cancel_;
  std::unique_ptr<Asker> asker_;
  std::unique_ptr<ConsoleReporter> console_;
  std::unique_ptr<Reporter> log_;
  std::unique_ptr<Reporter> both_;
  std::unique_ptr<Cluster> cluster_;
};

/// As it is printed, and as it is kept in a file.
[[nodiscard]] std::string document_text(const nlohmann::json& document);

/// Runs one command line; `arguments` without the program's name. Never throws.
[[nodiscard]] int run_app(const std::vector<std::string>& arguments, Streams streams,
                          CancelToken& cancel);

/// Each word of a list of positionals as it was typed. An option of CLI11 that takes "extra
/// arguments" also takes [1-2] for a list of its own, and apart; without them it takes a word for
/// each that it still expects, so that it has to expect more than a command line holds. A list that
/// is a named option only needs allow_extra_args(false).
CLI::Option* keep_words_whole(CLI::Option* positional);

// One function a command, each in its cmd_<name>.cpp: registers options, help and the action.
void add_init(CLI::App& app, Session& session);
void add_bootstrap(CLI::App& app, Session& session);
void add_discover(CLI::App& app, Session& session);
void add_facts(CLI::App& app, Session& session);
void add_hosts(CLI::App& app, Session& session);
void add_exec(CLI::App& app, Session& session);
void add_trust(CLI::App& app, Session& session);
void add_hostkey(CLI::App& app, Session& session);
void add_install(CLI::App& app, Session& session);
void add_generate(CLI::App& app, Session& session);
void add_distribute(CLI::App& app, Session& session);
void add_run(CLI::App& app, Session& session);
void add_examples(CLI::App& app, Session& session);
void add_bench(CLI::App& app, Session& session);
void add_verify(CLI::App& app, Session& session);
void add_up(CLI::App& app, Session& session);
void add_reset(CLI::App& app, Session& session);
void add_lab(CLI::App& app, Session& session);
void add_completion(CLI::App& app, Session& session);

}  // namespace clustermpi::cli
