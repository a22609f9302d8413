// Group files and Ansible's inventory as text, byte for byte. That the programs which read them see
// the groups that are meant is tests/differential/group_files.py's to say.
// CLUSTERMPI_UPDATE_GOLDEN=1 writes the files anew; the change is then reviewed like any other.
#include "hosts/group_files.hpp"

#include <gtest/gtest.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <nlohmann/json.hpp>
#include <sstream>

#include "hosts/ansible_inventory_text.hpp"
#include "hosts/writers.hpp"
#include "tests/unit/hosts/example_fleet.hpp"

namespace clustermpi {
namespace {

std::string content_of(const std::filesystem::path& file) {
  std::ostringstream text;
  text << std::ifstream(file, std::ios::binary).rdbuf();
  return text.str();
}

void expect_golden(const std::string& name, const std::string& text) {
  const std::filesystem::path file =
      std::filesystem::path(CLUSTERMPI_SOURCE_DIR) / "tests/golden/writers" / name;
  if (std::getenv("CLUSTERMPI_UPDATE_GOLDEN") != nullptr)
    std::ofstream(file, std::ios::binary) << text;
  EXPECT_EQ(text, content_of(file)) << "differs from " << file;
}

/// hosts/samples/mixed.toml with what its hosts would say, but for one that was never reached.
struct GoldenGroupFiles : testing::Test {
  void SetUp() override {
    const std::filesystem::path file = CLUSTERMPI_SOURCE_DIR "/hosts/samples/mixed.toml";
    inventory = parse_inventory(content_of(file), file.string()).inventory;
    for (const Host& host : inventory.hosts)
      facts[host.name] = example::facts(host.name, host.address);
    facts["desk"].architecture = "amd64";
    facts["desk"].cores_per_socket = 16;
    facts.erase(inventory.hosts.back().name);
  }

  Inventory inventory;
  FleetFacts facts;
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
