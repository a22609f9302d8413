#include "hosts/inventory.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>

#include "tests/content_of.hpp"

namespace clustermpi {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;
using testing::Not;

/// All diagnostics as a user sees them.
std::vector<std::string> complaints(const std::string& text) {
  std::vector<std::string> rendered;
  for (const Diagnostic& diagnostic : parse_inventory(text, "cluster.toml").diagnostics)
    rendered.push_back(render(diagnostic));
  return rendered;
}

/// A valid inventory of one host, with `lines` at its end.
std::string with(const std::string& lines) {
  return "[cluster]\nuser = \"pi\"\n[[hosts]]\nnames = \"red\"\n" + lines;
}

Inventory valid(const std::string& text) {
  ParsedInventory parsed = parse_inventory(text, "cluster.toml");
  for (const Diagnostic& diagnostic : parsed.diagnostics) ADD_FAILURE() << render(diagnostic);
  return std::move(parsed.inventory);
}

TEST(ParseInventory, ReadsEveryKey) {
  const Inventory inventory = valid(R"(
[cluster]
name    = "red"
manager = "red"
user    = "pi"
network = "192.168.1.0/24"
manager_computes = false

[[hosts]]
names   = "red,red0[1-3]"
address = "192.168.1.[10-13]"
slots   = 4
labels  = ["pi4", "rack_1"]

[[hosts]]
names = "big"
user  = "ubuntu"
port  = 2222

[ssh]
port            = 2200
identity        = "~/.ssh/id_ed25519"
jump            = "pi@gate:22"
host_key_policy = "strict"

[mpi]
implementation = "mpich"

[slurm]
partition     = "class"
accounting    = true
memory_limits = true

[[slurm.partitions]]
name     = "short"
hosts    = "red0[1-2]"
max_time = "1-12:30"
default  = true

[[slurm.partitions]]
name     = "long"
hosts    = "big,red03"
max_time = "Unlimited"

[python]
venv     = "~/ENV"
packages = ["mpi4py", "numpy"]

[storage]
directory = "/shared"
device    = "/dev/sda1"
format    = true
)");
  EXPECT_EQ(inventory.name, "red");
  EXPECT_EQ(inventory.manager, "red");
  EXPECT_EQ(inventory.manager_host().address, "192.168.1.10");
  EXPECT_EQ(inventory.network, "192.168.1.0/24");
  ASSERT_EQ(inventory.hosts.size(), 5u);
  EXPECT_EQ(inventory.hosts[3], (Host{"red03", "192.168.1.13", "pi", 2200, 4u, {"pi4", "rack_1"}}));
  EXPECT_EQ(inventory.hosts[4], (Host{"big", "big", "ubuntu", 2222, {}, {}}));
  EXPECT_EQ(inventory.identity, "~/.ssh/id_ed25519");
  EXPECT_EQ(inventory.jump, "pi@gate:22");
  EXPECT_EQ(inventory.host_key_policy, HostKeyPolicy::strict);
  EXPECT_EQ(inventory.mpi, MpiImplementation::mpich);
  EXPECT_FALSE(inventory.manager_computes);
  const std::vector<SlurmPartition> partitions = {{"short", {"red01", "red02"}, true, "1-12:30"},
                                                  {"long", {"big", "red03"}, false, ""}};
  EXPECT_EQ(inventory.slurm, (SlurmSettings{"class", partitions, true, true}));
  EXPECT_EQ(inventory.python, (PythonSettings{"~/ENV", {"mpi4py", "numpy"}}));
  EXPECT_EQ(inventory.storage, (StorageSettings{"/shared", "/dev/sda1", true}));
}

TEST(ParseInventory, HasDefaultsForAllButHostsAndUser) {
  const Inventory inventory = valid(with(""));
  EXPECT_EQ(inventory.name, "cluster");
  EXPECT_EQ(inventory.manager, "red") << "a single host is its own manager";
  EXPECT_EQ(inventory.network, std::nullopt);
  EXPECT_THAT(inventory.hosts, ElementsAre(Host{"red", "red", "pi", {}, {}, {}}));
  EXPECT_EQ(inventory.host_key_policy, std::nullopt) << "for ssh's configuration to say";
  EXPECT_EQ(inventory.mpi, MpiImplementation::openmpi);
  EXPECT_TRUE(inventory.manager_computes);
  EXPECT_FALSE(inventory.slurm || inventory.python || inventory.storage);
  EXPECT_EQ(valid(with("[slurm]")).slurm, SlurmSettings{});
  EXPECT_NE(inventory.find("red"), nullptr);
  EXPECT_EQ(inventory.find("blue"), nullptr);
}

/// An inventory of red, red01 and red02 with `lines` at its end, and what is wrong with it: no
/// place, no source.
std::vector<std::string> partition_complaints(const std::string& lines) {
  const std::string text =
      "[cluster]\nuser = \"pi\"\n[[hosts]]\nnames = \"red,red0[1-2]\"\n[slurm]\n" + lines;
  std::vector<std::string> said;
  for (const Diagnostic& diagnostic : parse_inventory(text, "cluster.toml").diagnostics)
    said.push_back(diagnostic.message + (diagnostic.hint.empty() ? "" : "; ") + diagnostic.hint);
  return said;
}

std::string block(const std::string& lines) {
  return "[[slurm.partitions]]\n" + lines + "\n";
}

TEST(ParseInventory, WantsHostsOfTheInventoryInAPartition) {
  EXPECT_THAT(partition_complaints(block("name='a'\nhosts='red,read02'")),
              ElementsAre("partition 'a' names read02, which is not in the inventory; did you mean "
                          "'red02'?"));
  EXPECT_THAT(
      partition_complaints(block("name='a'\nhosts='blue[1-2],red'")),
      ElementsAre("partition 'a' names blue[1-2], which are not in the inventory; the hosts "
                  "are red,red[01-02]"));
  EXPECT_THAT(partition_complaints(block("name='a'\nhosts=' '")), ElementsAre("'hosts' is empty"));
  EXPECT_THAT(partition_complaints(block("name='a'\nhosts='red[2-1]'")),
              ElementsAre("the range 2-1 runs backwards"));
  EXPECT_THAT(partition_complaints(block("")),
              ElementsAre("this partition has no 'name'; say what it is called: name = \"long\"",
                          "this partition has no 'hosts'; say which hosts are in it: hosts = "
                          "\"red0[1-3]\""));
}

TEST(ParseInventory, KnowsWhatSlurmCannotTakeForAPartition) {
  for (const std::string name : {"DEFAULT", "default"})
    EXPECT_THAT(partition_complaints(block("name='" + name + "'\nhosts='red'")),
                ElementsAre("name '" + name +
                            "' is a word of Slurm's configuration and cannot name "
                            "a partition"));
  EXPECT_THAT(
      partition_complaints("partition='Default'"),
      ElementsAre("partition 'Default' is a word of Slurm's configuration and cannot name a "
                  "partition"));
  EXPECT_THAT(partition_complaints(block("name='a b'\nhosts='red'")),
              ElementsAre("name 'a b' may have letters, digits, hyphens and underscores only"));
  EXPECT_THAT(partition_complaints(block("name='all'\nhosts='red'")), IsEmpty());
}

TEST(ParseInventory, WantsEachPartitionOnceAndOneDefault) {
  const std::string a = block("name='a'\nhosts='red'\ndefault=true");
  EXPECT_THAT(partition_complaints(a + a),
              ElementsAre("two partitions are called 'a'; the first is on line 7",
                          "two partitions are the default one; the first is on line 9"));
  EXPECT_THAT(partition_complaints(block("name='main'\nhosts='red'")),
              ElementsAre("two partitions are called 'main'; the partition of all hosts is called "
                          "so: give that one another name with partition = \"all\" below [slurm]"));
  EXPECT_THAT(partition_complaints("partition='x'\n" + block("name='x'\nhosts='red'")),
              ElementsAre("two partitions are called 'x'; the first is on line 6"));
  EXPECT_THAT(partition_complaints("partition='x'\n" + block("name='X'\nhosts='red'")), IsEmpty())
      << "Slurm tells them apart";
}

TEST(ParseInventory, TakesTimesThatSlurmReads) {
  const auto complaint = [](const std::string& time) {
    const auto said = partition_complaints(block("name='a'\nhosts='red'\nmax_time='" + time + "'"));
    return said.empty() ? std::string() : said.front();
  };
  for (const char* time : {"90", "90:30", "8:00:00", "2-0", "2-12", "2-12:30", "2-12:30:15",
                           "unlimited", "UNLIMITED", "0:30"})
    EXPECT_EQ(complaint(time), "") << time;
  for (const std::string time : {"1d", "90m", "1:2:3:4", "-1", "2-", "-2", "1:", ":1", "1-2-3",
                                 "9999999", "1.5", "2-1:2:3:4"})
    EXPECT_EQ(complaint(time), "max_time '" + time +
                                   "' is no time: \"90\" is minutes, \"8:00:00\" hours, \"2-12\" "
                                   "days and hours");
  for (const std::string time : {"0", "0-0", "00:00:00"})
    EXPECT_EQ(complaint(time), "max_time '" + time + "' leaves a job no time at all");
}

TEST(ParseInventory, RunsNoJobsOnAManagerThatDoesNotCompute) {
  const std::string text =
      "[cluster]\nuser='pi'\nmanager_computes=false\n[[hosts]]\nnames='red,red01'\n[slurm]\n";
  EXPECT_FALSE(valid(text).manager_computes);
  EXPECT_THAT(
      complaints(text + block("name = 'a'\nhosts = 'red,red01'")),
      ElementsAre("cluster.toml:9:9: partition 'a' names the manager red, where no jobs run\n"
                  "  hosts = 'red,red01'\n"
                  "          ^\n"
                  "  hint: take it out, or take `manager_computes = false` away below "
                  "[cluster]"));
}

TEST(ParseInventory, KeepsItsMouthShutOnPartitionsOfHostsThatCouldNotBeRead) {
  EXPECT_THAT(complaints("[cluster]\nuser='pi'\n[[hosts]]\nnames='red[1-'\n[slurm]\n" +
                         block("name='a'\nhosts='red1'")),
              testing::SizeIs(1));
}

TEST(ParseInventory, TakesTheFirstHostAsManagerWhereNoneIsNamed) {
  EXPECT_EQ(valid("[cluster]\nuser='u'\n[[hosts]]\nnames='b,a'").manager, "b");
}

TEST(ParseInventory, AcceptsOneAddressOnSeveralPorts) {
  const Inventory inventory = valid(
      "[cluster]\nuser='u'\n[[hosts]]\nnames='a'\naddress='127.0.0.1'\nport=2201\n"
      "[[hosts]]\nnames='b'\naddress='127.0.0.1'\nport=2202\n");
  EXPECT_EQ(inventory.hosts.size(), 2u);
}

TEST(ParseInventory, PointsAtTheCharacterThatIsNoToml) {
  EXPECT_THAT(complaints("[cluster]\nname = red\n"),
              ElementsAre("cluster.toml:2:8: this value is not TOML\n"
                          "  name = red\n"
                          "         ^\n"
                          "  hint: text stands in quotes: \"red\""));
  EXPECT_THAT(complaints("[cluster\nname = 1\n"),
              ElementsAre("cluster.toml:1:9: this is not TOML: expected ']', saw '\\n'\n"
                          "  [cluster\n"
                          "          ^"));
  EXPECT_THAT(complaints("[cluster]\nname = \"red\n"),
              ElementsAre("cluster.toml:2:12: the string is not closed on its line\n"
                          "  name = \"red\n"
                          "             ^\n"
                          "  hint: add the missing quote"));
  EXPECT_THAT(complaints("[cluster]\nname='a'\nname='b'\n"),
              ElementsAre("cluster.toml:3:6: 'name' is there twice\n"
                          "  name='b'\n"
                          "       ^\n"
                          "  hint: keep one of the two"));
  EXPECT_THAT(complaints("[cluster]\n[cluster]\n"),
              ElementsAre("cluster.toml:2:1: 'cluster' is there twice\n"
                          "  [cluster]\n"
                          "  ^\n"
                          "  hint: keep one of the two"));
}

TEST(ParseInventory, NamesTheNearestKey) {
  EXPECT_THAT(complaints("[cluster]\nuser = \"pi\"\n\tmangaer = \"red\"\n[[hosts]]\nnames='red'"),
              ElementsAre("cluster.toml:3:2: unknown key 'mangaer' in [cluster]\n"
                          "  \tmangaer = \"red\"\n"
                          "  \t^\n"
                          "  hint: did you mean 'manager'?"));
  EXPECT_THAT(complaints(with("colour = 3")),
              ElementsAre("cluster.toml:5:1: unknown key 'colour' in [[hosts]]\n"
                          "  colour = 3\n"
                          "  ^\n"
                          "  hint: one of: names, address, port, user, slots, labels"));
}

TEST(ParseInventory, NamesTheNearestTable) {
  EXPECT_THAT(complaints(with("[shs]\nport = 22")),
              ElementsAre("cluster.toml:5:2: unknown table 'shs'\n"
                          "  [shs]\n"
                          "   ^\n"
                          "  hint: did you mean 'ssh'?"));
  EXPECT_THAT(complaints("name = \"red\"\n" + with("")),
              ElementsAre("cluster.toml:1:1: 'name' stands outside of any table\n"
                          "  name = \"red\"\n"
                          "  ^\n"
                          "  hint: put it below the table it belongs to, such as [cluster]"));
}

TEST(ParseInventory, RefusesWrongTypes) {
  EXPECT_THAT(complaints(with("slots = \"4\"")),
              ElementsAre("cluster.toml:5:9: 'slots' must be a whole number, not a string\n"
                          "  slots = \"4\"\n"
                          "          ^"));
  EXPECT_THAT(complaints(with("labels = \"pi4\"")),
              ElementsAre("cluster.toml:5:10: 'labels' must be a list of strings, such as [\"a\", "
                          "\"b\"], not a string\n"
                          "  labels = \"pi4\"\n"
                          "           ^"));
  EXPECT_THAT(complaints("cluster = 1\n[hosts]\nnames = 'red'\n"),
              ElementsAre("cluster.toml:1:11: 'cluster' must be one table, not a whole number\n"
                          "  cluster = 1\n"
                          "            ^\n"
                          "  hint: write [cluster] on a line of its own",
                          "cluster.toml:2:1: 'hosts' must be a list of tables, not a table\n"
                          "  [hosts]\n"
                          "  ^\n"
                          "  hint: write [[hosts]], with two brackets"));
  EXPECT_THAT(
      complaints("[cluster]\nuser = 7\n[[hosts]]\nnames = ['red']\n"),
      ElementsAre("cluster.toml:2:8: 'user' must be a string, in quotes, not a whole number\n"
                  "  user = 7\n"
                  "         ^",
                  "cluster.toml:4:9: 'names' must be a string, in quotes, not a list\n"
                  "  names = ['red']\n"
                  "          ^"));
}

TEST(ParseInventory, RefusesTwoHostsOfOneName) {
  EXPECT_THAT(complaints(with("[[hosts]]\nnames = \"blue,Red\"")),
              ElementsAre("cluster.toml:6:9: two hosts are called 'Red'\n"
                          "  names = \"blue,Red\"\n"
                          "          ^\n"
                          "  hint: the first is on line 4"));
  EXPECT_THAT(
      complaints(with("[[hosts]]\nnames = \"red.lan\"")),
      ElementsAre("cluster.toml:6:9: 'red' and 'red.lan' are one host to Open MPI, which cuts "
                  "names at the first dot\n"
                  "  names = \"red.lan\"\n"
                  "          ^\n"
                  "  hint: the first is on line 4"));
}

TEST(ParseInventory, RefusesTwoHostsOfOneAddress) {
  EXPECT_THAT(complaints("[cluster]\nuser='pi'\n"
                         "[[hosts]]\nnames='a[1-2]'\naddress='10.0.0.[1-2]'\n"
                         "[[hosts]]\nnames='b'\naddress='10.0.0.2'\n"),
              ElementsAre("cluster.toml:8:9: a2 and b have one address: 10.0.0.2 port 22\n"
                          "  address='10.0.0.2'\n"
                          "          ^\n"
                          "  hint: the first is on line 5"));
}

TEST(ParseInventory, RefusesCountsThatDiffer) {
  EXPECT_THAT(complaints("[cluster]\nuser='pi'\n"
                         "[[hosts]]\nnames='red,red0[1-3]'\naddress='10.0.0.[10-12]'\n"),
              ElementsAre("cluster.toml:5:9: 3 addresses for 4 host names\n"
                          "  address='10.0.0.[10-12]'\n"
                          "          ^\n"
                          "  hint: the names are red,red[01-03]"));
}

TEST(ParseInventory, RefusesAManagerThatIsNoHost) {
  EXPECT_THAT(complaints("[cluster]\nuser='pi'\nmanager='rde'\n[[hosts]]\nnames='red,blue'\n"),
              ElementsAre("cluster.toml:3:9: manager 'rde' is not one of the hosts\n"
                          "  manager='rde'\n"
                          "          ^\n"
                          "  hint: did you mean 'red'?"));
  EXPECT_THAT(complaints("[cluster]\nuser='pi'\nmanager='master'\n[[hosts]]\nnames='n[1-3]'\n"),
              ElementsAre("cluster.toml:3:9: manager 'master' is not one of the hosts\n"
                          "  manager='master'\n"
                          "          ^\n"
                          "  hint: the hosts are n[1-3]"));
}

TEST(ParseInventory, RefusesAJumpThatIsNone) {
  EXPECT_EQ(valid(with("[ssh]\njump = 'pi@gate:22,[2001:db8::1],inner'")).jump,
            "pi@gate:22,[2001:db8::1],inner");
  EXPECT_THAT(
      complaints(with("[ssh]\njump = \"gate;reboot\"")),
      ElementsAre("cluster.toml:6:8: jump 'gate;reboot' goes through a host that is neither "
                  "an address nor a DNS name; it is USER@HOST:PORT, several with a comma "
                  "between\n"
                  "  jump = \"gate;reboot\"\n"
                  "         ^"));
}

TEST(ParseInventory, RefusesAPythonThatCannotBe) {
  EXPECT_THAT(
      complaints(
          with("[python]\nvenv = 'ENV3'\npackages = ['mpi4py', 'numpy==1.26']\npakages = 1")),
      ElementsAre(
          "cluster.toml:6:8: venv 'ENV3' begins neither with '~/' nor with '/'\n"
          "  venv = 'ENV3'\n"
          "         ^",
          "cluster.toml:7:23: package 'numpy==1.26' is no name: it may have letters, digits and "
          "'.', '_', '-' between them; a version cannot be chosen\n"
          "  packages = ['mpi4py', 'numpy==1.26']\n"
          "                        ^",
          "cluster.toml:8:1: unknown key 'pakages' in [python]\n"
          "  pakages = 1\n"
          "  ^\n"
          "  hint: did you mean 'packages'?"));
}

TEST(ParseInventory, RefusesOnePythonEnvironmentForAllHosts) {
  const std::string shared = "[storage]\ndirectory = '/shared'\n[python]\nvenv = ";
  EXPECT_THAT(complaints(with(shared + "'/shared/ENV3'")),
              ElementsAre("cluster.toml:8:8: venv '/shared/ENV3' is in /shared, which all hosts "
                          "share\n"
                          "  venv = '/shared/ENV3'\n"
                          "         ^\n"
                          "  hint: each host makes an environment of its own: venv = \"~/ENV3\""));
  EXPECT_EQ(valid(with(shared + "'/shared2/ENV3'")).python->venv, "/shared2/ENV3");
}

TEST(ParseInventory, RemembersWhichPortsWereGiven) {
  const Inventory inventory =
      valid("[cluster]\nuser='u'\n[[hosts]]\nnames='a'\nport=22\n[[hosts]]\nnames='b'\n");
  EXPECT_EQ(inventory.hosts[0].port, 22);
  EXPECT_EQ(inventory.hosts[1].port, std::nullopt);
}

TEST(ParseInventory, RefusesAnAddressThatSaysMoreThanAnAddress) {
  for (const std::string bad : {"::1;reboot", "a`b`", "n$(x)", "a;b", "-oProxyCommand=x", "::1 x"})
    EXPECT_THAT(parse_inventory(with("address = '" + bad + "'"), "c").diagnostics, Not(IsEmpty()))
        << bad;
  for (const std::string good : {"fe80::1%eth0", "2001:db8::1", "node_1.lan", "10.0.0.1"})
    EXPECT_EQ(valid(with("address = '" + good + "'")).hosts[0].address, good);
}

TEST(ParseInventory, NeedsHostsAndAUser) {
  EXPECT_THAT(
      complaints(""),
      ElementsAre("cluster.toml: there are no hosts\n"
                  "  hint: add a block: [[hosts]], and below it names = \"red,red0[1-3]\""));
  EXPECT_THAT(
      complaints("hosts = []"),
      ElementsAre("cluster.toml:1:9: there are no hosts\n"
                  "  hosts = []\n"
                  "          ^\n"
                  "  hint: add a block: [[hosts]], and below it names = \"red,red0[1-3]\""));
  EXPECT_THAT(complaints("[[hosts]]\nnames = 'red'\n[[hosts]]\nnames = 'blue'\n"),
              ElementsAre("cluster.toml:1:1: nothing says who logs in to these hosts\n"
                          "  [[hosts]]\n"
                          "  ^\n"
                          "  hint: add user = \"...\" below [cluster]"));
  EXPECT_THAT(complaints("[cluster]\nuser = 'pi'\nmanager = 'red'\n[[hosts]]\nslots = 4\n"),
              ElementsAre("cluster.toml:4:1: these hosts have no 'names'\n"
                          "  [[hosts]]\n"
                          "  ^\n"
                          "  hint: say what they are called: names = \"red,red0[1-3]\""));
  EXPECT_THAT(complaints("[cluster]\nuser = 'pi'\n[[hosts]]\nnames = '  '\n"),
              ElementsAre("cluster.toml:4:9: 'names' is empty\n"
                          "  names = '  '\n"
                          "          ^"));
}

TEST(ParseInventory, PointsIntoAHostlist) {
  EXPECT_THAT(
      complaints("[cluster]\nuser = 'pi'\nmanager = 'red'\n[[hosts]]\nnames = 'red,red0[3-1]'\n"),
      ElementsAre("cluster.toml:5:19: the range 3-1 runs backwards\n"
                  "  names = 'red,red0[3-1]'\n"
                  "                    ^"));
  EXPECT_THAT(complaints("[cluster]\nuser='pi'\n[[hosts]]\nnames=\"\"\"a,\nb;c\"\"\"\n"),
              ElementsAre("cluster.toml:4:7: ';' cannot be part of a host name\n"
                          "  names=\"\"\"a,\n"
                          "        ^"));
}

TEST(ParseInventory, RefusesNumbersOutOfRange) {
  EXPECT_THAT(complaints(with("slots = 0\nport = 65536\n[ssh]\nport = -1")),
              ElementsAre("cluster.toml:5:9: 'slots' must be between 1 and 4096, not 0\n"
                          "  slots = 0\n"
                          "          ^",
                          "cluster.toml:6:8: 'port' must be between 1 and 65535, not 65536\n"
                          "  port = 65536\n"
                          "         ^",
                          "cluster.toml:8:8: 'port' must be between 1 and 65535, not -1\n"
                          "  port = -1\n"
                          "         ^"));
}

std::string network_complaint(const std::string& network) {
  const auto found =
      complaints("[cluster]\nuser='u'\nnetwork='" + network + "'\n[[hosts]]\nnames='a'");
  return found.empty() ? "" : found.front().substr(0, found.front().find('\n'));
}

TEST(ParseInventory, RefusesWhatIsNoNetwork) {
  EXPECT_EQ(network_complaint("10.0.0.0/8"), "");
  for (const std::string bad : {"10.0.0.0", "10.0.0/24", "10.0.0.0/33", "10.0.0.256/24",
                                "10.0.0.0/", "10.0.0.0/024", "010.0.0.0/8", "eth0", "10.0.0.0/8 "})
    EXPECT_EQ(network_complaint(bad), "cluster.toml:3:9: network '" + bad + "' is no IPv4 network");
  EXPECT_THAT(
      complaints("[cluster]\nuser='u'\nnetwork='192.168.1.10/24'\n[[hosts]]\nnames='a'"),
      ElementsAre("cluster.toml:3:9: network '192.168.1.10/24' is the address of a host in a "
                  "network\n"
                  "  network='192.168.1.10/24'\n"
                  "          ^\n"
                  "  hint: did you mean '192.168.1.0/24'?"));
}

TEST(ParseInventory, RefusesUnknownWords) {
  EXPECT_THAT(
      complaints(with("[ssh]\nhost_key_policy = \"accept_new\"\n[mpi]\nimplementation = 'lam'")),
      ElementsAre("cluster.toml:6:19: unknown host_key_policy 'accept_new'\n"
                  "  host_key_policy = \"accept_new\"\n"
                  "                    ^\n"
                  "  hint: did you mean 'accept-new'?",
                  "cluster.toml:8:18: unknown implementation 'lam'\n"
                  "  implementation = 'lam'\n"
                  "                   ^\n"
                  "  hint: one of: openmpi, mpich"));
}

std::string name_complaint(const std::string& name) {
  const auto found = complaints("[cluster]\nuser='u'\n[[hosts]]\nnames='" + name + "'");
  if (found.empty()) return "";
  return found.front()
      .substr(0, found.front().find('\n'))
      .substr(std::string("cluster.toml:4:7: ").size());
}

TEST(ParseInventory, RefusesNamesThatSomePartOfAClusterMisreads) {
  for (const std::string good : {"red", "red-01", "n1.lan", "RED", "slots1", "x-port"})
    EXPECT_EQ(name_complaint(good), "") << good;
  EXPECT_EQ(name_complaint("my_pi"),
            "host name 'my_pi' has an underscore, which Open MPI's launcher rejects: use a hyphen");
  for (const std::string word : {"slots", "count", "cpu", "port", "rank", "slot", "max-slots"})
    EXPECT_EQ(name_complaint(word),
              "host name '" + word + "' is a word of Open MPI's hostfile and cannot name a host");
  EXPECT_EQ(name_complaint("-red"), "no host's name begins with a '-'");
  EXPECT_EQ(name_complaint("red-"), "host name 'red-' begins or ends with a hyphen");
  EXPECT_EQ(name_complaint("red..lan"), "host name 'red..lan' has an empty part between dots");
  EXPECT_EQ(name_complaint("a:b"), "host name 'a:b' may have letters, digits and hyphens only");
  EXPECT_EQ(name_complaint("12"),
            "host name '12' is a number: Open MPI's hostfile needs a letter in a name");
  EXPECT_EQ(
      name_complaint("192.168.1.10"),
      "host name '192.168.1.10' is an address, not a name: give it under 'address', and a name "
      "under 'names'");
  EXPECT_EQ(
      name_complaint(std::string(64, 'a')),
      "host name '" + std::string(64, 'a') + "' is longer than the 63 characters that DNS allows");
}

TEST(ParseInventory, RefusesOddUsersAddressesAndLabels) {
  EXPECT_THAT(
      complaints(with("user = \"first.last\"\naddress = \"192.168.1.300\"\nlabels = "
                      "[\"pi-4\", \"4\"]")),
      ElementsAre("cluster.toml:5:8: user 'first.last' may have letters, digits, hyphens and "
                  "underscores only\n"
                  "  user = \"first.last\"\n"
                  "         ^",
                  "cluster.toml:6:11: address '192.168.1.300' is no IPv4 address\n"
                  "  address = \"192.168.1.300\"\n"
                  "            ^",
                  "cluster.toml:7:11: label 'pi-4' has a hyphen, which Ansible's group names "
                  "cannot have: use an underscore\n"
                  "  labels = [\"pi-4\", \"4\"]\n"
                  "            ^",
                  "cluster.toml:7:19: label '4' does not begin with a letter\n"
                  "  labels = [\"pi-4\", \"4\"]\n"
                  "                    ^"));
}

TEST(ParseInventory, FindsEveryMistakeInOnePass) {
  const auto found = complaints(
      "[cluster]\nname = \"a b\"\nmanagr = \"red\"\nnetwork = \"x\"\n[storage]\nformat = 1\n"
      "[[hosts]]\nnames = \"cpu,my_pi\"\nslots = 0\n");
  EXPECT_EQ(found.size(), 9u) << testing::PrintToString(found);
}

TEST(ParseInventory, SurvivesAnything) {
  EXPECT_THAT(complaints("\xff\xfe"), testing::SizeIs(1));
  EXPECT_THAT(complaints(std::string("a\0b = 1", 7)), testing::SizeIs(1));
  EXPECT_THAT(complaints(std::string(100000, '[')), testing::SizeIs(1));
  EXPECT_THAT(complaints("hosts = [" + std::string(100000, '[')), testing::SizeIs(1));
  EXPECT_THAT(complaints("[[hosts]]\r\nnames = 'a'\r\n"),
              ElementsAre("cluster.toml:1:1: nothing says who logs in to these hosts\n"
                          "  [[hosts]]\n"
                          "  ^\n"
                          "  hint: add user = \"...\" below [cluster]"));
}

TEST(Render, KeepsControlCharactersFromTheTerminal) {
  EXPECT_THAT(complaints(with("[ssh]\n\"\\u001b[31m\" = 1")),
              ElementsAre("cluster.toml:6:1: unknown key '?[31m' in [ssh]\n"
                          "  \"\\u001b[31m\" = 1\n"
                          "  ^\n"
                          "  hint: one of: port, identity, jump, host_key_policy"));
}

TEST(Render, CountsCharactersNotBytes) {
  const Diagnostic diagnostic{"f", 1, 4, "here", "", "\xc3\xa9\xc3\xa9 x"};
  EXPECT_EQ(render(diagnostic), "f:1:4: here\n  \xc3\xa9\xc3\xa9 x\n     ^");
}

TEST(Samples, AllParse) {
  const std::filesystem::path folder = CLUSTERMPI_SOURCE_DIR "/hosts/samples";
  int samples = 0;
  for (const auto& entry : std::filesystem::directory_iterator(folder)) {
    SCOPED_TRACE(entry.path());
    EXPECT_FALSE(valid(test::content_of(entry.path())).hosts.empty());
    ++samples;
  }
  EXPECT_GE(samples, 5);
}

}  // namespace
}  // namespace clustermpi
