#include "cli/app.hpp"

#include <fmt/format.h>

#include <fcntl.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <charconv>
#include <cstdlib>
#include <istream>
#include <nlohmann/json.hpp>
#include <ostream>

#include "cli/asker.hpp"
#include "cli/host_choice.hpp"
#include "cli/usage_error.hpp"
#include "hosts/hostlist.hpp"
#include "provision/descriptor.hpp"
#include "provision/fleet.hpp"

namespace clustermpi::cli {

namespace {

/// Tells two reporters the same.
class Both : public Reporter {
 public:
  Both(Reporter& first, Reporter& second) : first_(first), second_(second) {}
  void on(const Event& event) override {
    first_.on(event);
    second_.on(event);
  }

 private:
  Reporter& first_;
  Reporter& second_;
};

/// NaN and infinity are numbers for CLI11.
std::string fault_of_timeout(const std::string& word) {
  double seconds = 0;
  const char* const last = word.data() + word.size();
  const auto [end, error] = std::from_chars(word.data(), last, seconds);
  if (error == std::errc{} && end == last && seconds >= 0.001 && seconds <= 1e8) return {};
  return fmt::format("'{}' is no number from 0.001 to 100000000", word);
}

void add_common_options(CLI::App& app, CommonOptions& common) {
  const std::string group = "Common to all commands";
  app.add_option("-i,--inventory", common.inventory,
                 "The inventory (default $CLUSTERMPI_INVENTORY, else ./cluster.toml)")
      ->type_name("FILE")
      ->group(group);
  app.add_option("--limit", common.limit, "Only these hosts")->type_name("HOSTLIST")->group(group);
  app.add_option("--fanout", common.fanout, "Hosts that are being connected to at once")
      ->type_name("N")
      ->check(CLI::Range(1, 4096))
      ->group(group);
  app.add_option("--timeout", common.timeout, "For one command on one host, or one job")
      ->type_name("SECONDS")
      ->check(CLI::Validator(fault_of_timeout, ""))
      ->group(group);
  app.add_flag("--dry-run", common.dry_run, "Say what would change, change nothing")->group(group);
  app.add_flag("--json", common.json, "One JSON document on stdout")->group(group);
  app.add_flag("-q,--quiet", common.quiet, "Failures and results only")->group(group);
  app.add_flag("-v,--verbose", common.verbose, "More of what is being done")->group(group);
  app.add_flag("--yes", common.yes, "Answer every confirmation with yes")->group(group);
  app.add_flag("--no-color", common.no_color, "No colours (also: $NO_COLOR)")->group(group);
}

const char* const footer =
    "A cluster in two commands:\n"
    "  clustermpi init 'red,red0[1-3]'   write cluster.toml, with every key explained\n"
    "  clustermpi up                     from bare hosts to a verified MPI cluster\n"
    "\n"
    "No machines at hand? As root: clustermpi lab up, then clustermpi up.\n"
    "Exit codes: 0 ok, 1 local failure, 2 usage, 3 inventory invalid, 4 some hosts failed,\n"
    "5 verification failed, 130 interrupted.";

void add_commands(CLI::App& app, Session& session) {
  add_up(app, session);
  add_init(app, session);
  add_bootstrap(app, session);
  add_discover(app, session);
  add_facts(app, session);
  add_hosts(app, session);
  add_install(app, session);
  add_generate(app, session);
  add_distribute(app, session);
  add_run(app, session);
  add_examples(app, session);
  add_bench(app, session);
  add_verify(app, session);
  add_exec(app, session);
  add_trust(app, session);
  add_hostkey(app, session);
  add_reset(app, session);
  add_lab(app, session);
  add_completion(app, session);
}

/// Also for errors: with --json there is always exactly one document on stdout.
void print_json_error(Session& session, const std::string& command, const nlohmann::json& error) {
  if (!session.common.json) return;
  session.print(nlohmann::json{
      {"command", command}, {"ok", false}, {"hosts", nlohmann::json::object()}, {"error", error}});
}

void print_error(Session& session, const std::string& command, const Error& error) {
  print_json_error(
      session, command,
      {{"code", name_of(error.code())}, {"message", error.what()}, {"hint", error.hint()}});
  // A message may quote what somebody typed or a node printed.
  session.err() << printable(error.code() == ExitCode::inventory_invalid
                                 ? std::string(error.what()) + "\n" +
                                       (error.hint().empty() ? "" : "  " + error.hint() + "\n")
                                 : error_text(error.what(), error.hint()));
}

/// With the expression and a caret below what is wrong with it.
void print_error(Session& session, const std::string& command, const HostlistError& error) {
  print_json_error(session, command,
                   {{"code", name_of(ExitCode::usage)},
                    {"message", error.what()},
                    {"hint", error.hint()},
                    {"expression", error.expression()},
                    {"position", error.position()}});
  session.err() << printable(
      error_text(fmt::format("{}\n{}", error.what(), render(error)), error.hint()));
}

ExitCode run_action(Session& session, const std::string& command) {
  try {
    return session.action();
  } catch (const Error& error) {
    print_error(session, command, error);
    return error.code();
  } catch (const HostlistError& error) {
    print_error(session, command, error);
    return ExitCode::usage;
  } catch (const std::exception& error) {
    print_error(session, command, Error(ExitCode::local_failure, error.what()));
    return ExitCode::local_failure;
  }
}

std::string command_name(const CLI::App& app) {
  const auto chosen = app.get_subcommands();
  if (chosen.empty()) return {};
  const std::string deeper = command_name(*chosen.front());
  return chosen.front()->get_name() + (deeper.empty() ? "" : " " + deeper);
}

}  // namespace

std::string document_text(const nlohmann::json& document) {
  return document.dump(2, ' ', false, nlohmann::json::error_handler_t::replace) + "\n";
}

CLI::Option* keep_words_whole(CLI::Option* positional) {
  constexpr int most_words = 1'000'000;
  return positional
      ->take_all()  // first: it would make the maximum the minimum
      ->expected(most_words, CLI::detail::expected_max_vector_size)
      ->allow_extra_args(false);
}

std::filesystem::path Session::inventory_file() const {
  if (!common.inventory.empty()) return common.inventory;
  const char* from_environment = std::getenv("CLUSTERMPI_INVENTORY");
  return from_environment != nullptr && *from_environment != '\0' ? from_environment
                                                                  : "cluster.toml";
}

Reporter& Session::reporter() {
  if (!console_) {
    ConsoleStyle style;
    style.terminal = streams_.err_is_terminal;
    style.color =
        streams_.err_is_terminal && !common.no_color && std::getenv("NO_COLOR") == nullptr;
    style.quiet = common.quiet;
    style.verbose = common.verbose;
    console_ = std::make_unique<ConsoleReporter>(streams_.err, style);
  }
  return *console_;
}

Cluster& Session::open_cluster(UnknownHostKeys unknown_host_keys) {
  if (cluster_) return *cluster_;
  Inventory inventory = load_inventory(inventory_file());
  RunOptions options;
  options.dry_run = common.dry_run;
  options.limit = limited_hosts(inventory, workspace(), common.limit);
  options.unknown_host_keys = unknown_host_keys;
  options.fanout = common.fanout;
  options.words = words;
  options.timeout = std::chrono::milliseconds(static_cast<long long>(common.timeout * 1000));
  asker_ = std::make_unique<TerminalAsker>(
      streams_.terminal, common.yes,
      [this] {
        if (console_) console_->settle();
      },
      cancel_);
  options.asker = asker_.get();
  workspace().create();
  log_ = std::make_unique<LogReporter>(workspace().log());
  both_ = std::make_unique<Both>(reporter(), *log_);
  cluster_ = std::make_unique<Cluster>(std::move(inventory), workspace(), options, *both_, cancel_);
  return *cluster_;
}

bool Session::can_confirm() const {
  if (common.yes) return true;
  const Descriptor terminal(streams_.terminal.empty()
                                ? -1
                                : ::open(streams_.terminal.c_str(), O_RDWR | O_CLOEXEC | O_NOCTTY));
  return terminal.is_open();
}

void Session::refuse_dry_run(const std::string& command) const {
  if (!common.dry_run) return;
  throw Error(ExitCode::usage, fmt::format("`{}` has no dry run", command),
              "`clustermpi up --dry-run` says what would change on the hosts");
}

int Session::input_for_hosts() const {
  struct stat status {};
  if (streams_.in_fd < 0 || fstat(streams_.in_fd, &status) != 0) return -1;
  const bool null_device = S_ISCHR(status.st_mode) && status.st_rdev == makedev(1, 3);
  return null_device || isatty(streams_.in_fd) == 1 ? -1 : streams_.in_fd;
}

int Session::input_for_job() const {
  const bool typed_for_us =
      streams_.in_fd >= 0 && isatty(streams_.in_fd) == 1 && tcgetpgrp(streams_.in_fd) == getpgrp();
  return typed_for_us ? streams_.in_fd : input_for_hosts();
}

std::ostream& Session::out() {
  if (console_) console_->settle();
  return streams_.out;
}

void Session::print(const nlohmann::json& document) {
  out() << document_text(document);
}

std::ostream& Session::err() {
  if (console_) console_->settle();
  return streams_.err;
}

namespace {

/// The words that are neither options nor the values of some.
std::vector<std::string> plain_words(const std::vector<std::string>& arguments) {
  const std::vector<std::string> with_value{"-i", "--inventory", "--limit", "--fanout",
                                            "--timeout"};
  std::vector<std::string> words;
  for (std::size_t i = 0; i < arguments.size(); ++i) {
    if (std::ranges::find(with_value, arguments[i]) != with_value.end()) {
      ++i;
    } else if (!arguments[i].starts_with("-")) {
      words.push_back(arguments[i]);
    }
  }
  return words;
}

/// Whether the command is one that starts a program, of which the words are given.
bool takes_program(const std::vector<std::string>& arguments) {
  const std::vector<std::string> words = plain_words(arguments);
  if (words.empty()) return false;
  if (words[0] == "examples") return words.size() > 1 && words[1] == "run";
  return words[0] == "exec" || words[0] == "bench" || words[0] == "run";
}

/// Takes what is behind "--" off the words of such a command. CLI11 swallows the "--", and a
/// mistyped host, or the name of a sweep, would be run as a command.
std::optional<std::vector<std::string>> take_operands(std::vector<std::string>& arguments) {
  const auto dashes = std::ranges::find(arguments, "--");
  if (dashes == arguments.end() || !takes_program({arguments.begin(), dashes})) return {};
  std::vector<std::string> operands(dashes + 1, arguments.end());
  arguments.erase(dashes, arguments.end());
  return operands;
}

/// For an error that came before the options were read.
bool asks_for_json(const std::vector<std::string>& arguments) {
  const auto ours = std::ranges::find(arguments, "--");
  return std::find(arguments.begin(), ours, "--json") != ours;
}

}  // namespace

int run_app(const std::vector<std::string>& arguments, Streams streams, CancelToken& cancel) {
  CLI::App app("From bare hosts to a verified MPI cluster.", "clustermpi");
  app.set_version_flag("--version", std::string("clustermpi ") + CLUSTERMPI_VERSION);
  app.require_subcommand(1);
  app.fallthrough();
  app.footer(footer);
  Session session(streams, cancel);
  session.words = arguments;
  add_common_options(app, session.common);
  add_commands(app, session);
  try {
    std::vector<std::string> words = arguments;
    session.operands = take_operands(words);
    std::ranges::reverse(words);  // as CLI11 takes them
    app.parse(words);
  } catch (const CLI::Success& help) {
    return app.exit(help, streams.out, streams.err);
  } catch (const CLI::ParseError& error) {
    session.common.json = asks_for_json(arguments);
    print_error(session, command_name(app), usage_error(app, error));
    return static_cast<int>(ExitCode::usage);
  } catch (const Error& error) {
    session.common.json = asks_for_json(arguments);
    print_error(session, command_name(app), error);
    return static_cast<int>(error.code());
  }
  return static_cast<int>(run_action(session, command_name(app)));
}

}  // namespace clustermpi::cli
