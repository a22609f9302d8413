#include "cli/host_choice.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <memory>
#include <optional>
#include <span>

#include "hosts/groups.hpp"
#include "hosts/hostlist.hpp"
#include "provision/files.hpp"

namespace clustermpi::cli {

namespace {

/// More than any list of hosts that somebody keeps.
constexpr std::size_t most_in_file = 64u << 20;

Error not_hosts(const Cluster& cluster, const std::vector<std::string>& strangers) {
  const std::vector<std::string> names = names_of(cluster.inventory());
  std::vector<std::string> guesses;
  constexpr std::size_t most_guesses = 3;
  for (const std::string& stranger :
       std::span(strangers).first(std::min(strangers.size(), most_guesses))) {
    const std::string near = nearest_word(stranger, names);
    if (!near.empty()) guesses.push_back(fmt::format("'{}' for '{}'", near, stranger));
  }
  return Error(ExitCode::usage,
               fmt::format("{} {} of {}", fold_hostlist(strangers),
                           strangers.size() == 1 ? "is not a host" : "are not hosts",
                           cluster.workspace().inventory_file().string()),
               guesses.empty() ? fmt::format("its hosts are {}", fold_hostlist(names))
                               : fmt::format("did you mean {}?", fmt::join(guesses, ", ")));
}

}  // namespace

HostlistSources command_line_sources(std::function<HostGroups()> groups) {
  HostlistSources sources;
  auto known = std::make_shared<std::optional<HostGroups>>();
  sources.groups = [known, groups = std::move(groups)]() -> const HostGroups& {
    if (!*known) *known = groups();
    return **known;
  };
  sources.read_file = [](const std::string& file) { return read_file(file, most_in_file); };
  return sources;
}

HostGroups stored_groups(const Inventory& inventory, const Workspace& workspace) {
  return host_groups(inventory, workspace.load_facts());
}

std::vector<std::string> limited_hosts(const Inventory& inventory, const Workspace& workspace,
                                       const std::string& limit) {
  if (limit.empty()) return {};
  Hostlist hosts = Hostlist::parse(
      limit, command_line_sources([&] { return stored_groups(inventory, workspace); }));
  if (hosts.empty()) throw Error(ExitCode::usage, fmt::format("--limit '{}' names no host", limit));
  return std::move(hosts).names();
}

std::vector<std::string> chosen_hosts(const Cluster& cluster,
                                      const std::vector<std::string>& expressions) {
  const Hostlist active(cluster.active());
  if (expressions.empty()) return active.names();
  const std::string expression = fmt::format("{}", fmt::join(expressions, " "));
  const Hostlist named = Hostlist::parse(expression, command_line_sources([&] {
                                           return host_groups(cluster.inventory(), cluster.facts);
                                         }));
  if (named.empty()) throw Error(ExitCode::usage, fmt::format("'{}' names no host", expression));
  const Hostlist strangers = named - Hostlist(names_of(cluster.inventory()));
  if (!strangers.empty()) throw not_hosts(cluster, strangers.names());
  Hostlist chosen = active & named;
  if (chosen.empty())
    throw Error(ExitCode::usage, fmt::format("--limit leaves none of {}", named.fold()));
  return std::move(chosen).names();
}

}  // namespace clustermpi::cli
