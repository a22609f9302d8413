// The lab's wires: one bridge, one cable a node, and a way out to the world.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "provision/lab/store.hpp"

namespace clustermpi::lab {

/// IPv4 networks that are taken: "10.1.0.0/16", or an address alone. What is no such thing is
/// skipped. The first free /24 of 10.213.0.0/16 as "10.213.4", or empty where none is.
[[nodiscard]] std::string pick_network(const std::vector<std::string>& taken);
/// What this machine's addresses, routes and name servers take.
[[nodiscard]] std::vector<std::string> networks_in_use();

/// Whether something of that name, which is not ours to remove, is on this machine already.
[[nodiscard]] bool names_are_free(const std::string& lab);

void make_bridge(const LabRecord& lab);  ///< with its address and the NAT rule
void connect_nodes(const LabRecord& lab, const std::vector<NodeRecord>& nodes);
void remove_network(const LabRecord& lab);  ///< all that there is of it

[[nodiscard]] bool bridge_exists(const std::string& lab);
void set_link(const std::string& node, bool up);  ///< this machine's end of the node's cable
[[nodiscard]] bool link_is_up(const std::string& node);
void limit_rate(const std::string& node, std::uint64_t bits_per_second, bool limited_now);

}  // namespace clustermpi::lab
