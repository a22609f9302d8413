// What the terms `@GROUP` and `^FILE` of a hostlist expression stand for.
#pragma once

#include <functional>
#include <string>

#include "hosts/groups.hpp"

namespace clustermpi {

/// Both functions are asked only when such a term is met; where one is empty the term is refused,
/// for the reason given beside it.
struct HostlistSources {
  std::function<const HostGroups&()> groups;
  std::string no_groups = "a group cannot be named here";
  /// Why there are no groups such as arch:arm64 where there are none.
  std::string no_facts = "what hosts are is known after `clustermpi discover`";

  /// The text of a file, "-" being stdin where there is such a thing. May throw Error, whose
  /// message is passed on.
  std::function<std::string(const std::string& file)> read_file;
  std::string no_files = "a file cannot be named here";
};

}  // namespace clustermpi
