#include "provision/steps/reset.hpp"

#include <gmock/gmock.h>

namespace clustermpi {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;

TEST(Removal, ANodeWithoutAnythingOfOursSaysNothing) {
  const Removal removal = parse_removal("");
  EXPECT_THAT(removal.what, IsEmpty());
  EXPECT_THAT(removal.jobs, IsEmpty());
}

TEST(Removal, TellsEachKindInALine) {
  const Removal removal = parse_removal(
      "stop slurmd\n"
      "stop munge\n"
      "disable systemd-timesyncd\n"
      "unmount /shared\n"
      "file /etc/slurm/slurm.conf\n"
      "restore /etc/munge/munge.key\n"
      "block /etc/hosts\n"
      "line /home/pi/.ssh/authorized_keys\n"
      "tree /home/pi/ENV3\n"
      "leftover /etc/slurm\n"
      "leftover /var/lib/slurm\n"
      "leftover /var/lib/mysql\n"
      "package openmpi-bin asked\n"
      "package libhwloc15 needed\n"
      "package slurmd asked\n"
      "package libmunge2 needed\n"
      "user slurm\n"
      "user munge\n"
      "group munge\n"
      "own /var/lib/clustermpi/journal\n");
  EXPECT_THAT(
      removal.what,
      ElementsAre(
          "stop slurmd, munge", "turn systemd-timesyncd off again",
          "unmount /shared; what is in there stays where it is",
          "remove openmpi-bin, slurmd and 2 packages that came with them: libhwloc15, "
          "libmunge2",
          "remove /etc/slurm/slurm.conf", "bring /etc/munge/munge.key back as it was before",
          "take our block out of /etc/hosts", "take our line out of /home/pi/.ssh/authorized_keys",
          "remove /home/pi/ENV3 with all that is in it",
          "remove what the daemons left: /etc/slurm, /var/lib/slurm (Slurm's record of its "
          "jobs), /var/lib/mysql (the data base of all jobs)",
          "remove the accounts of daemons: munge, slurm",
          "forget what was installed: /var/lib/clustermpi/journal"));
}

TEST(Removal, CountsPackagesInWords) {
  EXPECT_THAT(parse_removal("package munge asked\npackage libmunge2 needed\n").what,
              ElementsAre("remove munge and a package that came with it: libmunge2"));
  EXPECT_THAT(parse_removal("package munge asked\n").what, ElementsAre("remove munge"));
  EXPECT_THAT(parse_removal("package libmunge2 needed\n").what,
              ElementsAre("remove a package that other packages brought along: libmunge2"));
}

TEST(Removal, JobsAndWhatStaysAreNoChanges) {
  const Removal removal = parse_removal("job 12\njob 7\njob 12\nstays libpmix2\n");
  EXPECT_THAT(removal.what, IsEmpty());
  EXPECT_THAT(removal.jobs, ElementsAre("12", "7"));
  EXPECT_THAT(removal.stays, ElementsAre("libpmix2"));
}

TEST(Removal, LinesThatItDoesNotKnowAreIgnored) {
  EXPECT_THAT(parse_removal("hello\npackage odd\nnew thing\n").what, IsEmpty());
}

TEST(ResetQuestion, HostsWithEqualListsAreToldOfOnce) {
  EXPECT_EQ(reset_question({{"red", "stop slurmctld"},
                            {"red01", "stop slurmd"},
                            {"red", "remove slurmctld"},
                            {"red01", "remove slurmd"},
                            {"red02", "stop slurmd"},
                            {"red02", "remove slurmd"}}),
            "red:\n"
            "  stop slurmctld\n"
            "  remove slurmctld\n"
            "red[01-02]:\n"
            "  stop slurmd\n"
            "  remove slurmd\n"
            "Do that?");
}

}  // namespace
}  // namespace clustermpi
