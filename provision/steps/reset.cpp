#include "provision/steps/reset.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <map>
#include <sstream>

#include "hosts/hostlist.hpp"
#include "provision/catalogue.hpp"
#include "provision/data_dir.hpp"
#include "provision/files.hpp"
#include "provision/host_state.hpp"
#include "provision/privileges.hpp"
#include "provision/remote_scripts.hpp"
#include "provision/steps/distribute.hpp"

namespace fs = std::filesystem;

namespace clustermpi {

namespace {

using namespace std::chrono_literals;

struct Part {
  std::string name;
  std::vector<std::string> roles;
};

/// What several parts stand on is in the list of each: it goes with the last of them.
const std::vector<Part>& all_parts() {
  static const std::vector<Part> parts{
      {"mpi", {"python", "base", "openmpi", "mpich"}},
      {"slurm", {"python", "base", "munge", "slurm", "slurmdbd"}},
      {"storage", {"python", "base", "storage"}},
      {"python", {"python", "base", "venv"}},
      {"hpl", {"python", "hpcc"}},
  };
  return parts;
}

/// `PART ROLE KIND NAME` a line.
std::string items_of_all_parts() {
  std::string items;
  for (const Part& part : all_parts()) {
    for (const std::string& role : part.roles) {
      const fs::path file = data_dir() / "playbooks" / "roles" / role / "files" / "managed.list";
      for (const ManagedItem& item : parse_managed_list(read_file(file), file.string()))
        items += fmt::format("{} {} {} {}\n", part.name, role, item.kind, item.name);
    }
  }
  return items;
}

std::string script(const ResetOptions& options, std::string_view mode, bool on_manager) {
  const bool all = options.parts.size() == all_parts().size();
  std::vector<std::string> programs;
  for (const Example& example : catalogue())
    programs.push_back(fmt::format("{}/{}", program_folder, example.name));
  return fmt::format("mode={}\nall={}\nparts={}\nitems={}\nprograms={}\nmanager={}\n{}", mode,
                     all ? "1" : "", shell_quote(fmt::format("{}", fmt::join(options.parts, " "))),
                     shell_quote(items_of_all_parts()),
                     shell_quote(fmt::format("{}", fmt::join(programs, " "))),
                     on_manager ? "1" : "", remote::reset);
}

/// What is lost with a folder and cannot be made again.
std::string with_contents(const std::string& path) {
  if (path == "/var/lib/slurm") return path + " (Slurm's record of its jobs)";
  if (path == "/var/lib/mysql") return path + " (the data base of all jobs)";
  return path;
}

std::vector<std::string> unique(std::vector<std::string> names) {
  std::ranges::sort(names);
  names.erase(std::unique(names.begin(), names.end()), names.end());
  return names;
}

std::string packages_text(const std::vector<std::string>& asked,
                          const std::vector<std::string>& needed) {
  if (asked.empty()) {
    return fmt::format("remove {} that other packages brought along: {}",
                       needed.size() == 1 ? "a package" : fmt::format("{} packages", needed.size()),
                       fmt::join(needed, ", "));
  }
  std::string text = fmt::format("remove {}", fmt::join(asked, ", "));
  if (!needed.empty()) {
    text +=
        fmt::format(" and {} that came with {}: {}",
                    needed.size() == 1 ? "a package" : fmt::format("{} packages", needed.size()),
                    asked.size() == 1 ? "it" : "them", fmt::join(needed, ", "));
  }
  return text;
}

/// A directory that is mounted from the manager can be left as long as the manager serves it.
std::vector<std::vector<std::string>> in_turn(const std::vector<Change>& changes,
                                              const std::string& manager) {
  std::vector<std::string> first;
  std::vector<std::string> last;
  bool mounts = false;
  for (const Change& change : changes) {
    auto& hosts = change.host == manager ? last : first;
    if (std::ranges::find(hosts, change.host) == hosts.end()) hosts.push_back(change.host);
    mounts = mounts || change.what.starts_with("unmount ");
  }
  if (mounts) return {first, last};
  first.insert(first.end(), last.begin(), last.end());
  return {first};
}

HostError not_listed(const Result& result) {
  return {"reset_unknown", fmt::format("cannot tell what is to go: {}", printable(result.err)),
          "put right what it names on that host, and run the same command again"};
}

HostError not_removed(const Result& result) {
  return {"reset_incomplete", fmt::format("not everything is removed: {}", printable(result.err)),
          "put right what it names on that host, and run the same command again: it goes on from "
          "there"};
}

}  // namespace

std::vector<std::string> reset_parts() {
  std::vector<std::string> names;
  for (const Part& part : all_parts()) names.push_back(part.name);
  return names;
}

Removal parse_removal(std::string_view output) {
  std::map<std::string, std::vector<std::string>> named;
  std::istringstream lines{std::string(output)};
  for (std::string line; std::getline(lines, line);) {
    const std::size_t blank = line.find(' ');
    if (blank == std::string::npos) continue;
    std::string kind = line.substr(0, blank);
    std::string name = line.substr(blank + 1);
    if (kind == "package") {  // and why it came
      const std::size_t last = name.find(' ');
      if (last == std::string::npos) continue;
      kind = name.substr(last + 1);
      name.resize(last);
    }
    named[kind].push_back(std::move(name));
  }
  Removal removal;
  removal.jobs = {named["job"].begin(), named["job"].end()};
  removal.stays = named["stays"];
  const auto tell = [&](const std::string& kind, fmt::string_view text) {
    if (!named[kind].empty()) {
      removal.what.push_back(
          fmt::format(fmt::runtime(text), fmt::format("{}", fmt::join(named[kind], ", "))));
    }
  };
  tell("stop", "stop {}");
  tell("disable", "turn {} off again");
  tell("unmount", "unmount {}; what is in there stays where it is");
  if (!named["asked"].empty() || !named["needed"].empty())
    removal.what.push_back(packages_text(named["asked"], named["needed"]));
  tell("file", "remove {}");
  tell("restore", "bring {} back as it was before");
  tell("block", "take our block out of {}");
  tell("line", "take our line out of {}");
  tell("word", "take our word off the first line of {}");
  tell("tree", "remove {} with all that is in it");
  std::ranges::transform(named["leftover"], named["leftover"].begin(), with_contents);
  tell("leftover", "remove what the daemons left: {}");
  std::vector<std::string>& accounts = named["user"];
  accounts.insert(accounts.end(), named["group"].begin(), named["group"].end());
  accounts = unique(std::move(accounts));
  tell("user", "remove the accounts of daemons: {}");
  tell("own", "forget what was installed: {}");
  return removal;
}

std::string reset_question(const std::vector<Change>& changes) {
  std::vector<std::string> order;
  std::map<std::string, std::string> lists;
  for (const Change& change : changes) {
    if (!lists.contains(change.host)) order.push_back(change.host);
    lists[change.host] += fmt::format("  {}\n", change.what);
  }
  std::vector<std::pair<std::string, std::vector<std::string>>> groups;
  for (const std::string& host : order) {
    auto group = std::ranges::find(groups, lists[host], &decltype(groups)::value_type::first);
    if (group == groups.end()) group = groups.insert(group, {lists[host], {}});
    group->second.push_back(host);
  }
  std::string question;
  for (const auto& [list, hosts] : groups)
    question += fmt::format("{}:\n{}", fold_hostlist(hosts), list);
  return question + "Do that?";
}

std::string ResetStep::title() const {
  return fmt::format("take away {}, bring back what was there before",
                     options_.parts.size() == all_parts().size()
                         ? "all that was installed"
                         : fmt::format("{}", fmt::join(options_.parts, " and ")));
}

std::map<std::string, Result> ResetStep::run(Cluster& cluster,
                                             const std::vector<std::string>& hosts,
                                             std::string_view mode) const {
  std::map<std::string, Job> jobs;
  for (const std::string& host : hosts) {
    Job& job = jobs[host];
    job.command = "sh -s";
    job.input = std::make_shared<const std::string>(
        script(options_, mode, host == cluster.inventory().manager));
    job.timeout = mode == "list" ? 2min : 60min;  // a hundred packages on a slow card
    become_root(job, cluster, host);
  }
  return cluster.run_jobs(std::move(jobs));
}

std::vector<Change> ResetStep::plan(Cluster& cluster) {
  obtain_privileges(cluster, cluster.active());
  std::vector<Change> changes;
  for (const auto& [host, result] : run(cluster, cluster.active(), "list")) {
    if (result.exit_status != 0) {
      cluster.fail(host, not_listed(result));
      continue;
    }
    Removal removal = parse_removal(printable(result.out));
    for (std::string& what : removal.what) changes.push_back({host, std::move(what)});
    if (!removal.stays.empty()) {
      cluster.note(
          fmt::format(
              "{} stay: they were asked for by hand, or something that is not ours needs them",
              fmt::join(removal.stays, ", ")),
          host);
    }
    jobs_.merge(removal.jobs);
  }
  return changes;
}

std::string ResetStep::apply(Cluster& cluster, const std::vector<Change>& changes) {
  if (!jobs_.empty() && !options_.force) {
    throw Error(ExitCode::local_failure,
                fmt::format("nothing was removed: Slurm has jobs, {}", fmt::join(jobs_, ", ")),
                "wait for their end, or cancel them by --force");
  }
  for (const Change& change : changes) cluster.detail("will " + change.what, change.host);
  Asker* asker = cluster.options().asker;
  if (asker == nullptr || !asker->confirm(reset_question(changes))) {
    throw Error(ExitCode::local_failure, "nothing was removed: nobody agreed to it",
                "answer y at a terminal, or give --yes; --dry-run shows the list");
  }
  std::size_t done = 0;
  std::size_t wanted = 0;
  for (const auto& hosts : in_turn(changes, cluster.inventory().manager)) {
    wanted += hosts.size();
    done += remove(cluster, hosts);
  }
  return fmt::format("{} of {} hosts reset", done, wanted);
}

std::size_t ResetStep::remove(Cluster& cluster, const std::vector<std::string>& hosts) const {
  for (const std::string& host : hosts) cluster.progress(host, "removing");
  std::size_t done = 0;
  for (const auto& [host, result] : run(cluster, hosts, "remove")) {
    if (result.exit_status != 0) {
      cluster.fail(host, not_removed(result));
      continue;
    }
    ++done;
    Event event;
    event.kind = Event::Kind::host_done;
    event.host = host;
    event.changed = true;
    event.text = "reset";
    cluster.report(event);
  }
  return done;
}

}  // namespace clustermpi
