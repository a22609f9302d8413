#include <fmt/format.h>
#include <fmt/ranges.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <array>
#include <istream>
#include <iterator>
#include <nlohmann/json.hpp>
#include <ostream>

#include "cli/app.hpp"
#include "cli/choice.hpp"
#include "cli/host_choice.hpp"
#include "hosts/hostlist.hpp"
#include "hosts/hostlist_forms.hpp"

namespace clustermpi::cli {

namespace {

struct HostsOptions {
  std::vector<std::string> expressions;
  std::vector<std::string> exclude;
  bool from_stdin = false;
  std::string separator = "\n";
  std::string slice;
  std::string reader;  // empty: people
};

/// `\n`, `\t`, `\0` and `\\` as everybody writes them.
std::string unescaped(const std::string& text) {
  std::string out;
  for (std::size_t i = 0; i < text.size(); ++i) {
    const bool escape = text[i] == '\\' && i + 1 < text.size();
    const std::size_t known = escape ? std::string_view("nt0\\").find(text[i + 1]) : text.npos;
    out += known == text.npos ? text[i] : "\n\t\0\\"[known];
    if (known != text.npos) ++i;
  }
  return out;
}

/// Room for a long list at once: what is not used of it is never touched, and to grow by and by
/// would be most of the time that reading takes.
std::string read_all(std::istream& in) {
  std::string text;
  text.reserve(4u << 20);
  std::array<char, 1u << 16> block;
  do {
    in.read(block.data(), block.size());
    text.append(block.data(), static_cast<std::size_t>(in.gcount()));
  } while (in);
  return text;
}

/// Groups and files as everywhere, and stdin for the file "-".
HostlistSources sources_with_stdin(Session& session) {
  HostlistSources sources = command_line_sources([&session] {
    return stored_groups(load_inventory(session.inventory_file()), session.workspace());
  });
  sources.read_file = [&session, read_file = sources.read_file](const std::string& file) {
    return file == "-" ? read_all(session.in()) : read_file(file);
  };
  return sources;
}

/// One expression of all words, `-` being stdin.
std::string expression_of(const HostsOptions& options) {
  std::vector<std::string> words = options.expressions;
  if (options.from_stdin) words.insert(words.begin(), "-");
  if (words.empty()) {
    throw Error(ExitCode::usage, "which hosts?",
                "as in `clustermpi hosts expand 'red[1-3]'`; --stdin reads them from stdin");
  }
  std::ranges::replace(words, "-", "^-");
  return fmt::format("{}", fmt::join(words, " "));
}

Hostlist chosen(Session& session, const HostsOptions& options) {
  const HostlistSources sources = sources_with_stdin(session);
  Hostlist hosts = Hostlist::parse(expression_of(options), sources);
  std::vector<std::string> excluded;  // all at once: to take names away is to look at all
  for (const std::string& expression : options.exclude)
    std::ranges::move(Hostlist::parse(expression, sources).names(), std::back_inserter(excluded));
  if (!excluded.empty()) hosts = std::move(hosts) - Hostlist(std::move(excluded));
  return options.slice.empty() ? hosts : hosts.slice(options.slice);
}

std::string folded(const Hostlist& hosts, const HostsOptions& options) {
  const auto reader = hostlist_reader_of(options.reader);
  return reader ? fold_for(*reader, hosts.names()) : hosts.fold();
}

std::vector<std::string> reader_names() {
  std::vector<std::string> names;
  for (const HostlistReaderName& each : hostlist_reader_names) names.emplace_back(each.name);
  return names;
}

/// One buffer: a call a name would be most of the time that a million of them take.
std::string expanded(const Hostlist& hosts, const std::string& separator) {
  std::size_t size = 1;
  for (const std::string& name : hosts.names()) size += name.size() + separator.size();
  std::string text;
  text.reserve(size);
  for (const std::string& name : hosts.names()) {
    if (!text.empty()) text += separator;
    text += name;
  }
  // What splits at NUL takes a newline for a part of the last name.
  if (!text.empty()) text += separator == std::string_view("\0", 1) ? '\0' : '\n';
  return text;
}

nlohmann::json document(const std::string& command, const Hostlist& hosts) {
  return {{"command", command},
          {"ok", true},
          {"hosts", nlohmann::json::object()},
          {"count", hosts.size()}};
}

ExitCode expand(Session& session, const HostsOptions& options) {
  const Hostlist hosts = chosen(session, options);
  if (!session.common.json) {
    session.out() << expanded(hosts, unescaped(options.separator));
    return ExitCode::ok;
  }
  nlohmann::json json = document("hosts expand", hosts);
  json["names"] = hosts.names();
  session.print(json);
  return ExitCode::ok;
}

ExitCode fold(Session& session, const HostsOptions& options) {
  const Hostlist hosts = chosen(session, options);
  const std::string text = folded(hosts, options);
  if (!session.common.json) {
    if (!text.empty()) session.out() << text << '\n';
    return ExitCode::ok;
  }
  nlohmann::json json = document("hosts fold", hosts);
  json["folded"] = text;
  session.print(json);
  return ExitCode::ok;
}

ExitCode count(Session& session, const HostsOptions& options) {
  const Hostlist hosts = chosen(session, options);
  if (session.common.json) {
    session.print(document("hosts count", hosts));
  } else {
    session.out() << hosts.size() << '\n';
  }
  return ExitCode::ok;
}

const char* const grammar =
    "Expressions, separated by commas or white space:\n"
    "  red[1-3,7]  red[08-11]  red[0-10/2]  r[1-2]n[1-4]-ib   numbers, ranges, steps, brackets\n"
    "  @workers  @pi4  @arch:arm64     groups: by role, label and facts, where there is an "
    "inventory\n"
    "  ^FILE                           an expression a line, # comments\n"
    "  a!b  a&b  a^b                   without b; only what is in both; in one alone; left to "
    "right\n";

}  // namespace

void add_hosts(CLI::App& app, Session& session) {
  auto options = std::make_shared<HostsOptions>();
  auto* command = app.add_subcommand("hosts", "Hostlist arithmetic: expand, fold and count names");
  command->require_subcommand(1);
  command->footer(
      std::string(grammar) +
      "Examples:\n"
      "  for host in $(clustermpi hosts expand 'red[1-8]!red3'); do ping -c1 $host; done\n"
      "  sinfo -hNo %N | clustermpi hosts fold --stdin\n"
      "  srun -w \"$(clustermpi hosts fold --for slurm @arch:arm64)\" hostname");
  const auto add = [&](const std::string& name, const std::string& what, auto* act) {
    auto* sub = command->add_subcommand(name, what);
    keep_words_whole(
        sub->add_option("expressions", options->expressions, "Which hosts; - reads stdin"))
        ->type_name("HOSTLIST");
    sub->add_flag("--stdin", options->from_stdin, "Read stdin, an expression a line");
    sub->add_option("-x,--exclude", options->exclude, "Without these")
        ->type_name("HOSTLIST")
        ->allow_extra_args(false);
    sub->add_option(
           "--slice", options->slice,
           "Of the names in the order written only these, counted from 0: 0-3,8 or 0-99/10")
        ->type_name("RANGES");
    sub->callback([&session, options, act] {
      session.action = [&session, options, act] { return act(session, *options); };
    });
    return sub;
  };
  auto* expanding = add("expand", "Print the names, in the order written, each once", expand);
  expanding
      ->add_option("-S,--separator", options->separator,
                   "Between names; \\n, \\t and \\0 are understood")
      ->type_name("TEXT");
  expanding->footer(std::string(grammar) +
                    "Examples:\n"
                    "  clustermpi hosts expand 'red,red0[1-3]'\n"
                    "  clustermpi hosts expand -S, '@workers' -x red02\n"
                    "  clustermpi hosts expand --slice 0-3 '^hosts.txt'");
  auto* folding = add("fold", "Print one short expression, in natural order", fold);
  folding->add_option("--for", options->reader, "As that program reads it")
      ->check(choice("reader", reader_names()));
  folding->footer(std::string(grammar) +
                  "Examples:\n"
                  "  clustermpi hosts fold red03 red01 red02          red[01-03]\n"
                  "  clustermpi hosts fold --stdin <hosts.txt\n"
                  "  clustermpi hosts fold --for slurm 'n[1-2]-ib'    n1-ib,n2-ib");
  add("count", "Print how many hosts that are", count)
      ->footer(std::string(grammar) +
               "Examples:\n"
               "  clustermpi hosts count 'r[1-4]n[1-16]'           64\n"
               "  clustermpi hosts count '@all!@manager'");
}

}  // namespace clustermpi::cli
