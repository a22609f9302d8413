// What the functions of a program cost, as each rank's profile tells (remote/rank.sh).
#pragma once

#include <filesystem>
#include <map>
#include <nlohmann/json_fwd.hpp>
#include <string>
#include <string_view>
#include <vector>

#include "cli/app.hpp"
#include "provision/launcher.hpp"

namespace clustermpi::cli {

/// A function's part of what a rank cost, 0 to 1: on the average of all ranks, and of the ranks
/// where it is lowest and highest.
struct FunctionShare {
  std::string name;
  double mean = 0;
  double lowest = 0;
  double highest = 0;
};

struct FunctionShares {
  std::size_t ranks = 0;                 ///< whose profiles counted
  std::vector<FunctionShare> functions;  ///< dearest first
};

/// From profiles of ranks, lines "COUNT FUNCTION" whose unit may be another one for each rank. A
/// profile that has no counts is that of no rank.
[[nodiscard]] FunctionShares function_shares(const std::vector<std::string>& profiles);

class RankProfiles {
 public:
  /// `folder` gets rank.3.profile of each rank. Throws Error{usage} where it cannot be made.
  RankProfiles(Session& session, std::filesystem::path folder);

  void take(const RankPiece& piece);
  /// The job has ended: writes the files in place of an earlier run's, and prints which functions
  /// cost most. Throws Error{local_failure} where a file cannot be written.
  void end();

  [[nodiscard]] nlohmann::json to_json() const;

 private:
  Session& session_;
  std::filesystem::path folder_;
  std::map<unsigned, std::string> profiles_;  ///< by rank
  FunctionShares shares_;
};

}  // namespace clustermpi::cli
