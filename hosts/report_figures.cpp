// What was measured, on the report page: links as a heat map, pi's throughput as bars.
#include <fmt/format.h>

#include <algorithm>
#include <cstdlib>

#include "hosts/html.hpp"
#include "hosts/report_sections.hpp"

namespace clustermpi::report {

namespace {

/// Of more, a page would show colours and nothing that can be read.
constexpr std::size_t most_drawn_hosts = 64;

/// How one figure of a way is drawn, beside the median of all.
struct Metric {
  std::string_view title;
  double (*figure)(const LinkFigures&);
  double (*slowdown)(double figure, double median);  ///< 1: as the median
};

const Metric bandwidth{"Bandwidth, MB/s", [](const LinkFigures& way) { return way.mbps; },
                       [](double figure, double median) { return median / figure; }};
const Metric latency{"Latency, µs", [](const LinkFigures& way) { return way.latency_us; },
                     [](double figure, double median) { return figure / median; }};

/// The better of the two in the middle: of four hosts, one that is slow is in half of all ways.
double median_of(const std::vector<LinkFigures>& ways, const Metric& metric) {
  std::vector<double> figures;
  for (const LinkFigures& way : ways)
    if (metric.figure(way) > 0) figures.push_back(metric.figure(way));
  if (figures.empty()) return 0;
  const auto middle = figures.begin() + static_cast<std::ptrdiff_t>((figures.size() - 1) / 2);
  std::ranges::nth_element(
      figures, middle, [&](double one, double other) { return metric.slowdown(one, other) < 1; });
  return *middle;
}

/// 0 for what is about as good as the median, to 3 for what is five times worse.
int shade(double slowdown) {
  return slowdown <= 1.25 ? 0 : slowdown <= 2 ? 1 : slowdown <= 5 ? 2 : 3;
}

std::string short_number(double figure) {
  return figure < 9.95 ? fmt::format("{:.1f}", figure) : fmt::format("{:.0f}", figure);
}

std::string way_cell(const LinkFigures* way, const Metric& metric, double median) {
  if (way == nullptr) return R"(<td class="none">?</td>)";
  if (!way->problem.empty()) {
    return fmt::format(R"(<td class="broken" title="{}">✗<span class="unseen"> {}</span></td>)",
                       escape_html(way->problem), escape_html(way->problem));
  }
  const double figure = metric.figure(*way);
  return fmt::format(R"(<td class="s{}">{}</td>)", shade(metric.slowdown(figure, median)),
                     short_number(figure));
}

std::vector<std::string> hosts_of(const std::vector<LinkFigures>& ways) {
  std::vector<std::string> hosts;
  for (const LinkFigures& way : ways)
    if (std::ranges::find(hosts, way.from) == hosts.end()) hosts.push_back(way.from);
  return hosts;
}

std::string heat_map(const std::vector<LinkFigures>& ways, const Metric& metric) {
  const std::vector<std::string> hosts = hosts_of(ways);
  std::map<std::pair<std::string_view, std::string_view>, const LinkFigures*> at;
  for (const LinkFigures& way : ways) at[{way.from, way.to}] = &way;
  const double median = median_of(ways, metric);
  std::string head;
  std::string rows;
  for (const std::string& from : hosts) {
    head += fmt::format("<th scope=\"col\"><span>{}</span></th>", escape_html(from));
    rows += fmt::format("<tr><th scope=\"row\">{}</th>", escape_html(from));
    for (const std::string& to : hosts) {
      const auto way = at.find({from, to});
      rows += from == to ? "<td class=\"self\"></td>"
                         : way_cell(way == at.end() ? nullptr : way->second, metric, median);
    }
    rows += "</tr>\n";
  }
  return fmt::format(
      "<table class=\"heat\">\n<caption>{}</caption>\n<thead><tr><td></td>{}</tr></thead>\n"
      "<tbody>\n{}</tbody>\n</table>\n",
      metric.title, head, rows);
}

const char* const legend =
    "<ul class=\"legend\">\n"
    "<li><span class=\"s0\"></span> as usual</li>\n"
    "<li><span class=\"s1\"></span> up to 2 times worse</li>\n"
    "<li><span class=\"s2\"></span> up to 5 times worse</li>\n"
    "<li><span class=\"s3\"></span> worse still</li>\n"
    "<li><span class=\"broken\">✗</span> does not work</li>\n</ul>\n";

/// Of the first check that measured it: by mpirun, where that was among them.
template <typename Measured>
const Verdict* first_with(const ReportPage& page, Measured Verdict::*measured) {
  const auto found = std::ranges::find_if(
      page.verdicts, [&](const Verdict& verdict) { return !(verdict.*measured).empty(); });
  return found == page.verdicts.end() ? nullptr : &*found;
}

}  // namespace

std::string links_section(const ReportPage& page) {
  const Verdict* verdict = first_with(page, &Verdict::links);
  if (verdict == nullptr) return {};
  const std::vector<LinkFigures>& ways = verdict->links;
  std::string content =
      "<p>From the host beside each row to the host above each column. What is usual is the "
      "median of all.</p>\n";
  if (hosts_of(ways).size() > most_drawn_hosts) {
    content += fmt::format(
        "<p>More than {} hosts are too many to draw: <code>clustermpi verify links --limit "
        "HOSTLIST</code> measures some of them.</p>\n",
        most_drawn_hosts);
  } else {
    content += legend + scrolling("links", "<div class=\"maps\">\n" + heat_map(ways, bandwidth) +
                                               heat_map(ways, latency) + "</div>\n");
  }
  return section("links", "Links between hosts", content);
}

std::string throughput_section(const ReportPage& page) {
  const Verdict* verdict = first_with(page, &Verdict::throughput);
  if (verdict == nullptr) return {};
  double most = 0;
  double sum = 0;
  for (const auto& [host, own] : verdict->throughput) {
    most = std::max(most, own.samples_per_s);
    sum += own.samples_per_s;
  }
  constexpr double million = 1e6;
  std::string rows;
  for (const std::string& host : page.hosts) {
    const auto own = verdict->throughput.find(host);
    if (own == verdict->throughput.end()) continue;
    rows += fmt::format(
        "<tr><th scope=\"row\">{}</th><td class=\"bars\">{}</td><td class=\"number\">{:.0f}</td>"
        "<td class=\"number\">{}</td><td class=\"number\">{:.0f}</td></tr>\n",
        escape_html(host), bar(own->second.samples_per_s / most),
        own->second.samples_per_s / million, own->second.ranks,
        own->second.samples_per_s / own->second.ranks / million);
  }
  return section(
      "throughput", "Throughput of pi",
      fmt::format("<p>Millions of darts a second; {:.0f} in all.</p>\n", sum / million) +
          "<table class=\"chart\">\n<thead><tr><th scope=\"col\">Host</th><th scope=\"col\" "
          "class=\"bars\"><span class=\"unseen\">Share</span></th><th scope=\"col\" "
          "class=\"number\">All ranks</th><th scope=\"col\" class=\"number\">Ranks</th><th "
          "scope=\"col\" class=\"number\">A rank</th></tr></thead>\n<tbody>\n" +
          rows + "</tbody>\n</table>\n");
}

}  // namespace clustermpi::report
