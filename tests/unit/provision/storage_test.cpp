#include "provision/steps/storage.hpp"

#include <gmock/gmock.h>

#include "provision/up.hpp"

namespace clustermpi {
namespace {

Inventory with_storage(StorageSettings storage) {
  Inventory inventory;
  inventory.hosts = {{"red", "red", "pi", {}, {}, {}}};
  inventory.manager = "red";
  inventory.storage = std::move(storage);
  return inventory;
}

/// "what the error says | its hint"; empty where there is none.
std::string refused(const Inventory& inventory, const FormatConsent& consent) {
  try {
    check_consent(inventory, consent);
  } catch (const Error& error) {
    EXPECT_EQ(error.code(), ExitCode::usage);
    return std::string(error.what()) + " | " + error.hint();
  }
  return {};
}

const StorageSettings formattable{"/shared", "/dev/sdb", true};

TEST(FormatConsent, IsToTheDeviceOfTheInventory) {
  EXPECT_EQ(refused(with_storage(formattable), {}), "");
  EXPECT_EQ(refused(with_storage(formattable), {"/dev/sdb", false}), "");
  EXPECT_EQ(refused(with_storage(formattable), {"/dev/sdb", true}), "");
  EXPECT_EQ(refused(with_storage(formattable), {"/dev/sda", false}),
            "--yes-format names /dev/sda, but the device of [storage] is /dev/sdb | "
            "the inventory and the command line are to name the same device");
  EXPECT_EQ(refused(with_storage({"/shared", "", true}), {"/dev/sda", false}),
            "--yes-format names /dev/sda, but [storage] has no device | "
            "the inventory and the command line are to name the same device");
}

TEST(FormatConsent, IsNotEnoughWithoutTheInventorys) {
  EXPECT_EQ(refused(with_storage({"/shared", "/dev/sdb", false}), {"/dev/sdb", true}),
            "[storage] does not allow to format /dev/sdb | "
            "write format = true there, or leave --yes-format out");
}

TEST(FormatConsent, ToWipeNamesADevice) {
  EXPECT_EQ(refused(with_storage(formattable), {"", true}),
            "--wipe says nothing without --yes-format | "
            "name the device whose content may be lost: --yes-format /dev/sdX --wipe");
}

TEST(FormatConsent, NeedsStorageInTheInventory) {
  Inventory inventory = with_storage(formattable);
  inventory.storage.reset();
  EXPECT_EQ(refused(inventory, {"/dev/sdb", false}),
            "the inventory has no [storage] | "
            "say there which directory the hosts share: directory = \"/shared\"");
}

TEST(Up, SharesADirectoryOnlyWhereTheInventoryHasOne) {
  const auto has_storage = [](const Inventory& inventory) {
    return std::ranges::any_of(up_steps(inventory),
                               [](const auto& step) { return step->name() == "storage"; });
  };
  Inventory inventory = with_storage(formattable);
  EXPECT_TRUE(has_storage(inventory));
  inventory.storage.reset();
  EXPECT_FALSE(has_storage(inventory));
  EXPECT_THROW((void)up_steps(inventory, {}, {"/dev/sdb", false}), Error)
      << "what was asked for is not passed over";
}

}  // namespace
}  // namespace clustermpi
