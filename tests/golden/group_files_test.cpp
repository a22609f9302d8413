// Group files and Ansible's inventory as text, byte for byte. That the programs which read them see
// the groups that are meant is tests/differential/group_files.py's to say.
#include "hosts/group_files.hpp"

#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

#include "hosts/ansible_inventory_text.hpp"
#include "hosts/writers.hpp"
#include "tests/golden/golden.hpp"

namespace clustermpi {
namespace {

using test::expect_golden;

/// A classroom, but for one host that was never reached.
struct GoldenGroupFiles : testing::Test, test::Classroom {
  void SetUp() override { facts.erase(inventory.hosts.back().name); }
};

TEST_F(GoldenGroupFiles, ClusterShell) {
  expect_golden("clustershell.yaml", clustershell_groups(inventory, facts));
}

TEST_F(GoldenGroupFiles, Genders) {
  expect_golden("genders", genders(inventory, facts));
}

TEST_F(GoldenGroupFiles, AnsibleInventory) {
  const nlohmann::json document =
      ansible_inventory(inventory, facts, "/home/ada/my cluster/.clustermpi/ssh_config");
  expect_golden("ansible_inventory.ini", ansible_inventory_ini(document));
  expect_golden("ansible_inventory.yaml", ansible_inventory_yaml(document));
}

}  // namespace
}  // namespace clustermpi
