// How what cannot be placed is refused.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "hosts/node_slots.hpp"

namespace clustermpi {

/// "n[1-4]"
[[nodiscard]] std::string fold_hosts(const std::vector<NodeSlots>& nodes);

/// "1 rank", "8 ranks"
[[nodiscard]] std::string count(unsigned number, std::string_view one, std::string_view many);

/// "by-core", "by the policy fill": how ranks are placed, as part of a sentence.
[[nodiscard]] std::string by(Policy policy);

/// "2 cores", or hardware threads where the policy deals those out.
[[nodiscard]] std::string cpus(unsigned number, Policy policy);

/// The labels that there are, for who named another.
[[nodiscard]] std::string labels_hint(const Inventory& inventory);

/// Throws Error{usage}.
[[noreturn]] void refuse(const std::string& message, const std::string& hint);

}  // namespace clustermpi
