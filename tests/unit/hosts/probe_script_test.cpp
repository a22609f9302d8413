// The script and its reader belong together: what the one prints here, the other must understand.
#include <gtest/gtest.h>
#include <unistd.h>

#include <cstdlib>
#include <string>

#include "hosts/facts.hpp"
#include "tests/shell.hpp"

namespace clustermpi {
namespace {

using test::output_of;

const std::string script = CLUSTERMPI_SOURCE_DIR "/provision/remote/probe.sh";

bool installed(const std::string& program) {
  return std::system(("command -v " + program + " >/dev/null").c_str()) == 0;
}

class ProbeScript : public testing::TestWithParam<const char*> {
 protected:
  void SetUp() override {
    const std::string shell = GetParam();
    ASSERT_TRUE(installed(shell.substr(0, shell.find(' ')))) << shell << " is not installed";
  }

  static std::string run(const std::string& environment = "") {
    return output_of("env " + environment + " " + GetParam() + " -s < '" + script + "' 2>&1");
  }
};

TEST_P(ProbeScript, SaysWhatThisMachineIs) {
  const Facts facts = parse_probe(run("SSH_CONNECTION='10.0.0.9 1 127.0.0.1 22' HOME=/home/pi"));
  EXPECT_EQ(facts.hostname + "\n", output_of("uname -n | cut -d. -f1"));
  EXPECT_EQ(facts.kernel + "\n", output_of("uname -r"));
  EXPECT_EQ(facts.architecture + "\n", output_of("dpkg --print-architecture"));
  EXPECT_EQ(facts.os_id + "\n", output_of(". /etc/os-release && echo $ID"));
  EXPECT_EQ(facts.os_codename + "\n", output_of(". /etc/os-release && echo $VERSION_CODENAME"));
  EXPECT_EQ(std::to_string(facts.cores()) + "\n",
            output_of("lscpu -p=CORE,SOCKET | grep -v '^#' | sort -u | wc -l"));
  ASSERT_TRUE(facts.topology);
  EXPECT_EQ(std::to_string(facts.topology->thread_count()) + "\n", output_of("nproc"));
  EXPECT_EQ(std::to_string(facts.memory_kib) + "\n",
            output_of("awk '/^MemTotal:/ {print $2}' /proc/meminfo"));
  EXPECT_GT(facts.disk_free_kib, 0u);
  EXPECT_EQ(facts.home, "/home/pi");
  EXPECT_EQ(facts.login_user + "\n", output_of("id -un"));
  EXPECT_EQ(std::to_string(facts.host_keys.size()) + "\n",
            output_of("cat /etc/ssh/ssh_host_*_key.pub 2>/dev/null | wc -l"));
  EXPECT_GT(facts.clock, 1.7e9);
  EXPECT_EQ(facts.boot_id + "\n", output_of("cat /proc/sys/kernel/random/boot_id"));
  EXPECT_EQ(facts.kernel_was_given_word,
            !output_of("grep -w cgroup_enable=memory /proc/cmdline").empty());
}

TEST_P(ProbeScript, ReadsTheKernelsFilesWhereHwlocIsNotInstalled) {
  const std::string root = testing::TempDir() + "sys-" + std::to_string(getpid());
  ASSERT_EQ(
      std::system(("mkdir -p " + root + " && sed -n 's/:/ /; /^cpu\\/\\|^node\\//p' '" +
                   CLUSTERMPI_SOURCE_DIR "/tests/unit/hosts/topology/offline.sysfs' |"
                                         " while read -r file value; do mkdir -p \"$(dirname " +
                   root + "/$file)\"; echo \"$value\" >" + root + "/$file; done")
                      .c_str()),
      0);
  const Facts facts = parse_probe(
      output_of("sed 's|/sys/devices/system|" + root + "|; s/lstopo-no-graphics/no-such-program/;" +
                " s|/sys/fs/cgroup|/nowhere|g' '" + script + "' | " + GetParam() + " -s"));
  std::system(("rm -r " + root).c_str());
  ASSERT_TRUE(facts.topology);
  EXPECT_EQ(facts.topology->thread_count(), 6u);
  EXPECT_EQ(facts.sockets, 2u);
  EXPECT_EQ(facts.topology->cores[1].threads, std::vector<unsigned>{2});
}

TEST_P(ProbeScript, ReadsTheKernelsFilesWhereHwlocBreaksOff) {
  const std::string folder = testing::TempDir() + "bin-" + std::to_string(getpid());
  const std::string program = folder + "/lstopo-no-graphics";
  ASSERT_EQ(std::system(("mkdir -p " + folder + " && printf '#!/bin/sh\necho \"<topology>\"\n' >" +
                         program + " && chmod +x " + program)
                            .c_str()),
            0);
  const Facts facts = parse_probe(run("PATH=" + folder + ":$PATH"));
  std::system(("rm -r " + folder).c_str());
  ASSERT_TRUE(facts.topology);
  EXPECT_EQ(std::to_string(facts.topology->thread_count()) + "\n", output_of("nproc"));
}

TEST_P(ProbeScript, CountsWhatTheControlGroupLeaves) {
  const std::string root = testing::TempDir() + "cgroup-" + std::to_string(getpid());
  const std::string group = "$(cat /proc/self/cpuset)";
  for (const std::string& file :
       {root + group + "/cpuset.cpus.effective", root + "/cpuset" + group + "/cpuset.cpus"}) {
    ASSERT_EQ(std::system(
                  ("file=" + file + "; mkdir -p \"${file%/*}\" && echo 0,5-7 >\"$file\"").c_str()),
              0);
    EXPECT_EQ(
        output_of("sed 's|/sys/fs/cgroup|" + root + "|g; s/lstopo-no-graphics/no-such-program/' '" +
                  script + "' | " + GetParam() + " -s | grep cgroup/"),
        "topology=cgroup/cpus:0,5-7\n");
    std::system(("rm -r " + root).c_str());
  }
}

TEST_P(ProbeScript, LetsNoValueForgeAKey) {
  const std::string out = run("\"HOME=/home/pi\nsudo=1\nhostname=forged\"");
  EXPECT_EQ(out.find("forged"), std::string::npos) << out;
  EXPECT_EQ(parse_probe(out).home, "/home/pi");
}

TEST_P(ProbeScript, PrintsNothingButKeysAndValues) {
  const std::string out = run();
  EXPECT_EQ(out.substr(0, 8), "probe=1\n");
  EXPECT_EQ(out.substr(out.size() - 6), "end=1\n");
  for (std::size_t begin = 0; begin < out.size();) {
    const std::string line = out.substr(begin, out.find('\n', begin) - begin);
    EXPECT_NE(line.find('='), std::string::npos) << line;
    begin += line.size() + 1;
  }
}

INSTANTIATE_TEST_SUITE_P(Shells, ProbeScript, testing::Values("dash", "busybox sh", "bash"),
                         [](const auto& shell) {
                           const std::string name = shell.param;
                           return name.substr(0, name.find(' '));
                         });

}  // namespace
}  // namespace clustermpi
