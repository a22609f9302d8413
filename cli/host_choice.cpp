#include "cli/host_choice.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <set>

#include "hosts/hostlist.hpp"

namespace clustermpi::cli {

namespace {

Error not_hosts(const Cluster& cluster, const std::vector<std::string>& strangers) {
  std::vector<std::string> names;
  for (const Host& host : cluster.inventory().hosts) names.push_back(host.name);
  std::vector<std::string> guesses;
  for (const std::string& stranger : strangers) {
    const std::string near = nearest_word(stranger, names);
    if (!near.empty()) guesses.push_back(fmt::format("'{}' for '{}'", near, stranger));
  }
  return Error(ExitCode::usage,
               fmt::format("{} {} of {}", fmt::join(strangers, ", "),
                           strangers.size() == 1 ? "is not a host" : "are not hosts",
                           cluster.workspace().inventory_file().string()),
               guesses.empty() ? fmt::format("its hosts are {}", fold_hostlist(names))
                               : fmt::format("did you mean {}?", fmt::join(guesses, ", ")));
}

}  // namespace

std::vector<std::string> chosen_hosts(const Cluster& cluster,
                                      const std::vector<std::string>& expressions) {
  std::vector<std::string> chosen = cluster.active();
  if (expressions.empty()) return chosen;
  const std::vector<std::string> named =
      expand_hostlist(fmt::format("{}", fmt::join(expressions, ",")));
  std::vector<std::string> strangers;
  for (const std::string& name : named) {
    if (cluster.inventory().find(name) == nullptr) strangers.push_back(name);
  }
  if (!strangers.empty()) throw not_hosts(cluster, strangers);
  const std::set<std::string> wanted(named.begin(), named.end());
  std::erase_if(chosen, [&](const std::string& host) { return !wanted.contains(host); });
  if (chosen.empty()) {
    throw Error(ExitCode::usage, fmt::format("--limit leaves none of {}", fold_hostlist(named)));
  }
  return chosen;
}

}  // namespace clustermpi::cli
