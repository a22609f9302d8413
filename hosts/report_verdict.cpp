// What comes first on the report page: does the cluster work, and if not, what to do; and each
// check.
#include <fmt/format.h>

#include <algorithm>

#include "hosts/hostlist.hpp"
#include "hosts/html.hpp"
#include "hosts/report_sections.hpp"

namespace clustermpi::report {

namespace {

std::string plural(std::size_t count, std::string_view noun) {
  return fmt::format("{} {}{}", count, noun, count == 1 ? "" : "s");
}

std::string headline(const ReportPage& page) {
  const std::string& name = page.inventory.name;
  switch (page.exit_code) {
    case ExitCode::ok:
      return name + " works";
    case ExitCode::verification_failed:
      return name + " does not work as it should";
    case ExitCode::hosts_failed:
      return page.failures.empty() ? name + " is not ready"
                                   : fmt::format("{} is not ready: {} failed", name,
                                                 plural(page.failures.size(), "host"));
    case ExitCode::interrupted:
      return fmt::format("The run on {} was interrupted", name);
    default:
      return fmt::format("The run on {} came to no end", name);
  }
}

/// Of a run that ended well: what that rests on.
std::string proof(const ReportPage& page) {
  std::size_t passed = 0;
  std::string not_run;
  for (const Verdict& verdict : page.verdicts) {
    if (verdict.ran) ++passed;
    if (!verdict.ran && not_run.empty()) not_run = verdict.summary;
  }
  const std::size_t unproven = page.verdicts.size() - passed;
  std::vector<std::string> proven;
  for (const std::string& host : page.hosts)
    if (!page.left_out.contains(host)) proven.push_back(host);
  std::string text = fmt::format(
      "{} on {}, {}{}.",
      passed == 1 ? "One check passed" : fmt::format("All {} checks passed", passed),
      plural(proven.size(), "host"), fold_hostlist(proven),
      page.placement ? fmt::format(", with {}", plural(page.placement->ranks.size(), "rank")) : "");
  if (unproven > 0)
    text += fmt::format(" {} could not run: {}.", plural(unproven, "check"), not_run);
  return text;
}

std::string paragraph(std::string_view text) {
  return fmt::format("<p>{}</p>\n", escape_html(text));
}

std::string list_item(std::string_view subject, std::string_view text) {
  return fmt::format("<li><strong>{}</strong>{}{}</li>\n", escape_html(subject),
                     text.empty() ? "" : ": ", escape_html(text));
}

std::string list_of(const std::map<std::string, std::string>& problems) {
  if (problems.empty()) return {};
  std::string items;
  for (const auto& [host, problem] : problems) items += list_item(host, problem);
  return "<ul>\n" + items + "</ul>\n";
}

/// Errors that only repeat what the hosts' failures or the verdicts say are not told twice.
bool says_more(const ReportPage& page) {
  return page.error && page.exit_code != ExitCode::verification_failed;
}

std::string problems(const ReportPage& page) {
  std::string items;
  for (const auto& [host, error] : page.failures) items += list_item(host, error.message);
  for (const Verdict& verdict : page.verdicts) {
    if (verdict.ok) continue;
    items += fmt::format("<li><strong>{}</strong> failed{}{}{}</li>\n",
                         escape_html(title_of(verdict)), verdict.summary.empty() ? "" : ": ",
                         escape_html(verdict.summary), list_of(verdict.hosts));
  }
  if (says_more(page)) items += fmt::format("<li>{}</li>\n", escape_html(page.error->message));
  return "<h2>What is wrong</h2>\n<ul>\n" + items + "</ul>\n";
}

/// What each message hints at, once, and what comes after it.
std::string way_out(const ReportPage& page) {
  std::vector<std::string> hints;
  std::map<std::string, std::vector<std::string>> hosts;
  const auto add = [&](const std::string& hint, const std::string& host) {
    if (hint.empty()) return;
    if (std::ranges::find(hints, hint) == hints.end()) hints.push_back(hint);
    if (!host.empty()) hosts[hint].push_back(host);
  };
  for (const auto& [host, error] : page.failures) add(error.hint, host);
  if (says_more(page)) add(page.error->hint, "");
  std::string items;
  for (const std::string& hint : hints) {
    items += hosts[hint].empty() ? fmt::format("<li>{}</li>\n", escape_html(hint))
                                 : list_item(fold_hostlist(hosts[hint]), hint);
  }
  const bool check_failed = std::ranges::any_of(page.verdicts, std::not_fn(&Verdict::ok));
  if (check_failed) items += "<li>Put right what the failed checks name.</li>\n";
  items += fmt::format(
      "<li>Then run <code>{}</code> again. Every detail of this run is in "
      "<code>{}</code>.</li>\n",
      escape_html(page.command_line), escape_html(page.log));
  return "<h2>What to do</h2>\n<ol>\n" + items + "</ol>\n";
}

std::string remarks(const ReportPage& page) {
  std::vector<std::string> told;  // the same may show by mpirun and by srun
  std::string items;
  for (const Verdict& verdict : page.verdicts) {
    for (const std::string& remark : verdict.remarks) {
      if (std::ranges::find(told, remark) != told.end()) continue;
      told.push_back(remark);
      items += list_item(title_of(verdict), remark);
    }
  }
  if (items.empty()) return {};
  return "<div class=\"remarks\">\n<h2>Worth a look</h2>\n<ul>\n" + items + "</ul>\n</div>\n";
}

std::string check_badge(const Verdict& verdict) {
  return verdict.ran ? badge(verdict.ok, verdict.ok ? "passed" : "failed")
                     : neutral_badge("not run");
}

}  // namespace

std::string verdict_banner(const ReportPage& page) {
  const bool ok = page.exit_code == ExitCode::ok;
  std::string html = fmt::format(
      "<header class=\"verdict {}\">\n<p class=\"kicker\">Cluster report</p>\n<h1><span "
      "class=\"mark\" aria-hidden=\"true\">{}</span> {}</h1>\n",
      ok ? "good" : "bad", ok ? "✓" : "✗", escape_html(headline(page)));
  html += ok ? paragraph(proof(page)) : problems(page) + way_out(page);
  html += fmt::format("<p class=\"when\">{}</p>\n</header>\n", escape_html(page.began));
  return html + remarks(page);
}

std::string checks_section(const ReportPage& page) {
  if (page.verdicts.empty()) {
    return section("checks", "Checks",
                   "<p>No check ran: the run ended before it came to them.</p>\n");
  }
  std::string rows;
  for (const Verdict& verdict : page.verdicts) {
    rows += fmt::format(
        "<tr><th scope=\"row\">{}</th><td>{}</td><td class=\"wide\">{}{}</td>"
        "<td class=\"number\">{}</td></tr>\n",
        escape_html(title_of(verdict)), check_badge(verdict), escape_html(verdict.summary),
        list_of(verdict.hosts), verdict.ran ? duration(verdict.seconds) : "");
  }
  return section(
      "checks", "Checks",
      "<table class=\"stacks\">\n<thead><tr><th scope=\"col\">Check</th><th "
      "scope=\"col\">Verdict</th>"
      "<th scope=\"col\">What it found</th><th scope=\"col\" class=\"number\">Time</th></tr>"
      "</thead>\n<tbody>\n" +
          rows + "</tbody>\n</table>\n");
}

}  // namespace clustermpi::report
