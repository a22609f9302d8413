#include "hosts/kernel_memory.hpp"

#include <algorithm>

namespace clustermpi {
namespace {

/// Boards that start draw more than boards that run, often from one supply; and Slurm keeps nodes.
constexpr std::size_t most_at_once = 8;

bool limits_memory_of(const Inventory& inventory, const std::string& host) {
  return inventory.slurm && inventory.slurm->memory_limits &&
         (inventory.manager_computes || host != inventory.manager);
}

bool has_memory_controller(const Facts& facts) {
  const auto& all = facts.cgroup_controllers;
  return std::find(all.begin(), all.end(), "memory") != all.end();
}

}  // namespace

KernelMemory kernel_memory(const Inventory& inventory, const std::string& host, const Facts& facts,
                           const std::optional<std::string>& written_in_boot) {
  const bool nothing_to_do = !limits_memory_of(inventory, host) || has_memory_controller(facts) ||
                             facts.boot_line_file.empty();
  if (nothing_to_do) return KernelMemory::settled;
  if (!facts.boot_line_has_word) return KernelMemory::word_missing;
  if (facts.kernel_was_given_word) return KernelMemory::refused;
  if (!written_in_boot) return KernelMemory::reboot_by_user;
  return *written_in_boot == facts.boot_id ? KernelMemory::reboot_due : KernelMemory::refused;
}

std::vector<std::vector<std::string>> reboot_batches(const std::vector<std::string>& hosts,
                                                     const std::string& manager) {
  std::vector<std::vector<std::string>> batches;
  bool has_manager = false;
  for (const std::string& host : hosts) {
    if (host == manager) {
      has_manager = true;
    } else if (batches.size() < 2 || batches.back().size() == most_at_once) {
      batches.push_back({host});
    } else {
      batches.back().push_back(host);
    }
  }
  if (has_manager) batches.push_back({manager});
  return batches;
}

}  // namespace clustermpi
