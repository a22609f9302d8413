#include "hosts/placement_words.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include "hosts/error.hpp"
#include "hosts/groups.hpp"
#include "hosts/hostlist.hpp"

namespace clustermpi {

std::string fold_hosts(const std::vector<NodeSlots>& nodes) {
  std::vector<std::string> names;
  names.reserve(nodes.size());
  for (const NodeSlots& node : nodes) names.push_back(node.host);
  return fold_hostlist(names);
}

std::string count(unsigned number, std::string_view one, std::string_view many) {
  return fmt::format("{} {}", number, number == 1 ? one : many);
}

std::string by(Policy policy) {
  const std::string_view name = name_of(policy);
  return name.starts_with("by-") ? std::string(name) : fmt::format("by the policy {}", name);
}

std::string cpus(unsigned number, Policy policy) {
  return policy == Policy::by_thread ? count(number, "hardware thread", "hardware threads")
                                     : count(number, "core", "cores");
}

void refuse(const std::string& message, const std::string& hint) {
  throw Error(ExitCode::usage, message, hint);
}

std::string labels_hint(const Inventory& inventory) {
  const std::vector<std::string> labels = labels_of(inventory);
  return labels.empty() ? "no host has a label: labels = [\"...\"] below [[hosts]] gives it one"
                        : fmt::format("the labels are {}", fmt::join(labels, ", "));
}

}  // namespace clustermpi
