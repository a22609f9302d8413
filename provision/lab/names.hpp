// What a lab's things are called. Every name follows from the lab's name and a number, so that `lab
// down` finds them all even where `lab up` was killed before it could write anything down.
#pragma once

#include <string>
#include <string_view>

namespace clustermpi::lab {

inline constexpr unsigned max_nodes = 99;  ///< two digits

/// Throws Error{usage}: a lab's name is the prefix of host names and of NIC names, which have 15
/// characters.
void check_lab_name(std::string_view name);

[[nodiscard]] std::string node_name(std::string_view lab, unsigned number);  ///< 1 -> "lab01"
/// The lab that a node of this name would belong to, or empty: "lab01" -> "lab".
[[nodiscard]] std::string_view lab_of(std::string_view node);

[[nodiscard]] std::string bridge_name(std::string_view lab);
[[nodiscard]] std::string nft_table(std::string_view lab);
/// This machine's end of the node's cable; the other end is `eth0` in the namespace named as the
/// node.
[[nodiscard]] std::string cable_name(std::string_view node);

}  // namespace clustermpi::lab
