#include "hosts/starter.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <sstream>

#include "hosts/error.hpp"
#include "hosts/inventory.hpp"
#include "tests/content_of.hpp"

namespace clustermpi {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;

const std::string& starter_template() {
  static const std::string text = test::content_of(CLUSTERMPI_SOURCE_DIR "/templates/cluster.toml");
  return text;
}

Inventory inventory_of(const StarterOptions& options) {
  ParsedInventory parsed =
      parse_inventory(starter_inventory(options, starter_template()), "cluster.toml");
  EXPECT_TRUE(parsed.diagnostics.empty());
  return std::move(parsed.inventory);
}

Inventory inventory_of_hosts(std::vector<std::string> hosts) {
  StarterOptions options;
  options.hosts = std::move(hosts);
  return inventory_of(options);
}

/// "user@name=address:port" of each host.
std::vector<std::string> hosts_of(const Inventory& inventory) {
  std::vector<std::string> hosts;
  for (const Host& host : inventory.hosts)
    hosts.push_back(host.user + '@' + host.name + '=' + host.address + ':' +
                    std::to_string(host.port.value_or(22)));
  return hosts;
}

std::string refusal(const StarterOptions& options) {
  try {
    (void)starter_inventory(options, starter_template());
    return "no error";
  } catch (const Error& error) {
    EXPECT_EQ(error.code(), ExitCode::usage);
    return error.what();
  }
}

std::string refusal_of_hosts(std::vector<std::string> hosts) {
  StarterOptions options;
  options.hosts = std::move(hosts);
  return refusal(options);
}

TEST(StarterInventory, TakesNames) {
  const Inventory inventory = inventory_of_hosts({"red,red0[1-2]"});
  EXPECT_EQ(inventory.name, "red");
  EXPECT_EQ(inventory.manager, "red");
  EXPECT_THAT(hosts_of(inventory),
              ElementsAre("pi@red=red:22", "pi@red01=red01:22", "pi@red02=red02:22"));
}

TEST(StarterInventory, NamesAddresses) {
  const Inventory inventory = inventory_of_hosts({"ada@192.168.0.[9-10]:2222"});
  EXPECT_EQ(inventory.name, "node");
  EXPECT_EQ(inventory.manager, "node01");
  EXPECT_THAT(hosts_of(inventory),
              ElementsAre("ada@node01=192.168.0.9:2222", "ada@node02=192.168.0.10:2222"));
  EXPECT_EQ(inventory_of_hosts({"10.0.[0-1].[1-60]"}).hosts.back().name, "node120");
}

TEST(StarterInventory, PairsNamesAndAddresses) {
  EXPECT_THAT(hosts_of(inventory_of_hosts({"red,red0[1-2]=192.168.0.[10-12]"})),
              ElementsAre("pi@red=192.168.0.10:22", "pi@red01=192.168.0.11:22",
                          "pi@red02=192.168.0.12:22"));
  EXPECT_THAT(hosts_of(inventory_of_hosts({"ada@red=gate.example.org:2222"})),
              ElementsAre("ada@red=gate.example.org:2222"));
}

TEST(StarterInventory, TakesLinesOfNameAndAddress) {
  const std::string text =
      starter_inventory({{"red2 10.0.0.2", "red1\t10.0.0.9 ", "red10 10.0.0.10"}, "", "", "", ""},
                        starter_template());
  EXPECT_THAT(text, HasSubstr("[[hosts]]\n"
                              "names   = \"red2,red1,red10\"\n"
                              "address = \"10.0.0.[2,9-10]\"\n"
                              "\n[ssh]\n"))
      << "pairs stay pairs";
}

TEST(StarterInventory, KeepsUsersAndPortsApart) {
  const std::string text =
      starter_inventory({{"pi@red0[1-2]", "ubuntu@big:2222", "pi@red03", "small"}, "", "", "", ""},
                        starter_template());
  EXPECT_THAT(text, HasSubstr("user    = \"pi\"\n"));
  EXPECT_THAT(text,
              HasSubstr("[[hosts]]\nnames   = \"red[01-03]\"\n\n"
                        "[[hosts]]\nnames   = \"big\"\nuser    = \"ubuntu\"\nport    = 2222\n\n"
                        "[[hosts]]\nnames   = \"small\"\n"));
}

TEST(StarterInventory, TakesTheOptions) {
  StarterOptions options;
  options.hosts = {"n[1-3]"};
  options.name = "class";
  options.user = "ada";
  options.manager = "n2";
  options.identity = "~/.ssh/class\\room key";
  const Inventory inventory = inventory_of(options);
  EXPECT_EQ(inventory.name, "class");
  EXPECT_EQ(inventory.manager, "n2");
  EXPECT_EQ(inventory.hosts.front().user, "ada");
  EXPECT_EQ(inventory.identity, "~/.ssh/class\\room key");
}

TEST(StarterInventory, WantsSlurmAndNothingElseOnTop) {
  const Inventory inventory = inventory_of({});
  EXPECT_EQ(inventory.slurm, SlurmSettings{});
  EXPECT_FALSE(inventory.python || inventory.storage);
}

TEST(StarterInventory, IsAnExampleWithoutHosts) {
  EXPECT_EQ(inventory_of({}).hosts.size(), 4u);
}

TEST(StarterInventory, ShowsEveryKeyWithItsDefault) {
  // All that is commented out, switched on, still is a valid inventory.
  std::istringstream lines(
      starter_inventory({{"red,red0[1-3]"}, "", "", "", ""}, starter_template()));
  std::string everything;
  for (std::string line; std::getline(lines, line);) {
    const bool setting =
        line.starts_with("# ") && (line.find(" = ") != std::string::npos || line[2] == '[');
    everything += (setting ? line.substr(2) : line) + '\n';
  }
  const ParsedInventory parsed = parse_inventory(everything, "cluster.toml");
  for (const Diagnostic& diagnostic : parsed.diagnostics) ADD_FAILURE() << render(diagnostic);
  SlurmSettings slurm;
  slurm.partitions = {{"short", {"red01", "red02", "red03"}, true, "30"}};
  EXPECT_EQ(parsed.inventory.slurm, slurm);
  EXPECT_TRUE(parsed.inventory.manager_computes);
  EXPECT_EQ(parsed.inventory.python, PythonSettings{});
  EXPECT_EQ(parsed.inventory.storage, (StorageSettings{"/shared", "/dev/sda1", false}));
  EXPECT_EQ(parsed.inventory.host_key_policy, HostKeyPolicy::accept_new);
  EXPECT_EQ(parsed.inventory.network, "192.168.1.0/24");
  EXPECT_NE(parsed.inventory.jump, "");
}

TEST(StarterInventory, RefusesArgumentsThatMakeNoSense) {
  EXPECT_EQ(refusal_of_hosts({"pi@red[3-1]"}),
            "'pi@red[3-1]': the range 3-1 runs backwards (character 8)");
  EXPECT_EQ(refusal_of_hosts({""}), "'': a host is missing");
  EXPECT_EQ(refusal_of_hosts({"pi@"}), "'pi@': a host is missing");
  EXPECT_EQ(refusal_of_hosts({"red:0"}), "'red:0': '0' is no port between 1 and 65535");
  EXPECT_EQ(refusal_of_hosts({"red:ssh"}), "'red:ssh': 'ssh' is no port between 1 and 65535");
  EXPECT_EQ(
      refusal_of_hosts({"first.last@red"}),
      "'first.last@red': user 'first.last' may have letters, digits, hyphens and underscores only");
  EXPECT_EQ(refusal_of_hosts({"red,10.0.0.1"}), "'red,10.0.0.1': names and addresses are mixed");
  EXPECT_EQ(refusal_of_hosts({"red[1-3]=10.0.0.[1-2]"}),
            "'red[1-3]=10.0.0.[1-2]': 3 names, but 2 addresses");
  EXPECT_EQ(refusal_of_hosts({"red", "red"}), "host 'red' is given twice");
  EXPECT_EQ(refusal_of_hosts({"my_pi"}),
            "host name 'my_pi' has an underscore, which Open MPI's launcher rejects: use a hyphen");
  EXPECT_EQ(refusal({{"red"}, "", "", "blue", ""}), "manager 'blue' is not one of the hosts");
  EXPECT_EQ(refusal({{"red"}, "my cluster", "", "", ""}),
            "name 'my cluster' may have letters, digits, hyphens and underscores only");
}

}  // namespace
}  // namespace clustermpi
