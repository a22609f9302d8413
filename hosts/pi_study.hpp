// The study that examples/verify/pi.cpp makes with --study: how the estimate of pi closes in as the
// darts get more, as a table and as pictures.
#pragma once

#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "hosts/plot.hpp"

namespace clustermpi {

struct StudyRow {
  double darts = 0;
  double mean = 0;       ///< of the estimates of several runs with that many darts each
  double deviation = 0;  ///< their standard deviation

  bool operator==(const StudyRow&) const = default;
};

/// The lines of three numbers among those that the program prints: darts, mean and deviation, as
/// figures `mean_DARTS` and `deviation_DARTS`, in its own digits.
[[nodiscard]] std::map<std::string, std::string> study_figures(std::string_view out);
/// By ascending darts; other figures are left out.
[[nodiscard]] std::vector<StudyRow> study_rows(const std::map<std::string, std::string>& figures);

[[nodiscard]] std::string study_table(const std::vector<StudyRow>& rows);
[[nodiscard]] std::string study_csv(const std::vector<StudyRow>& rows);
[[nodiscard]] Plot study_mean_plot(const std::vector<StudyRow>& rows);
[[nodiscard]] Plot study_deviation_plot(const std::vector<StudyRow>& rows);

}  // namespace clustermpi
