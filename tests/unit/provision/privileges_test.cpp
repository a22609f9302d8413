// How a command becomes root: what reaches sudo, what reaches the command, and what sudo's words
// mean. A sudo of our own stands for the real one, which tests/cluster/bootstrap.sh meets.
#include "provision/privileges.hpp"

#include <gtest/gtest.h>

#include <cstdlib>
#include <filesystem>

#include "provision/files.hpp"
#include "provision/process.hpp"

namespace fs = std::filesystem;

namespace clustermpi {
namespace {

struct BecomeRoot : testing::Test {
  void SetUp() override {
    std::string name = testing::TempDir() + "sudo.XXXXXX";
    ASSERT_NE(::mkdtemp(name.data()), nullptr);
    folder = name;
  }
  void TearDown() override { fs::remove_all(folder); }

  /// What the job prints where sudo is that script.
  ProcessResult run(const Job& job, const std::string& sudo) {
    write_file(folder / "sudo", "#!/bin/sh\n" + sudo, 0755);
    ProcessOptions options;
    options.environment["PATH"] = folder.string() + ":" + std::getenv("PATH");
    if (job.input) options.input = *job.input;
    return run_process({"sh", "-c", job.command}, options);
  }

  static Job cat_with(const std::string& input) {
    Job job;
    job.command = "cat; echo \"$0 'ends'\"";
    job.input = std::make_shared<const std::string>(input);
    return job;
  }

  fs::path folder;
  const Secret password{"it's  \\se cret "};
  // As sudo does it: the password is the first line, taken byte by byte.
  const std::string asks =
      "[ \"$1 $2 $3 $4 $5\" = '-k -S -p  --' ] || exit 9\n"
      "shift 5\n"
      "IFS= read -r given\n"
      "[ \"$given\" = \"it's  \\\\se cret \" ] || { echo 'Sorry, try again.' >&2; exit 1; }\n"
      "exec \"$@\"\n";
  const std::string does_not_ask = "shift 5\nexec \"$@\"\n";
};

TEST_F(BecomeRoot, ACommandFindsItsInputWhereSudoAsks) {
  Job job = cat_with("one\n\n two \\ \n");
  become_root(job, "pi", &password);
  EXPECT_EQ(run(job, asks).out, "one\n\n two \\ \nsh 'ends'\n");
}

TEST_F(BecomeRoot, ACommandFindsItsInputWhereSudoDoesNotAsk) {
  Job job = cat_with("one\n\n two \\ \n");
  become_root(job, "pi", &password);
  EXPECT_EQ(run(job, does_not_ask).out, "one\n\n two \\ \nsh 'ends'\n");
}

TEST_F(BecomeRoot, ThePasswordIsNoCommandOfAShellThatReadsItsStdin) {
  for (const std::string& sudo : {asks, does_not_ask}) {
    Job job;
    job.command = "sh -s";
    job.input = std::make_shared<const std::string>("echo ran\n");
    become_root(job, "pi", &password);
    const ProcessResult result = run(job, sudo);
    EXPECT_EQ(result.out, "ran\n");
    EXPECT_EQ(result.err, "");
  }
}

TEST_F(BecomeRoot, WithoutInputACommandFindsTheEndOfIt) {
  Job job;
  job.command = "cat";
  become_root(job, "pi", &password);
  EXPECT_EQ(run(job, asks).out, "");
  EXPECT_EQ(run(job, does_not_ask).exit_status, 0);
}

TEST_F(BecomeRoot, BytesThatAreNoTextArrive) {
  const std::string bytes("\0\xff\r\n\0", 5);
  Job job = cat_with(bytes);
  become_root(job, "pi", &password);
  EXPECT_EQ(run(job, asks).out, bytes + "sh 'ends'\n");
}

TEST_F(BecomeRoot, NoCommandLineHasThePassword) {
  Job job = cat_with("");
  become_root(job, "pi", &password);
  EXPECT_EQ(job.command.find("cret"), std::string::npos);
  EXPECT_EQ(sudo_question("pi", &password).command, "env LC_ALL=C sudo -k -S -p '' true");
}

TEST_F(BecomeRoot, WithoutAPasswordSudoMustNotAsk) {
  Job job;
  job.command = "id -u | cat";
  become_root(job, "pi");
  EXPECT_EQ(job.command, "sudo -n -- sh -c 'id -u | cat'");
  EXPECT_EQ(job.input, nullptr);
}

TEST_F(BecomeRoot, RootNeedsNoSudo) {
  Job job;
  job.command = "id -u";
  become_root(job, "root", &password);
  EXPECT_EQ(job.command, "id -u");
  EXPECT_EQ(job.input, nullptr);
}

Result said(const std::string& words, int exit_status = 1) {
  Result result;
  result.exit_status = exit_status;
  result.err = words;
  return result;
}

TEST(SudoAnswer, IsReadFromItsWords) {
  EXPECT_EQ(sudo_answer(said("", 0)), SudoAnswer::granted);
  EXPECT_EQ(sudo_answer(said("sudo: a password is required\n")), SudoAnswer::password_wanted);
  EXPECT_EQ(sudo_answer(said("Sorry, try again.\nsudo: no password was provided\n"
                             "sudo: 1 incorrect password attempt\n")),
            SudoAnswer::password_wrong);
  EXPECT_EQ(sudo_answer(said("pi is not in the sudoers file.\n")), SudoAnswer::not_allowed);
  EXPECT_EQ(sudo_answer(said("Sorry, user pi may not run sudo on red01.\n")),
            SudoAnswer::not_allowed);
  EXPECT_EQ(sudo_answer(said("Sorry, user pi is not allowed to execute '/usr/bin/true' as root on "
                             "red01.\n")),
            SudoAnswer::not_allowed);
  EXPECT_EQ(sudo_answer(said("sudo: sorry, you must have a tty to run sudo\n")),
            SudoAnswer::terminal_wanted);
  EXPECT_EQ(sudo_answer(said("env: 'sudo': No such file or directory\n", 127)),
            SudoAnswer::missing);
  EXPECT_EQ(sudo_answer(said("sudo: unable to open /etc/sudoers\n")), SudoAnswer::unclear);
}

TEST(SudoAnswer, OfSudoRsIsReadToo) {
  EXPECT_EQ(sudo_answer(said("sudo: interactive authentication is required\n")),
            SudoAnswer::password_wanted);
  EXPECT_EQ(sudo_answer(said("sudo: Authentication failed, try again.\n")),
            SudoAnswer::password_wrong);
  EXPECT_EQ(sudo_answer(said("sudo: I'm sorry pi. I'm afraid I can't do that\n")),
            SudoAnswer::not_allowed);
}

TEST(SudoRefused, SaysWhatToDo) {
  EXPECT_EQ(
      sudo_refused("pi", said("pi is not in the sudoers file.\n")),
      (HostError{"no_sudo", "user pi may not use sudo", "there, as root: usermod -aG sudo pi"}));
  EXPECT_EQ(sudo_refused("pi", said("sudo: a password is required\n")),
            (HostError{"sudo_password_needed",
                       "sudo wants a password of pi, and nobody is here to be asked",
                       "run the command in a terminal, or let `clustermpi bootstrap "
                       "--passwordless-sudo` set up sudo without a password"}));
  EXPECT_EQ(sudo_refused("pi", said("Sorry, try again.\n")),
            (HostError{"sudo_password_wrong", "sudo does not take that password of pi",
                       "try again; a host with a password of its own is done alone, by --limit"}));
  EXPECT_EQ(sudo_refused("pi", said("sudo: sorry, you must have a tty to run sudo\n")),
            (HostError{"no_sudo", "its sudo works on a terminal only",
                       "there, as root: visudo, and write Defaults:pi !requiretty"}));
  EXPECT_EQ(sudo_refused("pi", said("", 127)),
            (HostError{"no_sudo", "has no sudo",
                       "there, as root: apt-get install sudo; usermod -aG sudo pi"}));
  EXPECT_EQ(sudo_refused("pi", said("sudo: unable to open /etc/sudoers\n\x1b[2J\nsudo: bye\n")),
            (HostError{"no_sudo",
                       "user pi cannot become root: sudo says: sudo: unable to open /etc/sudoers; "
                       "\\x1b[2J; sudo: bye",
                       "log in there and try `sudo true`"}));
}

}  // namespace
}  // namespace clustermpi
