#include <fmt/format.h>
#include <fmt/ranges.h>

#include <CLI/CLI.hpp>
#include <nlohmann/json.hpp>
#include <ostream>

#include "cli/app.hpp"
#include "cli/host_choice.hpp"
#include "cli/node_output.hpp"
#include "hosts/hostlist.hpp"
#include "provision/exec.hpp"
#include "provision/output_lines.hpp"
#include "provision/ssh/input_stream.hpp"
#include "provision/up.hpp"

namespace clustermpi::cli {

namespace {

/// Of one stream of one host, in a JSON document.
constexpr std::size_t most_in_json = 16u << 20;
/// A line that shows what a host is at.
constexpr std::size_t most_in_live_line = 200;

struct ExecOptions {
  std::vector<std::string> hosts;
  bool sudo = false;
  bool live = false;
  bool no_stdin = false;
};

/// The words joined by blanks, as ssh joins them: a shell there takes them apart.
std::string line_of(const Session& session) {
  if (!session.operands || session.operands->empty()) {
    throw Error(ExitCode::usage, "exec: no command is given behind `--`",
                "as in `clustermpi exec 'red0[1-3]' -- uptime`; without a HOSTLIST it runs on all "
                "hosts");
  }
  return fmt::format("{}", fmt::join(*session.operands, " "));
}

/// Looks on while hosts are at work.
class Watcher {
 public:
  virtual ~Watcher() = default;
  virtual void take(const std::string& host, Stream stream, std::string_view text) = 0;
  virtual void end(const std::string& host) = 0;
};

/// Each line at once, with its host's name: --live.
class LinePrinter : public Watcher {
 public:
  explicit LinePrinter(Session& session) : session_(session) {}

  void take(const std::string& host, Stream stream, std::string_view text) override {
    lines_[{host, stream}].feed(text, printer(host, stream));
  }
  void end(const std::string& host) override {
    for (const Stream stream : {Stream::out, Stream::err}) {
      if (auto begun = lines_.extract({host, stream})) begun.mapped().flush(printer(host, stream));
    }
  }

 private:
  [[nodiscard]] LineSplitter::Take printer(const std::string& host, Stream stream) {
    return [this, &host, stream](std::string_view line) {
      print_line(session_, stream, host + ": ", line);
    };
  }

  Session& session_;
  std::map<std::pair<std::string, Stream>, LineSplitter> lines_;
};

/// The console's live lines: how many hosts are done, and the last line of each of the others.
class LiveLines : public Watcher {
 public:
  LiveLines(Session& session, std::size_t hosts) : session_(session), hosts_(hosts) { count(); }

  void take(const std::string& host, Stream /*stream*/, std::string_view text) override {
    const std::string_view line = last_line(text).substr(0, most_in_live_line);
    if (!line.empty()) tell(Event::Kind::progress, host, printable(line));
  }
  void end(const std::string& host) override {
    ++ended_;
    tell(Event::Kind::host_done, host, {});
    if (ended_ < hosts_) count();
  }

 private:
  void count() {
    tell(Event::Kind::progress, {},
         fmt::format("{} of {} host{} done", ended_, hosts_, hosts_ == 1 ? "" : "s"));
  }
  void tell(Event::Kind kind, const std::string& host, const std::string& text) {
    Event event;
    event.kind = kind;
    event.host = host;
    event.text = text;
    session_.reporter().on(event);  // no news for the log
  }

  Session& session_;
  std::size_t hosts_;
  std::size_t ended_ = 0;
};

std::unique_ptr<Watcher> watcher_for(Session& session, const ExecOptions& options,
                                     std::size_t hosts) {
  if (options.live) return std::make_unique<LinePrinter>(session);
  if (session.is_terminal(Stream::err)) return std::make_unique<LiveLines>(session, hosts);
  return nullptr;
}

void copy(const OutputLog& log, Session& session, Stream stream) {
  NodeOutput output(session, stream);
  log.read([&](std::string_view piece) {
    output.print(piece);
    return session.stream(stream).good();
  });
  output.end();
  if (!log.ends_with_newline()) session.stream(stream) << '\n' << std::flush;
}

void print_log(const std::string& hosts, const OutputLog& log, Session& session, Stream stream) {
  if (log.size() == 0) return;
  session.stream(stream) << hosts << (log.lines() == 1 ? ": " : ":\n");
  copy(log, session, stream);
}

std::string status_text(const HostOutcome& outcome) {
  return outcome.exit_status.value_or(0) == 0 ? ""
                                              : fmt::format("exit status {}", *outcome.exit_status);
}

void print_groups(const ExecOutcomes& outcomes, const std::vector<std::string>& hosts,
                  Session& session) {
  for (const OutcomeGroup& group : fold_outcomes(outcomes, hosts)) {
    const std::string names = fold_hostlist(group.hosts);
    if (group.outcome->output) {
      print_log(names, group.outcome->output->out, session, Stream::out);
      print_log(names, group.outcome->output->err, session, Stream::err);
    }
    const std::string status = status_text(*group.outcome);
    if (!status.empty()) session.err() << names << ": " << status << '\n';
  }
}

nlohmann::json to_json(const HostOutcome& outcome) {
  nlohmann::json entry = {{"ok", outcome.ok()}, {"exit_status", nullptr},
                          {"stdout", ""},       {"stderr", ""},
                          {"truncated", false}, {"elapsed_ms", outcome.elapsed.count()}};
  if (outcome.output) {
    const auto& [out, err] = *outcome.output;
    entry["stdout"] = out.head(most_in_json);
    entry["stderr"] = err.head(most_in_json);
    entry["truncated"] = std::max(out.size(), err.size()) > most_in_json;
  }
  if (outcome.exit_status) entry["exit_status"] = *outcome.exit_status;
  if (outcome.error) entry["error"] = clustermpi::to_json(*outcome.error);
  return entry;
}

/// Host by host: the document of a thousand hosts is larger than what should be held at once.
/// ASCII alone, so that it is safe on a terminal; bytes that are no UTF-8 become U+FFFD.
void print_json(const ExecOutcomes& outcomes, Session& session) {
  std::ostream& out = session.out();
  const bool ok = worst_status(outcomes) == 0;
  out << "{\n  \"command\": \"exec\",\n  \"hosts\": {";
  const char* separator = "\n";
  for (const auto& [host, outcome] : outcomes) {
    out << separator << "    " << nlohmann::json(host) << ": "
        << to_json(outcome).dump(-1, ' ', true, nlohmann::json::error_handler_t::replace);
    separator = ",\n";
  }
  out << "\n  },\n  \"ok\": " << (ok ? "true" : "false") << "\n}\n";
}

void tell_interrupted(const ExecOutcomes& outcomes, Session& session) {
  std::vector<std::string> unfinished;
  for (const auto& [host, outcome] : outcomes) {
    if (was_interrupted(outcome)) unfinished.push_back(host);
  }
  if (unfinished.empty()) return;
  session.err() << error_text(
      fmt::format("interrupted: {} had not ended", fold_hostlist(unfinished)),
      "they were told to stop; what runs as root, or takes no notice, may go on there");
}

ExitCode tell_dry_run(Session& session, const std::vector<std::string>& hosts,
                      const std::string& line, bool as_root) {
  if (!session.common.json) {
    session.out() << fmt::format("{}: would run{}: {}\n", fold_hostlist(hosts),
                                 as_root ? " as root" : "", printable(line));
    return ExitCode::ok;
  }
  nlohmann::json entries = nlohmann::json::object();
  for (const std::string& host : hosts) {
    entries[host] = {{"ok", true}, {"would_run", line}, {"as_root", as_root}};
  }
  session.print(nlohmann::json{{"command", "exec"}, {"ok", true}, {"hosts", entries}});
  return ExitCode::ok;
}

std::shared_ptr<InputStream> input_for(const Session& session, const ExecOptions& options) {
  const int fd = options.no_stdin ? -1 : session.input_for_hosts();
  return fd < 0 ? nullptr : std::make_shared<InputStream>(fd);
}

ExitCode exec(Session& session, const ExecOptions& options) {
  if (options.live && session.common.json) {
    throw Error(ExitCode::usage, "exec: --live and --json exclude each other",
                "--live prints each line as it comes, --json one document at the end");
  }
  const std::string line = line_of(session);
  Cluster& cluster = session.open_cluster();
  const std::vector<std::string> hosts = chosen_hosts(cluster, options.hosts);
  if (session.common.dry_run) return tell_dry_run(session, hosts, line, options.sudo);

  OutputStore store(cluster.workspace().directory());
  const auto watcher = watcher_for(session, options, hosts.size());
  ExecRequest request;
  request.hosts = hosts;
  request.line = line;
  request.as_root = options.sudo;
  request.input = input_for(session, options);
  if (!options.live) request.store = &store;
  if (watcher) {
    request.on_output = [&](const std::string& host, Stream stream, std::string_view text) {
      watcher->take(host, stream, text);
    };
    request.on_end = [&](const std::string& host) { watcher->end(host); };
  }
  const ExecOutcomes outcomes = execute(cluster, request);
  if (session.common.json) {
    print_json(outcomes, session);
  } else {
    print_groups(outcomes, hosts, session);
  }
  tell_interrupted(outcomes, session);
  return static_cast<ExitCode>(worst_status(outcomes));
}

}  // namespace

void add_exec(CLI::App& app, Session& session) {
  auto options = std::make_shared<ExecOptions>();
  auto* command =
      app.add_subcommand("exec", "Run a command on all hosts at once; equal output is shown once");
  keep_words_whole(command->add_option("hosts", options->hosts, "Where (default: all hosts)"))
      ->type_name("HOSTLIST");
  command->add_flag("--sudo", options->sudo, "As root, all of the line");
  command->add_flag("--live", options->live,
                    "Print each line as it comes, with its host's name, and gather nothing");
  command->add_flag("-n,--no-stdin", options->no_stdin,
                    "Give the hosts an empty stdin; else all get ours, unless it is a terminal");
  command->footer(
      "  clustermpi exec -- uptime\n"
      "  clustermpi exec 'red0[1-3]' --sudo -- 'dmesg | tail -n 3'\n"
      "  clustermpi exec -- 'cat >notes.txt' <notes.txt\n"
      "As with ssh, the words are joined by blanks and a shell on each host reads the line: quote\n"
      "what it is not to take apart, as in -- \"echo 'a  b'\". With --sudo the whole line, pipes "
      "and\n"
      "redirections too, runs in a shell as root; where sudo wants a password, it is asked for "
      "once.\n"
      "The exit status is the highest of all hosts; a host that cannot be reached counts as 4.");
  command->callback([&session, options] {
    session.action = [&session, options] { return exec(session, *options); };
  });
}

}  // namespace clustermpi::cli
