// The page that a run of `verify` or `up` leaves for people: values in, HTML out.
//
// It needs nothing but itself: no script, no font, no picture and no network. What stands in it may
// come from nodes, and gets into markup by escape_html() alone.
#pragma once

#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "hosts/error.hpp"
#include "hosts/placement.hpp"
#include "hosts/slurm_state.hpp"
#include "hosts/verdict.hpp"

namespace clustermpi {

struct ReportStep {
  std::string name;
  std::string summary;
  double seconds = 0;
  bool ok = true;
};

/// A run as it ended.
struct ReportPage {
  Inventory inventory;
  std::vector<std::string> hosts;  ///< that the run was on, in the inventory's order
  FleetFacts facts;
  std::map<std::string, HostError> failures;    ///< of hosts
  std::map<std::string, std::string> left_out;  ///< hosts that no check is about -> why
  ExitCode exit_code = ExitCode::ok;
  std::optional<HostError> error;  ///< what ended the run early
  std::vector<Verdict> verdicts;   ///< in the order in which the checks ran
  std::optional<SlurmState> slurm;
  std::optional<Placement> placement;  ///< of a job on all slots
  std::vector<ReportStep> steps;
  std::size_t changes = 0;
  std::string command_line;  ///< "clustermpi verify links"
  std::string version;       ///< of clustermpi
  std::string began;         ///< date and time for people, with the time zone
  double seconds = 0;
  std::string log;  ///< the file with every detail
};

/// Fills `frame` (templates/report.html), whose markers are @TITLE@ and @CONTENT@. Throws
/// Error{local_failure} where one is missing.
[[nodiscard]] std::string report_html(const ReportPage& page, std::string_view frame);

}  // namespace clustermpi
