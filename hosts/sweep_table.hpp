// What a sweep shows: cores times time, with speed-up and efficiency; as text, CSV and pictures.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "hosts/plot.hpp"
#include "hosts/sweep.hpp"

namespace clustermpi {

/// By which clock a table goes.
enum class SweepClock {
  program,  ///< `seconds=` of the RESULT line: what the program says of its own work
  wall,     ///< the start of the ranks included
};

/// The program's where every run that was right has one, else the wall's.
[[nodiscard]] SweepClock clock_of(const std::vector<SweepRun>& runs);

/// One number of ranks with one combination of parameters: over all its runs that were right.
struct SweepRow {
  ParameterValues values;
  unsigned np = 1;
  std::size_t runs = 0;
  double seconds = 0;  ///< the median
  /// How many times as fast as with the fewest ranks that there are with these parameters, b:
  /// S = b * T(b) / T(np), which is T(1)/T(np) where one rank was run; and S / np.
  double speedup = 1;
  double efficiency = 1;

  bool operator==(const SweepRow&) const = default;
};

/// By combination, in the order in which they first come in `runs`, then by np.
[[nodiscard]] std::vector<SweepRow> sweep_rows(const std::vector<SweepRun>& runs, SweepClock clock);

/// Columns aligned, below a line of headings; and a last line that says what time is meant.
[[nodiscard]] std::string sweep_table(const std::vector<SweepRow>& rows, SweepClock clock);

/// The rows, and each run with all its figures. A field with a comma or a quote is quoted.
[[nodiscard]] std::string sweep_rows_csv(const std::vector<SweepRow>& rows);
[[nodiscard]] std::string sweep_runs_csv(const std::vector<SweepRun>& runs);

/// One curve a combination of parameters. Nothing where there are not two numbers of ranks.
[[nodiscard]] std::optional<Plot> time_plot(const std::string& name,
                                            const std::vector<SweepRow>& rows);
[[nodiscard]] std::optional<Plot> speedup_plot(const std::string& name,
                                               const std::vector<SweepRow>& rows);

}  // namespace clustermpi
