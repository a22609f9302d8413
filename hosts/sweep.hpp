// A sweep: one program at every point of a grid, ranks times parameters, and what is kept of each
// point.
//
// What is kept is a text of JSON lines. The first is the definition, `{"sweep": {...}}`; each
// further one is a run of a point, appended as it ends. A last line without its newline was cut off
// while it was written, and counts as not there.
#pragma once

#include <cstddef>
#include <map>
#include <nlohmann/json_fwd.hpp>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace clustermpi {

// ---- The grid

struct SweepParameter {
  std::string name;
  std::vector<std::string> values;  ///< at least one, each once

  bool operator==(const SweepParameter&) const = default;
};

using ParameterValues = std::map<std::string, std::string>;  ///< parameter -> value

/// The keys alone, in their order.
[[nodiscard]] std::vector<std::string> names_of(const std::map<std::string, std::string>& values);

struct SweepPoint {
  unsigned np = 1;
  ParameterValues values;
  unsigned repetition = 1;  ///< counted from 1

  auto operator<=>(const SweepPoint&) const = default;  // NOLINT(modernize-use-nullptr)
};

/// "1,2,4-8" and "2-16/2", ascending and each once. Throws Error{usage}.
[[nodiscard]] std::vector<unsigned> parse_rank_counts(const std::string& list);

/// 1, 2, 4 and so on up to `most`, which is the last.
[[nodiscard]] std::vector<unsigned> doubling_rank_counts(unsigned most);

/// "NAME=V1,V2". The name is one that an environment variable can have. Throws Error{usage}.
[[nodiscard]] SweepParameter parse_sweep_parameter(const std::string& text);

/// All points, the repetitions one after the other, so that each value was seen once before any is
/// seen again; in each, the ranks change fastest. Throws Error{usage} where a parameter comes twice
/// or the points are too many to mean it.
[[nodiscard]] std::vector<SweepPoint> sweep_points(const std::vector<unsigned>& counts,
                                                   const std::vector<SweepParameter>& parameters,
                                                   unsigned repetitions);

/// The words with each {NAME} replaced by that parameter's value, and {np} by the ranks; {{NAME}}
/// stands for {NAME} itself. Other braces mean nothing. Throws Error{usage} where there is no such
/// parameter.
[[nodiscard]] std::vector<std::string> fill_in(const std::vector<std::string>& words,
                                               const SweepPoint& point);

/// "np 4, size 1000", and ", repetition 2" beyond the first.
[[nodiscard]] std::string name_of(const SweepPoint& point);

// ---- What is kept

/// What all points of a sweep have in common: figures of other definitions do not belong into one
/// table.
struct SweepDefinition {
  std::vector<std::string> command;     ///< with its placeholders
  std::vector<std::string> parameters;  ///< their names, sorted
  /// Variable -> digest of its value, which may be a secret and is kept nowhere.
  std::map<std::string, std::string> environment;
  std::string via;
  std::vector<std::string> placement;  ///< in words; empty: as the launcher deals ranks out
  std::vector<std::string> hosts;      ///< "NAME:SLOTS"
  std::string mpi;                     ///< "Open MPI 4.1.4"
  std::string source;  ///< digest of the program's; empty: the program is the hosts' own

  bool operator==(const SweepDefinition&) const = default;
};

/// "another command: ring --laps 5": the first thing in which `kept` differs from `asked`, and how
/// it is there. Empty where they are equal.
[[nodiscard]] std::string difference(const SweepDefinition& kept, const SweepDefinition& asked);

/// One run of a point.
struct SweepRun {
  SweepPoint point;
  double wall_seconds = 0;  ///< from asking for the job to its end, its start included
  int exit_status = -1;
  std::string fault;                           ///< what went wrong; empty: nothing
  std::map<std::string, std::string> figures;  ///< of its RESULT line

  [[nodiscard]] bool ok() const { return exit_status == 0 && fault.empty(); }
  bool operator==(const SweepRun&) const = default;
};

struct SweepRecord {
  std::optional<SweepDefinition> definition;  ///< none: nothing was kept yet
  std::vector<SweepRun> runs;                 ///< in the order in which they ended
  std::size_t whole_size = 0;  ///< bytes up to the end of the last whole line: more goes there
};

[[nodiscard]] std::string definition_line(const SweepDefinition& definition);
[[nodiscard]] std::string run_line(const SweepRun& run);
/// Throws std::invalid_argument naming the line that cannot be read.
[[nodiscard]] SweepRecord parse_sweep_record(std::string_view text);

/// Of `points`, the last run of each that was right, else its last; points that were never run are
/// left out. In the order of `points`.
[[nodiscard]] std::vector<SweepRun> runs_of(const std::vector<SweepPoint>& points,
                                            const std::vector<SweepRun>& runs);

/// Points without a run that was right.
[[nodiscard]] std::vector<SweepPoint> outstanding(const std::vector<SweepPoint>& points,
                                                  const std::vector<SweepRun>& runs);

void to_json(nlohmann::json& json, const SweepDefinition& definition);
void from_json(const nlohmann::json& json, SweepDefinition& definition);
void to_json(nlohmann::json& json, const SweepRun& run);
void from_json(const nlohmann::json& json, SweepRun& run);

}  // namespace clustermpi
