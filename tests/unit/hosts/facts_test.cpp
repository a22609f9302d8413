#include "hosts/facts.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <nlohmann/json.hpp>
#include <stdexcept>

namespace clustermpi {
namespace {

using testing::ElementsAre;
using testing::Pair;
using testing::UnorderedElementsAre;

// What a Raspberry Pi 4 answers, with a banner of its .bashrc before.
const std::string pi4 = R"(Welcome! hostname=impostor
package=openmpi-bin 99
probe=1
hostname=red01
kernel=6.6.31+rpt-rpi-v8
machine=aarch64
os_id=debian
os_version=12
os_codename=bookworm
model=Raspberry Pi 4 Model B Rev 1.4
virtualization=none
topology=cpu/online:0-3
topology=cpu/cpu0/topology/physical_package_id:0
topology=cpu/cpu1/topology/physical_package_id:0
topology=cpu/cpu2/topology/physical_package_id:0
topology=cpu/cpu3/topology/physical_package_id:0
memory_kib=3884396
clock=1718000000.250000000
ssh_connection=192.168.1.2 51234 192.168.1.11 22
interface=wlan0 192.168.7.30/24
interface=eth0 192.168.1.11/24
interface=eth0 fe80::1/64
interface=docker0 172.17.0.1/16
home=/home/pi
login_user=pi
uid=1000
sudo=1
host_key=ssh-rsa AAAAB3NzaC1yc2E= root@red01
host_key=ssh-ed25519 AAAAC3NzaC1lZDI1 root@red01
host_key=ssh-ed25519 {{lookup('pipe')}} root@red01
disk_free_kib=10123456
package=openmpi-bin 4.1.4-3+b1
package=python3 3.11.2-1+b1
package=python3-apt 2.6.0
architecture=arm64
python=3.11.2-1+b1
candidate=mpich 4.0.2-3+b1
boot_id=0f9c4a1e-5d3b-4b7e-9a55-2f6f0c9d1e77
boot_line_file=/boot/firmware/cmdline.txt
boot_line_has_word=1
from_the_future=42
end=1
)";

/// `pi4` with the line of `key` replaced; an empty line removes it.
std::string with(const std::string& key, const std::string& line) {
  std::string text = pi4;
  const std::size_t begin = text.find('\n' + key + '=', text.find("probe=1")) + 1;
  const std::size_t end = text.find('\n', begin) + 1;
  return text.replace(begin, end - begin, line.empty() ? "" : line + '\n');
}

TEST(ParseVersion, TakesTheNumbers) {
  EXPECT_EQ(parse_version("4.1.4-3+b1"), (Version{4, 1, 4}));
  EXPECT_EQ(parse_version("4:12.2.0-3"), (Version{12, 2, 0}));
  EXPECT_EQ(parse_version("22.05.8-4+deb12u2"), (Version{22, 5, 8}));
  EXPECT_EQ(parse_version("5"), (Version{5, 0, 0}));
  EXPECT_EQ(parse_version("12.4"), (Version{12, 4, 0}));
  EXPECT_EQ(parse_version("5.0rc1"), (Version{5, 0, 0}));
  EXPECT_EQ(parse_version("3.x"), (Version{3, 0, 0}));
  EXPECT_EQ(parse_version("4.3.0+really4.2.1-1"), (Version{4, 2, 1}));
}

TEST(ParseVersion, RefusesWhatIsNone) {
  EXPECT_EQ(parse_version(""), std::nullopt);
  EXPECT_EQ(parse_version("trixie/sid"), std::nullopt);
  EXPECT_EQ(parse_version("-1"), std::nullopt);
  EXPECT_EQ(parse_version("99999999999999999999"), std::nullopt);
}

TEST(ParseVersion, Orders) {
  EXPECT_LT(*parse_version("4.1.9"), *parse_version("4.1.10"));
  EXPECT_EQ(to_string(*parse_version("4.1.4-3")), "4.1.4");
}

TEST(ParseProbe, ReadsEveryKey) {
  const Facts facts = parse_probe(pi4);
  EXPECT_EQ(facts.hostname, "red01");
  EXPECT_EQ(facts.os_id, "debian");
  EXPECT_EQ(facts.os_version, "12");
  EXPECT_EQ(facts.os_codename, "bookworm");
  EXPECT_EQ(facts.architecture, "arm64");
  EXPECT_EQ(facts.kernel, "6.6.31+rpt-rpi-v8");
  EXPECT_EQ(facts.sockets, 1u);
  EXPECT_EQ(facts.cores_per_socket, 4u);
  EXPECT_EQ(facts.threads_per_core, 1u);
  EXPECT_EQ(facts.cores(), 4u);
  EXPECT_EQ(facts.memory_kib, 3884396u);
  EXPECT_EQ(facts.disk_free_kib, 10123456u);
  EXPECT_EQ(facts.model, "Raspberry Pi 4 Model B Rev 1.4");
  EXPECT_EQ(facts.virtualization, "none");
  EXPECT_THAT(facts.interfaces, ElementsAre(Interface{"wlan0", "192.168.7.30", 24},
                                            Interface{"eth0", "192.168.1.11", 24},
                                            Interface{"docker0", "172.17.0.1", 16}));
  EXPECT_EQ(facts.cluster_interface, "eth0");
  EXPECT_EQ(facts.cluster_address, "192.168.1.11");
  EXPECT_EQ(facts.home, "/home/pi");
  EXPECT_EQ(facts.login_user, "pi");
  EXPECT_TRUE(facts.sudo);
  EXPECT_THAT(facts.host_keys,
              ElementsAre("ssh-ed25519 AAAAC3NzaC1lZDI1", "ssh-rsa AAAAB3NzaC1yc2E="));
  EXPECT_EQ(facts.python, (Version{3, 11, 2}));
  EXPECT_TRUE(facts.python_apt);
  EXPECT_DOUBLE_EQ(facts.clock, 1718000000.25);
  EXPECT_DOUBLE_EQ(facts.clock_offset, 0);
  EXPECT_THAT(facts.packages,
              UnorderedElementsAre(Pair("openmpi-bin", "4.1.4-3+b1"),
                                   Pair("python3", "3.11.2-1+b1"), Pair("python3-apt", "2.6.0")));
  EXPECT_THAT(facts.candidates, ElementsAre(Pair("mpich", "4.0.2-3+b1")));
}

TEST(ParseProbe, NamesTheKeyThatIsMissing) {
  const auto reason = [](const std::string& output) -> std::string {
    try {
      (void)parse_probe(output);
      return "no error";
    } catch (const std::invalid_argument& error) {
      return error.what();
    }
  };
  EXPECT_EQ(reason(""), "the probe's answer lacks 'probe'");
  EXPECT_EQ(reason("bash: sh: not found\n"), "the probe's answer lacks 'probe'");
  EXPECT_EQ(reason(with("hostname", "")), "the probe's answer lacks 'hostname'");
  EXPECT_EQ(reason(with("architecture", "")), "the probe's answer lacks 'architecture'");
  EXPECT_EQ(reason(pi4.substr(0, pi4.find("end=1"))), "the probe's answer lacks 'end'");
}

/// `pi4` with other processors.
std::string with_processors(const std::string& lines) {
  std::string text = pi4;
  const std::size_t begin = text.find("topology=");
  return text.replace(begin, text.find("memory_kib") - begin, lines);
}

TEST(ParseProbe, CountsCoresOfTheWholeNode) {
  std::string lines;
  for (int cpu = 0; cpu < 48; ++cpu) {
    const std::string files = "topology=cpu/cpu" + std::to_string(cpu) + "/topology/";
    lines += files + "physical_package_id:" + std::to_string(cpu % 24 / 12) + '\n';
    lines += files + "thread_siblings_list:" + std::to_string(cpu % 24) + ',' +
             std::to_string(cpu % 24 + 24) + '\n';
  }
  const Facts facts = parse_probe(with_processors(lines));
  EXPECT_EQ(facts.sockets, 2u);
  EXPECT_EQ(facts.cores_per_socket, 12u);
  EXPECT_EQ(facts.threads_per_core, 2u);
  EXPECT_EQ(facts.cores(), 24u);
  ASSERT_TRUE(facts.topology);
  EXPECT_EQ(facts.topology->cores[13].threads, (std::vector<unsigned>{13, 37}));
}

TEST(ParseProbe, KeepsTheCoresWhereTheySpreadUnevenly) {
  const Facts facts =
      parse_probe(with_processors("topology=cpu/online:0-7\n"
                                  "topology=cpu/cpu0/topology/thread_siblings_list:0-1\n"
                                  "topology=cpu/cpu2/topology/thread_siblings_list:2-3\n"
                                  "topology=cpu/cpu4/topology/thread_siblings_list:4-5\n"
                                  "topology=cpu/cpu0/topology/physical_package_id:0\n"
                                  "topology=cpu/cpu2/topology/physical_package_id:0\n"
                                  "topology=cpu/cpu4/topology/physical_package_id:0\n"
                                  "topology=cpu/cpu6/topology/physical_package_id:1\n"
                                  "topology=cpu/cpu7/topology/physical_package_id:1\n"));
  EXPECT_EQ(facts.cores(), 5u);
  EXPECT_EQ(facts.sockets, 1u);
  EXPECT_EQ(facts.threads_per_core, 1u) << "of five cores, three have two threads";
}

TEST(ParseProbe, TakesEveryCpuForACoreWhereTheKernelKnowsNoMore) {
  EXPECT_EQ(parse_probe(with_processors("cpus=4\n")).cores(), 4u);
  EXPECT_EQ(parse_probe(with_processors("cpus=4\n")).topology, std::nullopt);
  EXPECT_EQ(parse_probe(with_processors("cpus=0\n")).cores(), 1u);
  EXPECT_EQ(parse_probe(with_processors("")).cores(), 1u);
}

TEST(ParseProbe, TakesHwlocsWordOrTheKernels) {
  const std::string xml =
      "topology_xml=<topology version=\"2.0\">\n"
      "topology_xml=<object type=\"Machine\" allowed_cpuset=\"0x3\">\n"
      "topology_xml=<object type=\"Core\"><object type=\"PU\" os_index=\"1\"/></object>\n"
      "topology_xml=<object type=\"Core\"><object type=\"PU\" os_index=\"0\"/></object>\n"
      "topology_xml=</object></topology>\n";
  const Facts facts = parse_probe(with_processors(xml));
  ASSERT_TRUE(facts.topology);
  EXPECT_EQ(facts.cores(), 2u);
  EXPECT_EQ(facts.topology->cores[0].threads, std::vector<unsigned>{1});
  EXPECT_EQ(parse_probe(with_processors("topology=cpu/online:0-2\n")).cores(), 3u);
}

TEST(ParseProbe, FindsTheInterfaceBehindAnIpv6Connection) {
  const Facts facts =
      parse_probe(with("ssh_connection", "ssh_connection=fe80::9%eth0 4 fe80::1%eth0 22"));
  EXPECT_EQ(facts.cluster_interface, "eth0");
  EXPECT_EQ(facts.cluster_address, "192.168.1.11");
}

TEST(ParseProbe, TakesTheFirstRealInterfaceBehindALoopbackConnection) {
  const Facts facts =
      parse_probe(with("ssh_connection", "ssh_connection=127.0.0.1 4 127.0.0.1 22"));
  EXPECT_EQ(facts.cluster_interface, "wlan0");
  EXPECT_EQ(parse_probe(with("ssh_connection", "")).cluster_interface, "wlan0");
}

TEST(ParseProbe, KnowsTheAddressWithoutTheIpProgram) {
  std::string text = pi4;
  for (std::size_t at; (at = text.find("interface=")) != std::string::npos;)
    text.erase(at, text.find('\n', at) + 1 - at);
  const Facts facts = parse_probe(text);
  EXPECT_EQ(facts.cluster_address, "192.168.1.11");
  EXPECT_EQ(facts.cluster_interface, "");
}

TEST(ParseProbe, DistrustsWhatANodeSays) {
  EXPECT_EQ(parse_probe(with("architecture", "architecture=../../etc")).architecture, "");
  EXPECT_EQ(
      parse_probe(with("architecture", "architecture={{ lookup('pipe', 'id') }}")).architecture,
      "");
  EXPECT_EQ(parse_probe(with("home", "home=/home/$(id)")).home, "");
  EXPECT_EQ(parse_probe(with("model", "model=Pi\x1b[31m\r")).model, "Pi[31m");
  EXPECT_EQ(parse_probe(with("interface", "interface=eth0 300.1.1.1/24")).interfaces.size(), 2u);
  EXPECT_EQ(parse_probe(with("memory_kib", "memory_kib=lots")).memory_kib, 0u);
  EXPECT_DOUBLE_EQ(parse_probe(with("clock", "clock=1718000000.%N")).clock, 1718000000.0);
}

TEST(ParseProbe, KnowsANodeWithoutPython) {
  const Facts facts = parse_probe(with("python", ""));
  EXPECT_EQ(facts.python, std::nullopt);
  EXPECT_FALSE(facts.python_apt) << "the module is of no use without an interpreter";
}

TEST(ParseProbe, KnowsWhatTheKernelWasAndWillBeStartedWith) {
  const Facts facts = parse_probe(pi4);
  EXPECT_EQ(facts.boot_id, "0f9c4a1e-5d3b-4b7e-9a55-2f6f0c9d1e77");
  EXPECT_EQ(facts.boot_line_file, "/boot/firmware/cmdline.txt");
  EXPECT_TRUE(facts.boot_line_has_word);
  EXPECT_FALSE(facts.kernel_was_given_word);
  EXPECT_TRUE(
      parse_probe(with("boot_line_has_word", "kernel_was_given_word=1")).kernel_was_given_word);
  EXPECT_EQ(parse_probe(with("boot_line_file", "boot_line_file=/$(reboot)")).boot_line_file, "")
      << "it goes on into a script";
}

TEST(FactsJson, OfEarlierVersionsAreRead) {
  nlohmann::json json = parse_probe(pi4);
  for (const char* key :
       {"topology", "boot_id", "boot_line_file", "boot_line_has_word", "kernel_was_given_word"})
    json.erase(key);
  const auto facts = json.get<Facts>();
  EXPECT_EQ(facts.boot_id, "");
  EXPECT_EQ(facts.boot_line_file, "");
}

TEST(FactsJson, ComesBackAsItWas) {
  for (const std::string& output : {pi4, with("python", "")}) {
    const Facts facts = parse_probe(output);
    const nlohmann::json json = facts;
    const auto again = nlohmann::json::parse(json.dump()).get<Facts>();
    EXPECT_EQ(again, facts) << json.dump(2);
  }
}

}  // namespace
}  // namespace clustermpi
