#include "provision/steps/sweep.hpp"

#include <fmt/format.h>

#include <chrono>

#include "hosts/verdict.hpp"
#include "provision/output_lines.hpp"

namespace clustermpi {

namespace {

constexpr std::size_t most_output = 1u << 20;  // of each stream of a job

/// What may be wrong with the cluster's part of it; what the program itself says is read first.
std::string fault_of(const Result& result) {
  if (result.error) return result.error->message;
  if (result.exit_status == 0) return {};
  const std::string said = telling_line(printable(result.err));
  return fmt::format("exit status {}{}{}", result.exit_status, said.empty() ? "" : ": ", said);
}

std::string counted(std::size_t count) {
  return fmt::format("{} point{}", count, count == 1 ? "" : "s");
}

}  // namespace

std::string SweepStep::title() const {
  return fmt::format("{}, {}", sweep_.name, counted(sweep_.points.size()));
}

std::vector<Change> SweepStep::plan(Cluster& cluster) {
  const SweepRecord record = sweep_.fresh ? SweepRecord{} : store_.load();
  if (record.definition) {
    const std::string other = difference(*record.definition, sweep_.definition);
    if (!other.empty()) {
      throw Error(ExitCode::usage,
                  fmt::format("the sweep {} was begun with {}", sweep_.name, other),
                  sweep_.name_is_fixed ? "start over with --fresh"
                                       : "give this one another NAME, or start over with --fresh");
    }
  } else if (!cluster.options().dry_run) {
    store_.begin(sweep_.definition);
  }
  runs_ = record.runs;
  to_do_ = outstanding(sweep_.points, runs_);
  if (const std::size_t done = sweep_.points.size() - to_do_.size(); done > 0 && !to_do_.empty())
    cluster.note(fmt::format("{} of {} are kept from before", done, sweep_.points.size()));
  std::vector<Change> changes;
  for (const SweepPoint& point : to_do_) changes.push_back({"", "run " + name_of(point)});
  return changes;
}

std::string SweepStep::apply(Cluster& cluster, const std::vector<Change>&) {
  std::size_t number = 0;
  std::size_t failed = 0;
  for (const SweepPoint& point : to_do_) {
    const std::string progress =
        fmt::format("{} of {}, {}", ++number, to_do_.size(), name_of(point));
    const SweepRun run = run_point(cluster, point, progress);
    store_.append(run);
    runs_.push_back(run);
    if (run.ok()) {
      cluster.note(fmt::format("{}: {:.3f} s", progress, run.wall_seconds));
    } else {
      ++failed;
      cluster.warn(fmt::format("{}: {}", progress, run.fault));
    }
  }
  return failed == 0 ? counted(to_do_.size()) + " run"
                     : fmt::format("{} run, {} failed", counted(to_do_.size()), failed);
}

SweepRun SweepStep::run_point(Cluster& cluster, const SweepPoint& point,
                              const std::string& progress) {
  const std::string& manager = cluster.inventory().manager;
  cluster.progress(manager, progress);
  MpiJob job = sweep_.program.job(point);
  // What the fleet would keep is the beginning, and the line RESULT is the last.
  std::string out;
  std::string err;
  job.on_output = [&, told = std::string()](Stream stream, std::string_view text) mutable {
    append_end(stream == Stream::out ? out : err, text, most_output);
    std::string now = sweep_.program.doing ? sweep_.program.doing(out) : "";
    if (now.empty() || now == told) return;
    cluster.progress(manager, fmt::format("{}: {}", progress, now));
    told = std::move(now);
  };
  const auto start = std::chrono::steady_clock::now();
  Result result = launch(cluster, job);
  result.out = std::move(out);
  result.err = std::move(err);
  SweepRun run;
  run.point = point;
  run.wall_seconds =
      std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
  if (cluster.cancel().cancelled())
    throw Error(ExitCode::interrupted, "interrupted: " + kept(), "the same command goes on");
  // A job that takes too long is its own fault; any other error is the loss of the manager.
  if (result.error && result.error->code != "timeout")
    throw Error(ExitCode::hosts_failed, fmt::format("{}: {}", result.error->message, kept()),
                "once that host is right, the same command goes on");
  run.exit_status = result.exit_status;
  sweep_.program.read(result, run);
  if (run.fault.empty()) run.fault = fault_of(result);
  return run;
}

std::string SweepStep::kept() const {
  const std::size_t all = sweep_.points.size();
  return fmt::format("{} of {} {} kept", all - outstanding(sweep_.points, runs_).size(),
                     counted(all), all == 1 ? "is" : "are");
}

std::string SweepStep::nothing_to_do(const Cluster&) const {
  return fmt::format("{} kept from before; --fresh measures again", counted(sweep_.points.size()));
}

}  // namespace clustermpi
