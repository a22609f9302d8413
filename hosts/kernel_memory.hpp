// Whether the kernels of Slurm's nodes can hold a job to its memory. A Raspberry Pi's has that
// turned off until a word on its line asks for it, which takes a start of the node.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "hosts/facts.hpp"
#include "hosts/inventory.hpp"

namespace clustermpi {

/// The word that turns it on.
inline constexpr std::string_view memory_word = "cgroup_enable=memory";

enum class KernelMemory {
  settled,         ///< it can, or nobody wants it to, or nothing of ours would help
  word_missing,    ///< the boot loader's line is to get the word
  reboot_due,      ///< we wrote the word, and the node was not started since
  reboot_by_user,  ///< somebody else wrote it, and the kernel that runs was not given it
  refused,         ///< the node was started since, and its kernel still cannot
};

/// `written_in_boot`: id of the boot in which we wrote the word there; empty: we did not.
[[nodiscard]] KernelMemory kernel_memory(const Inventory& inventory, const std::string& host,
                                         const Facts& facts,
                                         const std::optional<std::string>& written_in_boot);

/// Which of `hosts` are started anew together. One goes first, alone: where it does not come back,
/// the others are spared. The manager comes last, alone: the way to the others may lead through it.
[[nodiscard]] std::vector<std::vector<std::string>> reboot_batches(
    const std::vector<std::string>& hosts, const std::string& manager);

}  // namespace clustermpi
