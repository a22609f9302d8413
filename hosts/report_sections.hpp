// The parts of the report page, each as HTML; empty where there is nothing to show.
#pragma once

#include <string>
#include <string_view>

#include "hosts/report_page.hpp"

namespace clustermpi::report {

/// "12.3 s", or "2 min 5 s" where that reads better.
[[nodiscard]] std::string duration(double seconds);

/// A mark and a word: neither of them, nor the colour, has to be seen to know.
[[nodiscard]] std::string badge(bool ok, std::string_view word);

/// The same of what is neither.
[[nodiscard]] std::string neutral_badge(std::string_view word);

/// A section with a heading; `id` is unique on the page. `content` is HTML.
[[nodiscard]] std::string section(std::string_view id, std::string_view heading,
                                  const std::string& content);

/// Around a table that may be wider than a phone: it scrolls there and not the page, by keyboard,
/// too. `heading_id` names it.
[[nodiscard]] std::string scrolling(std::string_view heading_id, const std::string& table);

/// A bar of `share` (0 to 1); the figure that it stands for is to be text beside it.
[[nodiscard]] std::string bar(double share);

[[nodiscard]] std::string verdict_banner(const ReportPage& page);
[[nodiscard]] std::string checks_section(const ReportPage& page);
[[nodiscard]] std::string fleet_section(const ReportPage& page);
[[nodiscard]] std::string placement_section(const ReportPage& page);
[[nodiscard]] std::string links_section(const ReportPage& page);
[[nodiscard]] std::string throughput_section(const ReportPage& page);
[[nodiscard]] std::string steps_section(const ReportPage& page);
[[nodiscard]] std::string run_section(const ReportPage& page);

}  // namespace clustermpi::report
