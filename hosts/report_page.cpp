#include "hosts/report_page.hpp"

#include <fmt/format.h>

#include <cmath>

#include "hosts/html.hpp"
#include "hosts/report_sections.hpp"

namespace clustermpi {

namespace report {

std::string duration(double seconds) {
  if (seconds < 99.95) return fmt::format("{:.1f} s", seconds);
  const auto whole = static_cast<long long>(std::llround(seconds));
  return fmt::format("{} min {} s", whole / 60, whole % 60);
}

std::string badge(bool ok, std::string_view word) {
  return fmt::format(R"(<span class="badge {}"><span aria-hidden="true">{}</span> {}</span>)",
                     ok ? "good" : "bad", ok ? "✓" : "✗", escape_html(word));
}

std::string neutral_badge(std::string_view word) {
  return fmt::format(R"(<span class="badge"><span aria-hidden="true">–</span> {}</span>)",
                     escape_html(word));
}

std::string section(std::string_view id, std::string_view heading, const std::string& content) {
  return fmt::format("<section aria-labelledby=\"{0}\">\n<h2 id=\"{0}\">{1}</h2>\n{2}</section>\n",
                     id, escape_html(heading), content);
}

std::string scrolling(std::string_view heading_id, const std::string& table) {
  return fmt::format(
      "<div class=\"scrolls\" role=\"region\" tabindex=\"0\" aria-labelledby=\"{}\">\n{}</div>\n",
      heading_id, table);
}

std::string bar(double share) {
  return fmt::format(R"(<span class="bar" style="--share:{:.1f}%"></span>)", 100 * share);
}

std::string steps_section(const ReportPage& page) {
  if (page.steps.empty()) return {};
  double longest = 0;
  for (const ReportStep& step : page.steps) longest = std::max(longest, step.seconds);
  std::string rows;
  for (const ReportStep& step : page.steps) {
    rows += fmt::format(
        "<tr><th scope=\"row\">{}</th><td class=\"bars\">{}</td><td class=\"number\">{}</td>"
        "<td class=\"wide\">{}{}</td></tr>\n",
        escape_html(step.name), bar(longest > 0 ? step.seconds / longest : 0),
        duration(step.seconds), step.ok ? "" : badge(false, "failed") + " ",
        escape_html(step.summary));
  }
  return section(
      "steps", "Steps and how long they took",
      "<table class=\"chart stacks\">\n<thead><tr><th scope=\"col\">Step</th><th scope=\"col\" "
      "class=\"bars\"><span class=\"unseen\">Share</span></th><th scope=\"col\" "
      "class=\"number\">Time</th><th scope=\"col\">Outcome</th></tr></thead>\n<tbody>\n" +
          rows + "</tbody>\n</table>\n");
}

std::string run_section(const ReportPage& page) {
  const auto entry = [](std::string_view name, const std::string& value) {
    return fmt::format("<div><dt>{}</dt><dd>{}</dd></div>\n", name, value);
  };
  const auto code = [](std::string_view text) {
    return fmt::format("<code>{}</code>", escape_html(text));
  };
  return section("run", "How it was run",
                 "<dl>\n" + entry("Command", code(page.command_line)) +
                     entry("Began", escape_html(page.began)) +
                     entry("Took", duration(page.seconds)) +
                     entry("Changes", page.changes == 0 ? "none" : std::to_string(page.changes)) +
                     entry("Version", "clustermpi " + escape_html(page.version)) +
                     entry("Log", code(page.log)) + "</dl>\n");
}

}  // namespace report

namespace {

void fill(std::string& text, std::string_view marker, const std::string& value) {
  const std::size_t at = text.find(marker);
  if (at == std::string::npos) {
    throw Error(ExitCode::local_failure,
                fmt::format("templates/report.html has no marker {}", marker),
                "install clustermpi anew");
  }
  text.replace(at, marker.size(), value);
}

}  // namespace

std::string report_html(const ReportPage& page, std::string_view frame) {
  std::string html(frame);
  // The content first, which is last in the frame: what a node calls itself is no marker.
  fill(html, "@CONTENT@",
       report::verdict_banner(page) + report::checks_section(page) + report::fleet_section(page) +
           report::placement_section(page) + report::links_section(page) +
           report::throughput_section(page) + report::steps_section(page) +
           report::run_section(page));
  fill(html, "@TITLE@",
       fmt::format("{} {}: {}", page.exit_code == ExitCode::ok ? "✓" : "✗",
                   escape_html(page.inventory.name), escape_html(page.command_line)));
  return html;
}

}  // namespace clustermpi
