// Golden files: what is written today beside what was written when it was last reviewed.
// CLUSTERMPI_UPDATE_GOLDEN=1 writes the files anew; the change is then reviewed like any other.
#pragma once

#include <gtest/gtest.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <string>

#include "hosts/facts.hpp"
#include "hosts/inventory.hpp"
#include "tests/content_of.hpp"
#include "tests/unit/hosts/example_fleet.hpp"

namespace clustermpi::test {

/// Holds `text` against the file `name` below tests/golden/writers.
inline void expect_golden(const std::string& name, const std::string& text) {
  const std::filesystem::path file =
      std::filesystem::path(CLUSTERMPI_SOURCE_DIR) / "tests/golden/writers" / name;
  if (std::getenv("CLUSTERMPI_UPDATE_GOLDEN") != nullptr) {
    std::filesystem::create_directories(file.parent_path());
    std::ofstream(file, std::ios::binary) << text;
  }
  EXPECT_EQ(text, content_of(file)) << "differs from " << file;
}

/// hosts/samples/mixed.toml with what its hosts would say.
struct Classroom {
  Inventory inventory;
  FleetFacts facts;

  Classroom() {
    const std::filesystem::path file = CLUSTERMPI_SOURCE_DIR "/hosts/samples/mixed.toml";
    inventory = parse_inventory(content_of(file), file.string()).inventory;
    for (const Host& host : inventory.hosts)
      facts[host.name] = example::facts(host.name, host.address);
    facts["desk"].architecture = "amd64";
    facts["desk"].cores_per_socket = 16;
  }
};

}  // namespace clustermpi::test
