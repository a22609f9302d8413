#include "provision/report_page.hpp"

#include <fmt/chrono.h>
#include <fmt/format.h>

#include <ctime>

#include "hosts/report_page.hpp"
#include "provision/data_dir.hpp"
#include "provision/files.hpp"
#include "provision/launcher.hpp"

namespace clustermpi {

namespace {

std::string command_line(const RunOptions& options) {
  std::string line = "clustermpi";
  for (const std::string& word : options.words) line += ' ' + shell_quote(word);
  return line;
}

/// Where a job on all slots puts its ranks, as verify's do; nothing where no job can run.
std::optional<Placement> placement_of(const Cluster& cluster) {
  const auto nodes = job_nodes(cluster);
  if (nodes.empty()) return {};
  try {
    return place(cluster.inventory(), nodes, {});
  } catch (const Error&) {
    return {};
  }
}

ReportPage page_of(const RunReport& report, const Cluster& cluster) {
  ReportPage page;
  page.inventory = cluster.inventory();
  for (const Host& host : cluster.inventory().hosts) {
    if (cluster.is_active(host.name) || cluster.failures().contains(host.name))
      page.hosts.push_back(host.name);
  }
  page.facts = cluster.facts;
  page.failures = cluster.failures();
  page.left_out = job_group(cluster.inventory(), cluster.facts).left_out;
  page.exit_code = report.exit_code;
  page.error = report.error;
  page.verdicts = cluster.verdicts;
  page.slurm = cluster.slurm;
  page.placement = placement_of(cluster);
  using Seconds = std::chrono::duration<double>;
  for (const StepRecord& step : report.steps)
    page.steps.push_back({step.name, step.summary, Seconds(step.elapsed).count(), step.ok});
  page.changes = report.changes();
  page.command_line = command_line(cluster.options());
  page.version = CLUSTERMPI_VERSION;
  const std::time_t began = std::chrono::system_clock::to_time_t(report.began);
  page.began = fmt::format("{:%A, %d %B %Y, %H:%M:%S %Z}", fmt::localtime(began));
  page.seconds = Seconds(report.elapsed).count();
  page.log = cluster.workspace().log().string();
  return page;
}

}  // namespace

std::filesystem::path write_report_page(const RunReport& report, const Cluster& cluster) {
  const std::string frame = read_file(data_dir() / "templates" / "report.html");
  std::filesystem::path file = cluster.workspace().report_page();
  write_file(file, report_html(page_of(report, cluster), frame));
  return file;
}

}  // namespace clustermpi
