#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <istream>
#include <nlohmann/json.hpp>
#include <ostream>

#include "cli/app.hpp"
#include "hosts/starter.hpp"
#include "provision/data_dir.hpp"
#include "provision/files.hpp"

namespace clustermpi::cli {

namespace {

struct InitOptions {
  StarterOptions starter;
  std::string output;
  bool force = false;
};

/// `-` among the hosts stands for the lines of stdin; empty lines and `#` comments are left out.
std::vector<std::string> with_stdin(const std::vector<std::string>& hosts, std::istream& in) {
  std::vector<std::string> all;
  for (const std::string& host : hosts) {
    if (host != "-") {
      all.push_back(host);
      continue;
    }
    for (std::string line; std::getline(in, line);) {
      line.erase(std::min(line.find('#'), line.size()));
      const std::size_t begin = line.find_first_not_of(" \t\r");
      if (begin == std::string::npos) continue;
      all.push_back(line.substr(begin, line.find_last_not_of(" \t\r") - begin + 1));
    }
  }
  return all;
}

ExitCode init(Session& session, InitOptions options) {
  options.starter.hosts = with_stdin(options.starter.hosts, session.in());
  if (options.starter.hosts.empty()) {
    throw Error(ExitCode::usage, "which hosts?",
                "name them: clustermpi init 'red,red0[1-3]', or pi@192.168.0.[10-13]");
  }
  const std::filesystem::path file =
      options.output.empty() ? session.inventory_file() : std::filesystem::path(options.output);
  if (std::filesystem::exists(file) && !options.force) {
    throw Error(ExitCode::local_failure,
                fmt::format("{} exists and is not overwritten", file.string()),
                "--force overwrites it; -o FILE writes another one");
  }
  const std::string text =
      starter_inventory(options.starter, read_file(data_dir() / "templates" / "cluster.toml"));
  if (!session.common.dry_run) write_file(file, text);
  if (session.common.json) {
    session.print(nlohmann::json{{"command", "init"},
                                 {"ok", true},
                                 {"hosts", nlohmann::json::object()},
                                 {"file", file.string()}});
  } else {
    session.out() << (session.common.dry_run
                          ? text
                          : fmt::format("{} written. Look it over, then run `clustermpi up`.\n",
                                        file.string()));
  }
  return ExitCode::ok;
}

}  // namespace

void add_init(CLI::App& app, Session& session) {
  auto options = std::make_shared<InitOptions>();
  auto* command = app.add_subcommand("init", "Write a commented cluster.toml to start from");
  keep_words_whole(command->add_option("hosts", options->starter.hosts,
                                       "Hosts; - reads them from stdin, one a line"))
      ->type_name("[USER@]HOSTLIST[:PORT]");
  command->add_option("--name", options->starter.name, "The cluster's name");
  command->add_option("--user", options->starter.user, "Who logs in and runs jobs");
  command->add_option("--manager", options->starter.manager,
                      "Where mpirun starts (default: the first host)");
  command->add_option("--identity", options->starter.identity, "Private key to log in with")
      ->type_name("FILE");
  command->add_option("-o,--output", options->output, "Instead of the inventory's name")
      ->type_name("FILE");
  command->add_flag("--force", options->force, "Overwrite an existing file");
  command->footer(
      "  clustermpi init 'red,red0[1-3]'                       names that your network resolves\n"
      "  clustermpi init 'red,red0[1-3]=192.168.0.[10-13]'     names with addresses\n"
      "  clustermpi init 'pi@192.168.0.[10-13]:2222'           addresses only; names are made up\n"
      "  clustermpi init - <hosts.txt                          one a line: `red01` or `red01 "
      "192.168.0.11`");
  command->callback([&session, options] {
    session.action = [&session, options] { return init(session, *options); };
  });
}

}  // namespace clustermpi::cli
