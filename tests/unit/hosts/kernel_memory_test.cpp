#include "hosts/kernel_memory.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/unit/hosts/example_fleet.hpp"

namespace clustermpi {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;

using Batch = std::vector<std::string>;

Inventory with_limits() {
  Inventory inventory = example::inventory();
  inventory.slurm.emplace().memory_limits = true;
  return inventory;
}

/// A Raspberry Pi as it comes: its firmware turns the controller off.
Facts pi() {
  Facts facts = example::facts("red01", "192.168.1.11");
  facts.cgroup_controllers = {"cpuset", "cpu", "io", "pids"};
  facts.boot_id = "second";
  facts.boot_line_file = "/boot/firmware/cmdline.txt";
  return facts;
}

KernelMemory judge(const Facts& facts, const std::optional<std::string>& written_in_boot = {},
                   const Inventory& inventory = with_limits()) {
  return kernel_memory(inventory, "red01", facts, written_in_boot);
}

TEST(KernelMemory, IsAskedForOnceAndTakesOneReboot) {
  Facts facts = pi();
  EXPECT_EQ(judge(facts), KernelMemory::word_missing);
  facts.boot_line_has_word = true;
  EXPECT_EQ(judge(facts, "second"), KernelMemory::reboot_due);
  facts.boot_id = "third";
  facts.kernel_was_given_word = true;
  facts.cgroup_controllers.emplace_back("memory");
  EXPECT_EQ(judge(facts, "second"), KernelMemory::settled);
}

TEST(KernelMemory, ThatStillCannotIsNotRebootedAgain) {
  Facts facts = pi();
  facts.boot_line_has_word = true;
  facts.kernel_was_given_word = true;
  EXPECT_EQ(judge(facts, "first"), KernelMemory::refused) << "a kernel that ignores the word";
  EXPECT_EQ(judge(facts), KernelMemory::refused) << "the user's own word is no better";
  facts.kernel_was_given_word = false;
  EXPECT_EQ(judge(facts, "first"), KernelMemory::refused)
      << "a boot loader that reads no such file";
}

TEST(KernelMemory, IsAskedForAgainWhereTheWordWasTakenAway) {
  EXPECT_EQ(judge(pi(), "first"), KernelMemory::word_missing);
  EXPECT_EQ(judge(pi(), "second"), KernelMemory::word_missing);
}

TEST(KernelMemory, LeavesRebootsForTheUsersWordToTheUser) {
  Facts facts = pi();
  facts.boot_line_has_word = true;
  EXPECT_EQ(judge(facts), KernelMemory::reboot_by_user);
}

TEST(KernelMemory, IsSettledWhereNothingIsToBeDone) {
  Facts facts = pi();
  facts.cgroup_controllers.emplace_back("memory");
  EXPECT_EQ(judge(facts), KernelMemory::settled) << "it has the controller";
  facts = pi();
  facts.boot_line_file.clear();
  EXPECT_EQ(judge(facts), KernelMemory::settled) << "no such board";

  Inventory inventory = with_limits();
  inventory.slurm->memory_limits = false;
  EXPECT_EQ(judge(pi(), {}, inventory), KernelMemory::settled) << "nobody wants limits";
  inventory.slurm.reset();
  EXPECT_EQ(judge(pi(), {}, inventory), KernelMemory::settled) << "nor Slurm";

  inventory = with_limits();
  inventory.manager = "red01";
  inventory.manager_computes = false;
  EXPECT_EQ(judge(pi(), {}, inventory), KernelMemory::settled) << "no job runs there";
}

TEST(RebootBatches, BeginWithOneAndEndWithTheManager) {
  EXPECT_THAT(reboot_batches({}, "red"), IsEmpty());
  EXPECT_THAT(reboot_batches({"red"}, "red"), ElementsAre(Batch{"red"}));
  EXPECT_THAT(reboot_batches({"red", "red01"}, "red"), ElementsAre(Batch{"red01"}, Batch{"red"}));
  EXPECT_THAT(reboot_batches({"red", "red01", "red02", "red03"}, "red"),
              ElementsAre(Batch{"red01"}, Batch{"red02", "red03"}, Batch{"red"}));
}

TEST(RebootBatches, AreOfEightAtMost) {
  Batch hosts;
  for (unsigned i = 1; i <= 18; ++i) hosts.push_back("n" + std::to_string(i));
  std::vector<std::size_t> sizes;
  for (const Batch& batch : reboot_batches(hosts, "red")) sizes.push_back(batch.size());
  EXPECT_THAT(sizes, ElementsAre(1u, 8u, 8u, 1u));
}

}  // namespace
}  // namespace clustermpi
