// The hosts on the report page: what each is, and which ranks it runs.
#include <fmt/format.h>

#include <algorithm>

#include "hosts/hostlist.hpp"
#include "hosts/html.hpp"
#include "hosts/overview.hpp"
#include "hosts/placement_drawing.hpp"
#include "hosts/report_sections.hpp"

namespace clustermpi::report {

namespace {

/// More would make a page that nobody reads and few browsers like.
constexpr std::size_t most_drawn_cores = 4096;

std::string cell(std::string_view text, std::string_view type = {}) {
  return type.empty() ? fmt::format("<td>{}</td>", escape_html(text))
                      : fmt::format("<td class=\"{}\">{}</td>", type, escape_html(text));
}

/// "debian 12" as people write it.
std::string capitalised(std::string text) {
  if (!text.empty() && text[0] >= 'a' && text[0] <= 'z') text[0] = static_cast<char>(text[0] - 32);
  return text;
}

std::string cores_text(const ReportPage& page, const std::string& host) {
  const auto known = page.facts.find(host);
  if (known == page.facts.end()) return "-";
  const Facts& facts = known->second;
  std::string text = std::to_string(facts.cores());
  if (facts.sockets > 1) text += fmt::format(" in {} processors", facts.sockets);
  if (facts.threads_per_core > 1) text += fmt::format(", {} threads each", facts.threads_per_core);
  return text;
}

/// What Slurm says of it, with the reason where somebody gave one.
std::string slurm_text(const SlurmState& slurm, const std::string& host) {
  const auto node = slurm.nodes.find(host);
  if (node == slurm.nodes.end()) return "no node of its";
  const SlurmNode& known = node->second;
  return fmt::format("{}{}{}", known.state, known.reason.empty() ? "" : ": ", known.reason);
}

/// A check that failed without naming a host may have failed by any of them, and what was not
/// checked is not known to work.
bool all_is_proven(const ReportPage& page) {
  return !page.error && !page.verdicts.empty() &&
         std::ranges::all_of(page.verdicts,
                             [](const Verdict& verdict) { return verdict.ok && verdict.ran; });
}

/// Whether all is well with it, and where not, what is wrong.
std::string condition(const ReportPage& page, const std::string& host) {
  const auto failure = page.failures.find(host);
  if (failure != page.failures.end()) return badge(false, failure->second.message);
  std::string failed;
  for (const Verdict& verdict : page.verdicts) {
    if (verdict.hosts.contains(host))
      failed += fmt::format("{}{}", failed.empty() ? "" : ", ", title_of(verdict));
  }
  if (!failed.empty()) return badge(false, "fails in " + failed);
  const auto left_out = page.left_out.find(host);
  if (left_out != page.left_out.end() && !page.verdicts.empty())
    return neutral_badge("not part of the checks: " + left_out->second);
  return all_is_proven(page) ? badge(true, "works") : neutral_badge("answers");
}

/// Whether any host says which board it is: machines that are no Pis do not.
bool has_models(const ReportPage& page) {
  return std::ranges::any_of(page.hosts, [&](const std::string& host) {
    const auto known = page.facts.find(host);
    return known != page.facts.end() && !known->second.model.empty();
  });
}

std::string host_row(const ReportPage& page, const std::string& name) {
  const Host* host = page.inventory.find(name);
  if (host == nullptr) return {};
  const HostSummary summary = summarize(*host, page.facts, page.inventory.mpi);
  std::string row =
      fmt::format("<tr><th scope=\"row\">{}{}</th><td>{}</td>", escape_html(name),
                  name == page.inventory.manager ? " <span class=\"tag\">manager</span>" : "",
                  condition(page, name));
  row += cell(summary.address, "code") + cell(capitalised(summary.system)) +
         cell(summary.architecture) + cell(cores_text(page, name)) + cell(summary.memory) +
         cell(summary.mpi);
  if (page.slurm) row += cell(slurm_text(*page.slurm, name));
  if (has_models(page)) row += cell(summary.model);
  return row + "</tr>\n";
}

/// "4 hosts, 16 cores, 15 GiB of memory."
std::string totals(const ReportPage& page) {
  unsigned cores = 0;
  std::uint64_t memory_kib = 0;
  for (const std::string& host : page.hosts) {
    const auto known = page.facts.find(host);
    if (known == page.facts.end()) continue;
    cores += known->second.cores();
    memory_kib += known->second.memory_kib;
  }
  return fmt::format("{} host{}, {} core{}, {:.1f} GiB of memory in all.", page.hosts.size(),
                     page.hosts.size() == 1 ? "" : "s", cores, cores == 1 ? "" : "s",
                     static_cast<double>(memory_kib) / (1 << 20));
}

std::string host_of_ranks(const DrawnHost& host, std::string_view unit) {
  std::string cells;
  for (const DrawnCore& core : host.cores) {
    cells += fmt::format(
        "<li{}><span class=\"core\"><span class=\"unseen\">{} </span>{}</span> <span "
        "class=\"unseen\">{}</span>{}</li>",
        core.ranks.empty()    ? " class=\"idle\""
        : core.begins_package ? " class=\"apart\""
                              : "",
        unit, core.number, core.ranks.empty() ? "no rank" : "rank ",
        core.ranks.empty() ? "" : fmt::format("<b>{}</b>", core.ranks));
  }
  return fmt::format("<tr><th scope=\"row\">{}</th><td><ol class=\"cores\">{}</ol></td></tr>\n",
                     escape_html(host.host), cells);
}

}  // namespace

std::string fleet_section(const ReportPage& page) {
  std::string rows;
  for (const std::string& host : page.hosts) rows += host_row(page, host);
  std::string head;
  for (const char* name : {"Host", "Condition", "Address", "System", "Architecture", "Cores",
                           "Memory", "MPI", "Slurm", "Model"}) {
    if (std::string_view(name) == "Slurm" && !page.slurm) continue;
    if (std::string_view(name) == "Model" && !has_models(page)) continue;
    head += fmt::format("<th scope=\"col\">{}</th>", name);
  }
  return section("fleet", "The fleet",
                 fmt::format("<p>{}</p>\n", totals(page)) +
                     scrolling("fleet", fmt::format("<table class=\"lines\">\n<thead><tr>{}</tr>"
                                                    "</thead>\n<tbody>\n{}</tbody>\n</table>\n",
                                                    head, rows)));
}

std::string placement_section(const ReportPage& page) {
  if (!page.placement) return {};
  const PlacementDrawing drawing = drawing_of(*page.placement);
  std::size_t cores = 0;
  std::vector<std::string> names;
  for (const DrawnHost& host : drawing.hosts) {
    cores += host.cores.size();
    names.push_back(host.host);
  }
  std::string content =
      fmt::format("<p>{} rank{} on {} by policy <code>{}</code>.", page.placement->ranks.size(),
                  page.placement->ranks.size() == 1 ? "" : "s", escape_html(fold_hostlist(names)),
                  name_of(page.placement->policy));
  if (cores > most_drawn_cores) {
    content += " <code>clustermpi generate rankfile --explain</code> draws them all.</p>\n";
    return section("placement", "Who runs where", content);
  }
  content += fmt::format(
      " A box is a {} with its number, and below it the rank that runs there.</p>\n"
      "<table class=\"placement\">\n<tbody>\n",
      drawing.unit);
  for (const DrawnHost& host : drawing.hosts) content += host_of_ranks(host, drawing.unit);
  content += "</tbody>\n</table>\n";
  if (!drawing.idle.empty())
    content += fmt::format("<p>No rank on {}.</p>\n", escape_html(fold_hostlist(drawing.idle)));
  return section("placement", "Who runs where", content);
}

}  // namespace clustermpi::report
