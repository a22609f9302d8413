#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <algorithm>

#include "cli/job.hpp"

namespace clustermpi::cli {

namespace {

bool looks_like_an_option(const std::string& word) {
  return word.size() > 1 && word.starts_with('-');
}

/// The program and its arguments; `words` were not behind "--". Whose option stands there is not
/// for us to guess: mpirun would take it for the program's.
std::vector<std::string> whole_command(const Session& session, std::vector<std::string> words) {
  const auto option = std::ranges::find_if(words, looks_like_an_option);
  if (option != words.end()) {
    throw Error(ExitCode::usage,
                fmt::format("run: is '{}' meant for {} or for us?", *option, words.front()),
                fmt::format("ours stand before the program, its own behind `--`, as in "
                            "`clustermpi run -n 2 -- {} {}`",
                            words.front(), *option));
  }
  if (session.operands) std::ranges::copy(*session.operands, std::back_inserter(words));
  if (words.empty()) {
    throw Error(ExitCode::usage, "run: no program is given",
                "as in `clustermpi run -n 2 -- hostname`");
  }
  return words;
}

}  // namespace

void add_run(CLI::App& app, Session& session) {
  auto options = std::make_shared<JobOptions>();
  auto* command = app.add_subcommand(
      "run", "Start a program on the cluster by mpirun or Slurm, and pass its exit status on");
  add_job_options(*command, *options);
  command->positionals_at_end();  // so that no word behind PROGRAM is taken for one of ours
  keep_words_whole(command->add_option("command", options->command,
                                       "Program, with its path on the hosts, and arguments"))
      ->type_name("PROGRAM [ARG]");
  command->footer(
      "  clustermpi run -n 8 -- hostname\n"
      "  clustermpi distribute ./a.out --to bin && clustermpi run -- bin/a.out --size 100\n"
      "  clustermpi run -n 8 --policy by-socket -- bin/a.out    as `generate --explain` draws it\n"
      "  clustermpi run --threads 4 --env OMP_NUM_THREADS=4 -- bin/hybrid\n"
      "  clustermpi run --via srun -- bin/a.out    as a job of Slurm's\n"
      "  clustermpi run --workdir data -- ../bin/a.out <numbers.txt    rank 0 reads the file\n"
      "  clustermpi run --tag -- bin/a.out    each line with its rank: [3] ...\n"
      "  clustermpi run --split out -- bin/a.out    out/rank.3.out, and out/rank.3.err if it "
      "complains\n"
      "  clustermpi run -n 4 --debug -- bin/a.out    four ranks, each in gdb in a pane of tmux\n"
      "  clustermpi run -n 4 --profile out -- bin/a.out    which functions cost most, on all "
      "ranks\n"
      "By mpirun ranks start at once, over SSH. By srun, salloc (mpirun inside an allocation) and "
      "sbatch (a\n"
      "batch job; its output comes when it has ended) they wait for their turn in Slurm's queue.\n"
      "Ctrl-C ends the job on all hosts, and so does a lost connection.\n"
      "Rank 0 reads our stdin, other ranks an empty one. In a loop that reads lines itself it "
      "takes\n"
      "them all, as ssh would: --no-stdin.\n"
      "--debug wants tmux here, gdb and gdbserver on the hosts, and a program compiled with -g;\n"
      "`continue` in every pane lets the job go on, and it ends with the last rank. Sources "
      "beside\n"
      "the program there are shown. --profile wants perf, which Debian calls linux-perf, or "
      "valgrind,\n"
      "with which a program takes 50 times as long.");
  command->callback([&session, options] {
    session.action = [&session, options] {
      options->command = whole_command(session, options->command);
      return run_job(session, "run", *options);
    };
  });
}

}  // namespace clustermpi::cli
