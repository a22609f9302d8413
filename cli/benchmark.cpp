#include "cli/benchmark.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "hosts/pi_study.hpp"
#include "hosts/sweep_table.hpp"
#include "hosts/verdict.hpp"
#include "provision/catalogue.hpp"
#include "provision/steps/build.hpp"
#include "provision/steps/discover.hpp"
#include "provision/steps/distribute.hpp"

namespace clustermpi::cli {

namespace {

using Steps = std::vector<std::unique_ptr<Step>>;

Steps steps_to_bring(const std::string& example) {
  Steps steps;
  steps.push_back(std::make_unique<BuildStep>(std::vector{example}));
  steps.push_back(std::make_unique<DistributeStep>(std::vector{example}));
  return steps;
}

/// The command with its values; parameters reach the ranks as environment, too.
SweepProgram filled_in(const MpiJob& job, const std::vector<std::string>& command) {
  const auto job_for = [job, command](const SweepPoint& point) {
    MpiJob of_point = job;
    of_point.np = point.np;
    of_point.command = fill_in(command, point);
    for (const auto& [name, value] : point.values) of_point.environment.emplace_back(name, value);
    return of_point;
  };
  const auto read = [](const Result& result, SweepRun& run) {
    run.figures = result_line(printable(result.out), "");
  };
  return {job_for, read};
}

class ProgramBenchmark : public Benchmark {
 public:
  ProgramBenchmark(std::vector<std::string> command, bool is_example)
      : command_(std::move(command)), is_example_(is_example) {}

  [[nodiscard]] std::vector<std::string> command() const override { return command_; }
  [[nodiscard]] std::string example() const override { return is_example_ ? command_.front() : ""; }
  [[nodiscard]] std::vector<unsigned> default_counts(unsigned room) const override {
    return doubling_rank_counts(room);
  }
  [[nodiscard]] Steps preparation(const Inventory&) const override {
    return is_example_ ? steps_to_bring(command_.front()) : Steps{};
  }
  [[nodiscard]] SweepProgram program(const Cluster& cluster, const MpiJob& job) const override {
    std::vector<std::string> command = command_;
    if (!is_example_) return filled_in(job, command);
    command.front() = program_path(cluster, command.front());
    SweepProgram program = filled_in(job, command);
    // Open MPI 4.1 loses the end of what ranks on other hosts print now and then, and says nothing.
    program.read = [read = program.read](const Result& result, SweepRun& run) {
      read(result, run);
      if (result.ok() && run.figures.empty()) run.fault = "its line RESULT did not come through";
    };
    return program;
  }
  [[nodiscard]] BenchReport report(const std::string& name, const Cluster&, const MpiJob&,
                                   const std::vector<SweepRun>& runs) const override {
    const SweepClock clock = clock_of(runs);
    const auto rows = sweep_rows(runs, clock);
    BenchReport report{sweep_table(rows, clock), sweep_rows_csv(rows), {}, {}};
    report.json["clock"] = clock == SweepClock::program ? "program" : "wall";
    report.json["table"] = nlohmann::json::array();
    for (const SweepRow& row : rows) {
      report.json["table"].push_back({{"values", row.values},
                                      {"np", row.np},
                                      {"runs", row.runs},
                                      {"seconds", row.seconds},
                                      {"speedup", row.speedup},
                                      {"efficiency", row.efficiency}});
    }
    report.plots = {{"time.svg", time_plot(name, rows)}, {"speedup.svg", speedup_plot(name, rows)}};
    return report;
  }

 private:
  std::vector<std::string> command_;
  bool is_example_;
};

class HplBenchmark : public Benchmark {
 public:
  explicit HplBenchmark(HplSize size) : size_(size) {}

  [[nodiscard]] std::vector<std::string> command() const override {
    return {std::string(hpl_name)};
  }
  [[nodiscard]] std::vector<SweepParameter> parameters() const override {
    return {{"memory", {size_.quick ? "quick" : fmt::format("{}", size_.memory_fraction)}}};
  }
  [[nodiscard]] Steps preparation(const Inventory& inventory) const override {
    if (inventory.mpi != MpiImplementation::openmpi)
      throw Error(
          ExitCode::usage,
          "hpl runs by Open MPI, with which Debian builds it; the inventory has another MPI",
          "say implementation = \"openmpi\" below [mpi]");
    Steps steps;
    steps.push_back(std::make_unique<CheckStep>());
    steps.push_back(install_hpcc());
    return steps;
  }
  [[nodiscard]] SweepProgram program(const Cluster& cluster, const MpiJob& job) const override {
    return hpl_program(cluster, job, size_);
  }
  [[nodiscard]] BenchReport report(const std::string&, const Cluster& cluster, const MpiJob& job,
                                   const std::vector<SweepRun>& runs) const override {
    const auto hosts = hosts_by_np(cluster, job, runs);
    const std::string summary = hpl_summary(runs, hosts);
    return {hpl_table(runs, hosts) + summary,
            sweep_runs_csv(runs),
            {{"summary", summary}},
            {{"gflops.svg", hpl_plot(runs)}}};
  }

 private:
  HplSize size_;
};

class PiStudyBenchmark : public Benchmark {
 public:
  [[nodiscard]] std::vector<std::string> command() const override { return {"pi", "--study"}; }
  [[nodiscard]] std::string example() const override { return "pi"; }
  [[nodiscard]] Steps preparation(const Inventory&) const override { return steps_to_bring("pi"); }
  [[nodiscard]] SweepProgram program(const Cluster& cluster, const MpiJob& job) const override {
    SweepProgram program = filled_in(job, {program_path(cluster, "pi"), "--study"});
    program.read = [](const Result& result, SweepRun& run) {
      run.figures = study_figures(printable(result.out));
    };
    return program;
  }
  /// The estimates are the same for any number of ranks.
  [[nodiscard]] BenchReport report(const std::string&, const Cluster&, const MpiJob&,
                                   const std::vector<SweepRun>& runs) const override {
    const auto right = std::ranges::find_if(runs, &SweepRun::ok);
    if (right == runs.end())
      return {"", "", nlohmann::json::object(), {{"mean.svg", {}}, {"deviation.svg", {}}}};
    const auto rows = study_rows(right->figures);
    BenchReport report{study_table(rows), study_csv(rows), nlohmann::json::object(), {}};
    report.json["table"] = nlohmann::json::array();
    for (const StudyRow& row : rows)
      report.json["table"].push_back(
          {{"darts", row.darts}, {"mean", row.mean}, {"standard_deviation", row.deviation}});
    report.plots = {{"mean.svg", study_mean_plot(rows)},
                    {"deviation.svg", study_deviation_plot(rows)}};
    return report;
  }
};

/// Nothing where the catalogue has no such program.
std::optional<Example> example_named(const std::string& program) {
  if (program.find('/') != std::string::npos) return {};
  for (Example& example : catalogue())
    if (example.name == program) return std::move(example);
  return {};
}

}  // namespace

std::unique_ptr<Benchmark> program_benchmark(std::vector<std::string> command) {
  const auto example = example_named(command.front());
  if (example && command.size() == 1)
    std::ranges::copy(example->arguments, std::back_inserter(command));
  return std::make_unique<ProgramBenchmark>(std::move(command), example.has_value());
}

std::unique_ptr<Benchmark> hpl_benchmark(HplSize size) {
  return std::make_unique<HplBenchmark>(size);
}

std::unique_ptr<Benchmark> pi_study_benchmark() {
  return std::make_unique<PiStudyBenchmark>();
}

}  // namespace clustermpi::cli
