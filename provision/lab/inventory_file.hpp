// What a lab leaves for the other commands: cluster.toml, and beside it, in .clustermpi/, the key
// to the nodes and their host keys. We made those, so trusting them needs no first contact.
#pragma once

#include <filesystem>
#include <string>

#include "provision/lab/store.hpp"
#include "provision/ssh/host_key.hpp"

namespace clustermpi::lab {

[[nodiscard]] std::filesystem::path identity_file(const LabRecord& lab);
/// The text of cluster.toml.
[[nodiscard]] std::string inventory_text(const LabRecord& lab);

/// Throws Error{local_failure} where the file exists and is not this lab's.
void check_inventory_is_ours(const LabRecord& lab);
/// Throws Error{local_failure} where somebody changed it since, for what they wrote would be lost.
void check_inventory_is_unedited(const LabRecord& lab);
/// Removes what an earlier lab in the same place left: its key, and facts of nodes that are no
/// more.
void forget_predecessor(const LabRecord& lab);
/// Makes the key pair where it is missing; its public half.
std::string make_identity(const LabRecord& lab);
/// Replaces what is on file for these hosts: a lab's addresses are used again and again.
void pin_host_key(const LabRecord& lab, const NodeRecord& node, const HostKey& key);
void write_inventory(const LabRecord& lab);
/// Removes what the above made. A cluster.toml that somebody edited stays.
void forget_inventory(const LabRecord& lab);

}  // namespace clustermpi::lab
