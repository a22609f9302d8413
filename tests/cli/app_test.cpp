// The command line run in process: what it prints where, and what it exits with.
#include "cli/app.hpp"

#include <gmock/gmock.h>
#include <unistd.h>

#include <cstdlib>
#include <fstream>
#include <nlohmann/json.hpp>
#include <sstream>

namespace clustermpi::cli {
namespace {

using testing::HasSubstr;
using testing::StartsWith;

struct Outcome {
  int status = -1;
  std::string out;
  std::string err;
};

class AppTest : public testing::Test {
 protected:
  AppTest() {
    char pattern[] = "/tmp/clustermpi-cli-XXXXXX";
    folder_ = mkdtemp(pattern);
    std::filesystem::current_path(folder_);
    unsetenv("CLUSTERMPI_INVENTORY");
  }
  ~AppTest() override {
    std::filesystem::current_path("/");
    std::filesystem::remove_all(folder_);
  }

  Outcome run(const std::vector<std::string>& arguments, const std::string& input = "") {
    std::istringstream in(input);
    std::ostringstream out;
    std::ostringstream err;
    CancelToken cancel;
    Outcome outcome;
    outcome.status = run_app(arguments, Streams{in, out, err}, cancel);
    outcome.out = out.str();
    outcome.err = err.str();
    return outcome;
  }

  static void write(const std::string& file, const std::string& text) {
    std::ofstream(file) << text;
  }
  static std::string read(const std::string& file) {
    std::ifstream stream(file);
    return {std::istreambuf_iterator<char>(stream), {}};
  }

  std::filesystem::path folder_;
};

TEST_F(AppTest, VersionIsOneLineOnStdout) {
  const Outcome outcome = run({"--version"});
  EXPECT_EQ(outcome.status, 0);
  EXPECT_THAT(outcome.out, testing::MatchesRegex("clustermpi [0-9]+\\.[0-9]+\\.[0-9]+\n"));
  EXPECT_EQ(outcome.err, "");
}

TEST_F(AppTest, ResetDoesNothingThatNobodyCanAgreeTo) {
  write("cluster.toml", "[cluster]\nuser = \"pi\"\n[[hosts]]\nnames = \"red\"\n");
  const Outcome outcome = run({"reset", "all"});
  EXPECT_EQ(outcome.status, 2);
  EXPECT_EQ(outcome.err,
            "error: reset asks before it removes anything, and nobody is at a terminal\n"
            "  --dry-run shows what would go, --yes agrees to it\n");
}

TEST_F(AppTest, EveryCommandExplainsItself) {
  for (const std::string command : {"up", "init", "discover", "facts", "sysinfo", "install",
                                    "generate", "inventory", "distribute", "build", "run", "verify",
                                    "smoke", "exec", "trust", "hostkey", "reset", "lab"}) {
    const Outcome outcome = run({command, "--help"});
    EXPECT_EQ(outcome.status, 0) << command;
    EXPECT_THAT(outcome.out, HasSubstr("--help")) << command;
  }
}

TEST_F(AppTest, AMistypedWordIsNamedWithTheOneThatIsMeant) {
  struct Mistake {
    std::vector<std::string> words;
    std::string error;
  };
  const std::vector<Mistake> mistakes{
      {{},
       "error: clustermpi needs a command\n"
       "  `clustermpi --help` lists them; `clustermpi up` does all that a cluster needs\n"},
      {{"-i", "x.toml", "verfy"}, "error: there is no command 'verfy'\n  did you mean 'verify'?\n"},
      {{"frobnicate"},
       "error: there is no command 'frobnicate'\n  `clustermpi --help` lists the commands\n"},
      {{"--limt", "x", "up"}, "error: there is no option '--limt'\n  did you mean '--limit'?\n"},
      {{"up", "--dryrun"}, "error: there is no option '--dryrun'\n  did you mean '--dry-run'?\n"},
      {{"run", "--polcy=x", "--", "a", "--b"},
       "error: there is no option '--polcy'\n  did you mean '--policy'?\n"},
      {{"up", "extra"}, "error: `up` takes no 'extra'\n  see `clustermpi up --help`\n"},
      {{"install", "pythn"}, "error: `install` knows no 'pythn'\n  did you mean 'python'?\n"},
      {{"examples"}, "error: `examples` needs to know more\n  one of: list, show, run\n"},
      {{"examples", "show"},
       "error: `examples show` needs NAME\n  see `clustermpi examples show --help`\n"},
      {{"run"}, "error: run: no program is given\n  as in `clustermpi run -n 2 -- hostname`\n"},
      {{"examples", "run", "--", "ring"},
       "error: `examples run` needs NAME\n  see `clustermpi examples run --help`\n"},
      {{"examples", "run", "ring", "5"},
       "error: `examples run` takes no '5'\n  see `clustermpi examples run --help`\n"},
      {{"run", "--np=0", "--", "a"},
       "error: --np: Value 0 not in range 1 to 1000000\n  see `clustermpi run --help`\n"},
      {{"verify", "rign"}, "error: there is no proof 'rign'\n  did you mean 'ring'?\n"},
      {{"completion", "tcsh"},
       "error: there is no shell 'tcsh'\n  one of: bash, zsh, fish, hosts\n"},
  };
  for (const Mistake& mistake : mistakes) {
    const Outcome outcome = run(mistake.words);
    EXPECT_EQ(outcome.status, 2) << mistake.error;
    EXPECT_EQ(outcome.out, "") << mistake.error;
    EXPECT_EQ(outcome.err, mistake.error);
  }
}

TEST_F(AppTest, ATimeoutIsATimeThatThereIs) {
  for (const std::string word : {"nan", "inf", "1e300", "0", "0.0001", "-1", "1h", ""}) {
    const Outcome outcome = run({"up", "--timeout", word});
    EXPECT_EQ(outcome.status, 2) << word;
    EXPECT_EQ(outcome.err, "error: --timeout: '" + word +
                               "' is no number from 0.001 to 100000000\n"
                               "  see `clustermpi up --help`\n");
  }
  for (const std::string word : {"0.001", "1e8", "60"})
    EXPECT_EQ(run({"up", "--timeout", word}).status, 3) << word;  // there is no inventory
}

TEST_F(AppTest, AMistypedWordIsADocumentTooWhereOneIsAskedFor) {
  const Outcome outcome = run({"run", "--via", "rsh", "--json", "--", "true"});
  EXPECT_EQ(outcome.status, 2);
  const auto json = nlohmann::json::parse(outcome.out);
  EXPECT_EQ(json["command"], "run");
  EXPECT_EQ(json["ok"], false);
  EXPECT_EQ(json["error"]["message"], "there is no way 'rsh'");
  EXPECT_EQ(json["error"]["hint"], "one of: mpirun, srun, salloc, sbatch");
  EXPECT_EQ(run({"run", "--polcy", "x", "--", "echo", "--json"}).out, "");
}

TEST_F(AppTest, AMisspeltPolicyIsGuessed) {
  for (const std::vector<std::string>& command :
       {std::vector<std::string>{"run", "--policy", "by-sockets", "--", "true"},
        {"generate", "rankfile", "--policy=by-sockets"},
        {"examples", "run", "hello", "--policy", "by-sockets"}}) {
    const Outcome outcome = run(command);
    EXPECT_EQ(outcome.status, 2) << command[0];
    EXPECT_EQ(outcome.out, "") << command[0];
    EXPECT_EQ(outcome.err, "error: there is no policy 'by-sockets'\n  did you mean 'by-socket'?\n")
        << command[0];
  }
  EXPECT_EQ(run({"run", "--policy", "chance", "--", "true"}).err,
            "error: there is no policy 'chance'\n  one of: fill, by-node, weighted, by-core, "
            "by-thread, by-socket, by-numa, by-gpu, explicit\n");
}

TEST_F(AppTest, WhatCannotSayWhatItWouldDoRefusesADryRun) {
  ASSERT_EQ(run({"init", "red"}).status, 0);
  for (const std::vector<std::string>& command :
       {std::vector<std::string>{"run", "--dry-run", "--", "true"},
        {"hostkey", "forget", "red", "--dry-run"},
        {"lab", "down", "red", "--dry-run"}}) {
    const Outcome outcome = run(command);
    EXPECT_EQ(outcome.status, 2) << command[0];
    EXPECT_THAT(outcome.err, HasSubstr("has no dry run")) << command[0];
  }
}

TEST_F(AppTest, WhatSomebodyTypedCannotSteerTheTerminal) {
  const Outcome outcome = run({"init", "a\033[31m"});
  EXPECT_EQ(outcome.status, 2);
  EXPECT_EQ(outcome.err.find('\033'), std::string::npos) << outcome.err;
}

TEST_F(AppTest, WithoutAnInventoryItSaysHowToGetOne) {
  const Outcome outcome = run({"up"});
  EXPECT_EQ(outcome.status, 3);
  EXPECT_EQ(outcome.err,
            "there is no inventory cluster.toml\n"
            "  write one with `clustermpi init 'red,red0[1-3]'`, or name yours with -i FILE\n");
  EXPECT_EQ(outcome.out, "");
}

TEST_F(AppTest, JsonIsOneDocumentAlsoWhenItFails) {
  const Outcome outcome = run({"up", "--json"});
  EXPECT_EQ(outcome.status, 3);
  const auto document = nlohmann::json::parse(outcome.out);
  EXPECT_EQ(document["command"], "up");
  EXPECT_EQ(document["ok"], false);
  EXPECT_EQ(document["error"]["message"], "there is no inventory cluster.toml");
  EXPECT_TRUE(document["hosts"].is_object());
}

TEST_F(AppTest, AMistakeInTheInventoryStopsBeforeAnythingIsDone) {
  write("cluster.toml", "[cluster]\nmanger = \"red\"\n\n[[hosts]]\nnames = \"red\"\n");
  const Outcome outcome = run({"up"});
  EXPECT_EQ(outcome.status, 3);
  EXPECT_THAT(outcome.err, StartsWith("cluster.toml:2:1: "));
  EXPECT_FALSE(std::filesystem::exists(".clustermpi"));
}

TEST_F(AppTest, InitWritesAFileThatTheOtherCommandsTake) {
  const Outcome outcome = run({"init", "red,red0[1-3]"});
  EXPECT_EQ(outcome.status, 0);
  EXPECT_EQ(outcome.out, "cluster.toml written. Look it over, then run `clustermpi up`.\n");
  const Outcome generated = run({"generate", "ssh-config"});
  EXPECT_EQ(generated.status, 0) << generated.err;
  EXPECT_THAT(generated.out, HasSubstr("Host red03"));
}

TEST_F(AppTest, InitNeverOverwritesWithoutForce) {
  write("cluster.toml", "mine");
  const Outcome refused = run({"init", "red"});
  EXPECT_EQ(refused.status, 1);
  EXPECT_EQ(refused.err,
            "error: cluster.toml exists and is not overwritten\n"
            "  --force overwrites it; -o FILE writes another one\n");
  EXPECT_EQ(read("cluster.toml"), "mine");
  EXPECT_EQ(run({"init", "red", "--force"}).status, 0);
  EXPECT_NE(read("cluster.toml"), "mine");
}

TEST_F(AppTest, InitReadsHostsFromStdin) {
  const Outcome outcome =
      run({"init", "-"}, "# my Pis\nred 192.168.0.10\n\nred01 192.168.0.11  # the spare one\n");
  EXPECT_EQ(outcome.status, 0) << outcome.err;
  EXPECT_THAT(run({"generate", "ssh-config"}).out, HasSubstr("HostName 192.168.0.11"));
  EXPECT_EQ(run({"init", "-", "--force"}, "").status, 2);
}

TEST_F(AppTest, FactsBeforeDiscoverSaysWhatToDo) {
  ASSERT_EQ(run({"init", "red"}).status, 0);
  const Outcome outcome = run({"facts"});
  EXPECT_EQ(outcome.status, 1);
  EXPECT_EQ(outcome.err,
            "error: nothing is known of these hosts yet\n  run `clustermpi discover` first\n");
}

TEST_F(AppTest, SysinfoIsOneLine) {
  ASSERT_EQ(run({"init", "red"}).status, 0);
  Facts facts;
  facts.cores_per_socket = 4;
  Workspace("cluster.toml").save_facts({{"red", facts}});
  EXPECT_EQ(run({"sysinfo"}).out, "S(1, 1, 4, 1)\n");
  EXPECT_EQ(run({"sysinfo", "-v"}).out, "S(1, 1, 4, 1)\n");
  EXPECT_EQ(run({"sysinfo", "-t"}).out, "S^T(1, 1, 4, 4)\n");
}

TEST_F(AppTest, LimitMustNameHostsOfTheInventory) {
  ASSERT_EQ(run({"init", "red,red0[1-3]"}).status, 0);
  const Outcome outcome = run({"up", "--limit", "red07"});
  EXPECT_EQ(outcome.status, 2);
  EXPECT_THAT(outcome.err, HasSubstr("--limit names red07, which is not a host of cluster.toml"));
  EXPECT_EQ(run({"up", "--limit", "red[1-"}).status, 2);
}

TEST_F(AppTest, ADamagedFactsFileIsNamed) {
  ASSERT_EQ(run({"init", "red"}).status, 0);
  std::filesystem::create_directory(".clustermpi");
  write(".clustermpi/facts.json", "{ half");
  const Outcome outcome = run({"facts"});
  EXPECT_EQ(outcome.status, 1);
  EXPECT_THAT(outcome.err, HasSubstr("facts.json is damaged"));
  EXPECT_THAT(outcome.err, HasSubstr("run `clustermpi discover` to write it anew"));
}

TEST_F(AppTest, PythonIsForInventoriesThatAskForIt) {
  ASSERT_EQ(run({"init", "red"}).status, 0);
  for (const auto& words :
       std::vector<std::vector<std::string>>{{"install", "python"}, {"verify", "--python"}}) {
    const Outcome outcome = run(words);
    EXPECT_EQ(outcome.status, 3);
    EXPECT_EQ(outcome.err, "the inventory does not ask for Python\n  add a line [python] to it\n");
  }
  write("cluster.toml", read("cluster.toml") + "\n[python]\npackages = [\"numpy\"]\n");
  const Outcome outcome = run({"verify", "--python"});
  EXPECT_EQ(outcome.status, 3);
  EXPECT_EQ(outcome.err,
            "mpi4py is not among the packages of [python]\n"
            "  add it there: packages = [\"mpi4py\"]\n");
}

TEST_F(AppTest, AVerifyThatFailsLeavesAPageAndSaysWhere) {
  ASSERT_EQ(run({"init", "red=127.0.0.1:1"}).status, 0);
  const Outcome outcome = run({"verify", "hello"});
  EXPECT_EQ(outcome.status, 4);
  const std::string place = "report: " + (folder_ / ".clustermpi/report.html").string() + "\n";
  EXPECT_THAT(outcome.err, HasSubstr(place));
  const std::string page = read(".clustermpi/report.html");
  EXPECT_THAT(page, HasSubstr("red is not ready: 1 host failed"));
  EXPECT_THAT(page, HasSubstr("127.0.0.1 port 1"));
  EXPECT_THAT(page, HasSubstr("start its SSH server"));
  EXPECT_THAT(page, HasSubstr("<code>clustermpi verify hello</code>"));
  EXPECT_THAT(run({"verify", "hello", "-q"}).err, testing::Not(HasSubstr(place)));
}

TEST_F(AppTest, OnlyAProofLeavesAPage) {
  ASSERT_EQ(run({"init", "red=127.0.0.1:1"}).status, 0);
  EXPECT_THAT(run({"discover"}).err, testing::Not(HasSubstr("report:")));
  EXPECT_THAT(run({"verify", "--dry-run"}).err, testing::Not(HasSubstr("report:")));
  EXPECT_FALSE(std::filesystem::exists(".clustermpi/report.html"));
}

TEST_F(AppTest, HostkeyForgetOfAHostThatIsNoneIsAUsageError) {
  ASSERT_EQ(run({"init", "red"}).status, 0);
  EXPECT_EQ(run({"hostkey", "forget", "blue"}).status, 2);
  const Outcome outcome = run({"hostkey", "forget", "red"});
  EXPECT_EQ(outcome.status, 0);
  EXPECT_EQ(outcome.out, "red: no host key was pinned\n");
}

}  // namespace
}  // namespace clustermpi::cli
