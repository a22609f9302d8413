#include <fmt/format.h>

#include <CLI/CLI.hpp>

#include "cli/run_report.hpp"
#include "provision/steps/build.hpp"
#include "provision/steps/discover.hpp"
#include "provision/steps/distribute.hpp"

namespace clustermpi::cli {

namespace {

/// FILE under DIR on every host of the run; DIR left out is the same path as here.
std::vector<Placed> placed_files(const Cluster& cluster, const std::vector<std::string>& files,
                                 const std::string& folder) {
  std::vector<Placed> placed;
  for (const std::string& name : files) {
    const std::filesystem::path local = std::filesystem::absolute(name).lexically_normal();
    if (!std::filesystem::is_regular_file(local)) {
      throw Error(ExitCode::usage, fmt::format("{} is not a file", name),
                  "distribute takes files, not folders");
    }
    // "~/bin" in quotes reaches us as it is; below the login user's home is what a relative path
    // means.
    const std::string below = folder.starts_with("~/") ? folder.substr(2) : folder;
    const std::string remote = folder.empty()
                                   ? local.string()
                                   : (std::filesystem::path(below) / local.filename()).string();
    for (const Placed& other : placed) {
      if (other.remote != remote) continue;
      throw Error(ExitCode::usage, fmt::format("{} and {} would both become {}",
                                               other.local.string(), local.string(), remote));
    }
    placed.push_back({local, remote, cluster.active()});
  }
  return placed;
}

void add_build(CLI::App& app, Session& session) {
  auto* command = app.add_subcommand(
      "build", "Compile the bundled programs, once for each architecture and MPI");
  command->callback([&session] {
    session.action = [&session] {
      std::vector<std::unique_ptr<Step>> steps;
      steps.push_back(std::make_unique<DiscoverStep>());
      steps.push_back(std::make_unique<BuildStep>(bundled_programs()));
      return run_and_tell(session, "build", steps);
    };
  });
}

}  // namespace

void add_distribute(CLI::App& app, Session& session) {
  auto files = std::make_shared<std::vector<std::string>>();
  auto folder = std::make_shared<std::string>();
  auto* command = app.add_subcommand(
      "distribute", "Put files at the same path on every host, only where they are missing");
  keep_words_whole(
      command->add_option("files", *files, "Left out: the programs that `build` compiled"))
      ->type_name("FILE");
  command
      ->add_option("--to", *folder,
                   "Folder on the hosts, absolute or below the login user's home "
                   "(default: the same path as here)")
      ->type_name("DIR");
  command->footer(
      "Digests are compared first, so that nothing is sent twice; a file is whole or not there.\n"
      "  clustermpi distribute ./a.out --to bin");
  command->callback([&session, files, folder] {
    session.action = [&session, files, folder] {
      std::vector<std::unique_ptr<Step>> steps;
      steps.push_back(std::make_unique<DiscoverStep>());
      if (files->empty()) {
        steps.push_back(std::make_unique<DistributeStep>(bundled_programs()));
      } else {
        steps.push_back(std::make_unique<DistributeStep>(
            placed_files(session.open_cluster(), *files, *folder)));
      }
      return run_and_tell(session, "distribute", steps);
    };
  });
  add_build(app, session);
}

}  // namespace clustermpi::cli
