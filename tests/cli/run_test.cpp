// Options of `run`: what is refused before anything is reached.
#include "tests/cli/app_on_sshd.hpp"

namespace clustermpi::test {
namespace {

using testing::HasSubstr;

using RunTest = AppOnSshd;

TEST_F(RunTest, AVariableNeedsANameThatAShellCanSet) {
  for (const std::string word : {"1A=b", "A-B=c", "=x", ""}) {
    const Outcome outcome = run({"run", "--env", word, "--", "true"});
    EXPECT_EQ(outcome.status, 2) << word;
    EXPECT_EQ(outcome.err,
              "error: --env " + word +
                  ": a variable's name has letters, digits and _, and begins with no digit\n");
  }
}

TEST_F(RunTest, AVariableThatIsNotSetHereHasNoValueToGive) {
  const Outcome outcome = run({"run", "--env", "NO_SUCH_VARIABLE", "--", "true"});
  EXPECT_EQ(outcome.status, 2);
  EXPECT_EQ(outcome.err,
            "error: --env NO_SUCH_VARIABLE: there is no such variable here\n"
            "  give it a value: --env NO_SUCH_VARIABLE=VALUE\n");
}

TEST_F(RunTest, AVariableHasOneLineWhereverItsValueIsFrom) {
  setenv("HAS_LINES", "a\n--\nb", 1);
  for (const std::string word : {"HAS_LINES", "HAS_LINES=a\nb"}) {
    const Outcome outcome = run({"run", "--env", word, "--", "true"});
    EXPECT_EQ(outcome.status, 2);
    EXPECT_EQ(outcome.err, "error: --env HAS_LINES: a value cannot have several lines\n");
  }
  unsetenv("HAS_LINES");
}

TEST_F(RunTest, WhoseOptionStandsBehindTheProgramIsNotGuessed) {
  const Outcome outcome = run({"run", "-n", "2", "hostname", "--json"});
  EXPECT_EQ(outcome.status, 2);
  EXPECT_EQ(outcome.out, "");
  EXPECT_EQ(outcome.err,
            "error: run: is '--json' meant for hostname or for us?\n"
            "  ours stand before the program, its own behind `--`, as in `clustermpi run -n 2 -- "
            "hostname --json`\n");
  for (const std::string option : {"-n", "-s", "--help", "--no-such"})
    EXPECT_THAT(run({"run", "hostname", option}).err, HasSubstr("error: run: is '" + option));
  EXPECT_THAT(run({"run", "hostname", "-s", "--", "x"}).err, HasSubstr("error: run: is '-s'"));
}

TEST_F(RunTest, WordsBehindTheProgramAreItsOwn) {
  // Which host has what they need, nobody has looked at yet: that it comes so far is enough here.
  for (const std::vector<std::string>& words :
       std::vector<std::vector<std::string>>{{"run", "--dry-run", "hostname"},
                                             {"run", "--dry-run", "tar", "x", "-"},
                                             {"run", "--dry-run", "hostname", "--", "-s"},
                                             {"run", "--dry-run", "--", "hostname", "--json"}}) {
    EXPECT_THAT(run(words).err, HasSubstr("error: `run` has no dry run\n"));
  }
  EXPECT_EQ(run({"run", "--"}).err,
            "error: run: no program is given\n  as in `clustermpi run -n 2 -- hostname`\n");
}

TEST_F(RunTest, LinesAsTheyComeAndOneDocumentExcludeEachOther) {
  const Outcome outcome = run({"run", "--tag", "--json", "--", "true"});
  EXPECT_EQ(outcome.status, 2);
  EXPECT_THAT(outcome.err,
              HasSubstr("error: run: --tag and --json exclude each other\n"
                        "  --tag prints each line as it comes, --json one document at the end\n"));
}

TEST_F(RunTest, RanksInADebuggerPrintThere) {
  EXPECT_THAT(run({"run", "--debug", "--tag", "--", "true"}).err,
              HasSubstr("--tag excludes --debug\n"));
  EXPECT_THAT(run({"run", "--debug", "--split", "out", "--", "true"}).err,
              HasSubstr("--split excludes --debug\n"));
  EXPECT_THAT(run({"run", "--profile", "out", "--tag", "--", "true"}).err,
              HasSubstr("--tag excludes --profile\n"));
  EXPECT_THAT(run({"run", "--profile", "out", "--debug", "--", "true"}).err,
              HasSubstr("--profile excludes --debug\n"));
}

TEST_F(RunTest, FilesOfRanksNeedAFolder) {
  write_file(file("taken"), "");
  const Outcome outcome = run({"run", "--split", "taken", "--", "true"});
  EXPECT_EQ(outcome.status, 2);
  EXPECT_EQ(outcome.err,
            "error: --split taken: Not a directory\n"
            "  it takes a folder of this machine, which is made where it is missing\n");
  EXPECT_EQ(run({"run", "--profile", "taken", "--", "true"}).err,
            "error: --profile taken: Not a directory\n"
            "  it takes a folder of this machine, which is made where it is missing\n");
}

TEST_F(RunTest, HelpTeachesWhatTheOptionsAreFor) {
  const std::string help = run({"run", "--help"}).out;
  EXPECT_THAT(help, HasSubstr("--workdir DIR"));
  EXPECT_THAT(help, HasSubstr("clustermpi run --workdir data -- ../bin/a.out <numbers.txt"));
  EXPECT_THAT(help,
              HasSubstr("clustermpi run --tag -- bin/a.out    each line with its rank: [3] ..."));
  EXPECT_THAT(help, HasSubstr("clustermpi run -n 4 --debug -- bin/a.out"));
}

}  // namespace
}  // namespace clustermpi::test
