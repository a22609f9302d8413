#include "hosts/checks.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>

#include "tests/unit/hosts/example_fleet.hpp"

namespace clustermpi {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;

const ControlMachine bookworm{{2, 14, 18}};

std::vector<Finding> check(const FleetFacts& facts,
                           const Inventory& inventory = example::inventory()) {
  return check_fleet(inventory, facts, bookworm);
}

/// The example fleet with one host changed.
template <typename Change>
std::vector<Finding> check_with(const std::string& host, Change change) {
  FleetFacts facts = example::fleet_facts();
  change(facts[host]);
  return check(facts);
}

TEST(CheckFleet, FindsNothingInAHealthyFleet) {
  EXPECT_THAT(check(example::fleet_facts()), IsEmpty());
  EXPECT_THAT(check({}), IsEmpty()) << "hosts without facts are not judged";
}

TEST(CheckFleet, KnowsTheSystemsItInstallsOn) {
  const auto codes = [](const std::string& id, const std::string& version) {
    const auto found = check_with("red01", [&](Facts& facts) {
      facts.os_id = id;
      facts.os_version = version;
      facts.packages["openmpi-bin"] = "4.1.4";
    });
    return found.empty() ? std::string() : found.front().error.code;
  };
  for (const auto& [id, version] :
       std::vector<std::pair<std::string, std::string>>{{"debian", "11"},
                                                        {"debian", "13"},
                                                        {"debian", ""},
                                                        {"raspbian", "12"},
                                                        {"ubuntu", "20.04"},
                                                        {"ubuntu", "24.04"}})
    EXPECT_EQ(codes(id, version), "") << id << version;
  for (const auto& [id, version] : std::vector<std::pair<std::string, std::string>>{
           {"debian", "10"}, {"ubuntu", "18.04"}, {"fedora", "40"}, {"", ""}})
    EXPECT_EQ(codes(id, version), "unsupported_os") << id << version;
}

TEST(CheckFleet, NamesAnUnsupportedSystem) {
  EXPECT_THAT(
      check_with("red02",
                 [](Facts& facts) {
                   facts.os_id = "fedora";
                   facts.os_version = "40";
                   facts.sudo = false;  // not worth a word on a host that is out anyway
                 }),
      ElementsAre(Finding{"red02",
                          {"unsupported_os", "runs fedora 40",
                           "clustermpi needs Debian 11, Raspberry Pi OS 11, Ubuntu 20.04, or "
                           "later"}}));
}

TEST(CheckFleet, SaysHowToAllowSudo) {
  EXPECT_THAT(check_with("red01", [](Facts& facts) { facts.sudo = false; }),
              ElementsAre(Finding{"red01",
                                  {"no_sudo", "user pi may not use sudo",
                                   "there, as root: apt-get install sudo; usermod -aG sudo pi"}}));
}

TEST(CheckFleet, TakesASudoThatAsksForAPassword) {
  const auto asks = [](Facts& facts) {
    facts.sudo = false;
    facts.sudo_asks = true;
  };
  EXPECT_THAT(check_with("red01", asks), IsEmpty());
}

TEST(CheckFleet, SaysHowFarAClockIsOff) {
  const auto message = [](double offset) {
    const auto found = check_with("red01", [&](Facts& facts) { facts.clock_offset = offset; });
    return found.empty() ? std::string() : found.front().error.message;
  };
  EXPECT_EQ(message(30), "");
  EXPECT_EQ(message(-30), "");
  EXPECT_EQ(message(31), "its clock is 31 s ahead of this machine's");
  EXPECT_EQ(message(-300), "its clock is 5 min behind this machine's");
  EXPECT_EQ(message(-7200), "its clock is 2 h behind this machine's");
  EXPECT_EQ(message(-1.0e7), "its clock is 116 days behind this machine's");
}

TEST(CheckFleet, RefusesPythonThatAnsibleCannotDrive) {
  FleetFacts facts = example::fleet_facts();
  facts["red01"].python = Version{3, 7, 3};
  const auto found = [&](Version ansible_core) {
    return check_fleet(example::inventory(), facts, {ansible_core});
  };
  EXPECT_THAT(found({2, 14, 18}), IsEmpty());
  EXPECT_THAT(found({2, 17, 0}), IsEmpty());
  EXPECT_THAT(found({}), IsEmpty()) << "no Ansible here: nothing to judge by";
  EXPECT_THAT(
      found({2, 19, 4}),
      ElementsAre(Finding{"red01",
                          {"python_too_old",
                           "has Python 3.7.3, but ansible-core 2.19.4 here needs 3.8 on the nodes",
                           "upgrade its operating system, or use an older ansible-core here"}}));
  facts["red01"].python = Version{3, 13, 5};
  EXPECT_THAT(found({2, 14, 18}), IsEmpty());
}

TEST(CheckFleet, ListsWhichHostsHaveWhichMpi) {
  FleetFacts facts = example::fleet_facts();
  facts["red02"].packages["openmpi-bin"] = "5.0.7-1";
  facts["red03"].os_version = "13";
  EXPECT_THAT(
      check(facts),
      ElementsAre(Finding{
          "",
          {"mixed_openmpi",
           "the arm64 hosts have Open MPIs that cannot talk to each other: 4.1 on red,red01, "
           "5.0 on red[02-03]",
           "give them one release of the operating system, or choose hosts with --limit"}}));
  facts["red02"].architecture = facts["red03"].architecture = "amd64";
  EXPECT_THAT(check(facts), IsEmpty()) << "two architectures never share a job";
  facts = example::fleet_facts();
  facts["red03"].os_version = "13";
  Inventory with_mpich = example::inventory();
  with_mpich.mpi = MpiImplementation::mpich;
  const auto found = check(facts, with_mpich);
  ASSERT_EQ(found.size(), 2u);
  EXPECT_EQ(found[0].error.code, "mixed_mpich");
  EXPECT_EQ(
      found[0].error.message,
      "the arm64 hosts have MPICHs that cannot talk to each other: 4.0 on red,red[01-02], 4.2 on "
      "red03");
}

TEST(CheckFleet, WarnsOfTheMpichThatMayHang) {
  FleetFacts facts = example::fleet_facts();
  Inventory with_mpich = example::inventory();
  with_mpich.mpi = MpiImplementation::mpich;
  EXPECT_THAT(check(facts, with_mpich),
              ElementsAre(Finding{"",
                                  {"hanging_mpich",
                                   "jobs with several ranks on each of several hosts often hang in "
                                   "MPI_Finalize: a fault of "
                                   "MPICH before 4.2, which red,red[01-03] have",
                                   "Debian 13 and Ubuntu 24.04 have MPICH 4.2; or take Open MPI: "
                                   "leave `implementation` out "
                                   "of [mpi]"},
                                  false}));
  for (auto& [name, node] : facts) node.os_version = "13";
  EXPECT_THAT(check(facts, with_mpich), IsEmpty());
  facts["red03"].candidates = {{"mpich", "4.1.2-2"}};
  auto found = check(facts, with_mpich);
  std::erase_if(found, [](const Finding& one) { return one.error.code != "hanging_mpich"; });
  ASSERT_EQ(found.size(), 1u);
  EXPECT_EQ(
      found[0].error.message,
      "jobs with several ranks on each of several hosts often hang in MPI_Finalize: a fault of "
      "MPICH before 4.2, which red03 has");
}

TEST(CheckFleet, SaysNothingOfAnMpichThatItDoesNotKnow) {
  FleetFacts facts = example::fleet_facts();
  Inventory with_mpich = example::inventory();
  with_mpich.mpi = MpiImplementation::mpich;
  for (auto& [name, node] : facts) {
    node.os_id = "devuan";
    node.packages.clear();
    node.candidates.clear();
  }
  const auto found = check(facts, with_mpich);
  EXPECT_TRUE(std::ranges::none_of(
      found, [](const Finding& one) { return one.error.code == "hanging_mpich"; }));
}

TEST(CheckFleet, NeedsSpaceForWhatIsMissing) {
  const auto message = [](const std::string& host, std::uint64_t mib, bool installed) {
    const auto found = check_with(host, [&](Facts& facts) {
      facts.disk_free_kib = mib * 1024;
      if (installed)
        facts.packages = {{"openmpi-bin", "4.1.4"}, {"libopenmpi-dev", "4.1.4"}, {"g++", "12.2"}};
    });
    return found.empty() ? std::string() : found.front().error.message;
  };
  EXPECT_EQ(message("red01", 700, false), "");
  EXPECT_EQ(message("red01", 699, false),
            "has 699 MiB free below /usr and /var, but 700 MiB are needed");
  EXPECT_EQ(message("red", 1199, false),
            "has 1199 MiB free below /usr and /var, but 1200 MiB are needed to compile there");
  EXPECT_EQ(message("red", 1200, false), "");
  EXPECT_EQ(message("red", 50, true), "");
  EXPECT_EQ(message("red", 0, true), "has 0 MiB free below /usr and /var, but 50 MiB are needed");
}

TEST(CheckFleet, FindsNodesThatCallThemselvesTheSame) {
  FleetFacts facts = example::fleet_facts();
  for (const char* host : {"red01", "red02", "red03"}) facts[host].hostname = "raspberrypi";
  const auto found = check(facts);
  ASSERT_EQ(found.size(), 3u);
  EXPECT_EQ(found[0],
            (Finding{"red01",
                     {"duplicate_hostname", "calls itself 'raspberrypi', and so do red[02-03]",
                      "clustermpi up --set-hostnames names all hosts as the inventory does; or "
                      "there: sudo hostnamectl set-hostname red01"}}));
}

TEST(CheckFleet, TellsACloneFromItsOriginal) {
  EXPECT_THAT(check_with("red02", [](Facts& facts) { facts.hostname = "RED01"; }),
              ElementsAre(Finding{"red02",
                                  {"duplicate_hostname", "calls itself 'RED01', and so does red01",
                                   "clustermpi up --set-hostnames names all hosts as the inventory "
                                   "does; or there: sudo hostnamectl set-hostname red02"}}));
  EXPECT_THAT(check_with("red02", [](Facts& facts) { facts.hostname = "other"; }), IsEmpty());
}

TEST(MisnamedHosts, AreThoseThatTheInventoryCallsOtherwise) {
  const Inventory inventory = example::inventory();
  FleetFacts facts = example::fleet_facts();
  EXPECT_THAT(misnamed_hosts(inventory, facts), IsEmpty());
  facts["red01"].hostname = "raspberrypi";
  facts["red02"].hostname = "raspberrypi";
  facts["red03"].hostname = "RED03";
  EXPECT_THAT(misnamed_hosts(inventory, facts), ElementsAre("red01", "red02", "red03"));
  facts.erase("red02");
  EXPECT_THAT(misnamed_hosts(inventory, facts), ElementsAre("red01", "red03"))
      << "nothing is known of red02";
}

TEST(MisnamedHosts, LeavesMixedUpAddressesToTheCheck) {
  const Inventory inventory = example::inventory();
  FleetFacts facts = example::fleet_facts();
  facts["red02"].hostname = "red01";
  EXPECT_THAT(misnamed_hosts(inventory, facts), ElementsAre("red02")) << "a clone of red01";
  facts["red01"].hostname = "red02";
  EXPECT_THAT(misnamed_hosts(inventory, facts), IsEmpty());
}

TEST(CheckFleet, KnowsThatNewReleasesHaveNoOpenMpiFor32Bit) {
  FleetFacts facts = example::fleet_facts();
  for (auto& [name, node] : facts) {
    node.architecture = "armhf";
    EXPECT_THAT(check({{name, node}}), IsEmpty()) << "bookworm has it";
  }
  facts["red01"].os_version = "13";
  const auto found = check(facts);
  ASSERT_FALSE(found.empty());
  EXPECT_EQ(found[0],
            (Finding{"red01",
                     {"no_openmpi", "debian 13 has no Open MPI for the 32-bit architecture armhf",
                      "install a 64-bit image there, or take MPICH: `implementation = \"mpich\"` "
                      "below [mpi]"}}));
  Inventory with_mpich = example::inventory();
  with_mpich.mpi = MpiImplementation::mpich;
  facts["red"].os_version = facts["red02"].os_version = facts["red03"].os_version = "13";
  EXPECT_THAT(check(facts, with_mpich), IsEmpty());
}

TEST(CheckFleet, RefusesToRunJobsAsRoot) {
  Inventory inventory = example::inventory();
  for (Host& host : inventory.hosts) host.user = "root";
  EXPECT_THAT(check(example::fleet_facts(), inventory),
              ElementsAre(Finding{"",
                                  {"root_user", "jobs cannot run as root: mpirun refuses to",
                                   "give an ordinary user with sudo as `user` below [cluster]"}}));
}

TEST(CheckFleet, SeesTwoAddressesThatWereSwapped) {
  FleetFacts facts = example::fleet_facts();
  std::swap(facts["red01"].hostname, facts["red02"].hostname);
  const auto found = check(facts);
  ASSERT_EQ(found.size(), 2u);
  const std::string address = example::inventory().find("red01")->address;
  EXPECT_EQ(
      found[0],
      (Finding{"red01",
               {"wrong_host",
                "at " + address +
                    " answers a host that calls itself 'red02', and so is another host of the "
                    "inventory called",
                "compare names and addresses in the inventory"}}));
  EXPECT_EQ(found[1].host, "red02");
}

TEST(CheckFleet, WantsOneUserOnAllHosts) {
  Inventory inventory = example::inventory();
  const std::string runner = inventory.manager_host().user;
  for (Host& host : inventory.hosts)
    if (host.name == "red02") host.user = "teacher";
  EXPECT_THAT(
      check(example::fleet_facts(), inventory),
      ElementsAre(Finding{
          "red02",
          {"user_differs", "its user is teacher, but jobs run as the manager's user " + runner,
           "make a user " + runner + " there, and take `user` away from that host"}}));
}

TEST(CheckFleet, ReportsAllAtOnceInTheOrderOfTheInventory) {
  FleetFacts facts = example::fleet_facts();
  facts["red03"].sudo = false;
  facts["red01"].sudo = false;
  facts["red01"].clock_offset = 99;
  facts["red02"].os_version = "13";
  std::vector<std::string> order;
  for (const Finding& finding : check(facts))
    order.push_back(finding.host + " " + finding.error.code);
  EXPECT_THAT(order,
              ElementsAre("red01 no_sudo", "red01 clock_skew", "red03 no_sudo", " mixed_openmpi"));
}

/// The example fleet and an inventory that asks for Slurm.
struct SlurmFleet {
  Inventory inventory = example::inventory();
  FleetFacts facts = example::fleet_facts();

  SlurmFleet() {
    inventory.slurm = SlurmSettings{};
    for (auto& [host, known] : facts) known.uid = 1000;
  }
  [[nodiscard]] std::vector<Finding> check() const {
    return check_fleet(inventory, facts, bookworm);
  }
};

TEST(CheckFleet, RefusesTwoReleasesOfSlurm) {
  SlurmFleet fleet;
  EXPECT_THAT(fleet.check(), IsEmpty());
  fleet.facts["red02"].packages["slurm-client"] = "24.11.5-4";
  fleet.facts["red03"].candidates["slurm-client"] = "24.11.5-4";
  fleet.facts["red01"].packages["slurm-client"] = "22.05.2-1";
  const Finding mixed = {
      "",
      {"mixed_slurm",
       "the hosts have Slurms that do not work together: 22.05 on red,red01, 24.11 on red[02-03]",
       "give them one release of the operating system, or take those of the other out of the "
       "inventory, or [slurm]"}};
  EXPECT_THAT(fleet.check(), ElementsAre(mixed));
  fleet.facts["red02"].architecture = fleet.facts["red03"].architecture = "amd64";
  EXPECT_THAT(fleet.check(), ElementsAre(mixed)) << "to Slurm it makes no difference";
  fleet.inventory.slurm.reset();
  EXPECT_THAT(fleet.check(), IsEmpty());
}

TEST(CheckFleet, RefusesUsersWithDifferentNumbers) {
  SlurmFleet fleet;
  fleet.facts["red02"].uid = 1001;
  EXPECT_THAT(fleet.check(),
              ElementsAre(Finding{
                  "red02",
                  {"uid_differs",
                   "its user pi has the number 1001, but 1000 on the manager red: Slurm starts "
                   "jobs by the number",
                   "there, as root, with pi logged out: usermod -u 1000 pi"}}));
  fleet.facts["red02"].uid = 0;
  EXPECT_THAT(fleet.check(), IsEmpty()) << "facts of an earlier version do not say";
  fleet.facts["red02"].uid = 1001;
  fleet.inventory.slurm.reset();
  EXPECT_THAT(fleet.check(), IsEmpty()) << "mpirun logs in by name";
}

TEST(CheckFleet, WarnsOfA32BitSystemOnA64BitKernel) {
  const auto narrow = [](Facts& facts) {
    facts.machine = "aarch64";
    facts.architecture = "armhf";
  };
  EXPECT_THAT(check_with("red03", narrow),
              ElementsAre(Finding{
                  "red03",
                  {"narrow_userland",
                   "has a 64-bit kernel below a 32-bit system (armhf): no MPI job of it spans "
                   "64-bit hosts, and no process gets more than 4 GiB",
                   "install a 64-bit image there when you have the time"},
                  false}));
  EXPECT_THAT(check_with("red03", [](Facts& facts) { facts.machine = "aarch64"; }), IsEmpty());
  EXPECT_THAT(check_with("red03",
                         [](Facts& facts) {
                           facts.machine = "armv7l";
                           facts.architecture = "armhf";
                         }),
              IsEmpty());
}

TEST(CheckFleet, NeedsMoreSpaceForSlurm) {
  SlurmFleet fleet;
  const auto message = [&](const std::string& host, std::uint64_t mib) {
    fleet.facts[host].disk_free_kib = mib * 1024;
    const auto found = fleet.check();
    fleet.facts[host].disk_free_kib = 10u << 20;
    return found.empty() ? std::string() : found.front().error.message;
  };
  EXPECT_EQ(message("red01", 900), "");
  EXPECT_EQ(message("red01", 899),
            "has 899 MiB free below /usr and /var, but 900 MiB are needed to run Slurm");
  EXPECT_EQ(message("red", 1399),
            "has 1399 MiB free below /usr and /var, but 1400 MiB are needed to compile there, to "
            "run Slurm");
  fleet.inventory.slurm->accounting = true;
  EXPECT_EQ(message("red01", 900), "");
  EXPECT_EQ(message("red", 1799),
            "has 1799 MiB free below /usr and /var, but 1800 MiB are needed to compile there, to "
            "run Slurm, to keep its data base");
  fleet.facts["red01"].packages = {{"openmpi-bin", "4.1.4"}, {"slurm-client", "22.05.8"}};
  EXPECT_EQ(message("red01", 50), "");
  fleet.facts["red"].packages = {{"openmpi-bin", "4.1.4"},
                                 {"libopenmpi-dev", "4.1.4"},
                                 {"g++", "12.2"},
                                 {"slurm-client", "22.05.8"},
                                 {"slurmdbd", "22.05.8"}};
  EXPECT_EQ(message("red", 50), "");
}

}  // namespace
}  // namespace clustermpi
