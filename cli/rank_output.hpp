// What ranks print, each for itself: line by line with its rank, or in files of its own.
#pragma once

#include <filesystem>
#include <map>
#include <nlohmann/json_fwd.hpp>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "cli/app.hpp"
#include "provision/launcher.hpp"
#include "provision/output_lines.hpp"

namespace clustermpi::cli {

/// Makes a folder for files of ranks where it is missing. Throws Error{usage} that begins with
/// `option` where that cannot be done.
void make_rank_folder(std::string_view option, const std::filesystem::path& folder);

/// Removes rank.NUMBER with these endings: a job that has begun takes an earlier one's place.
/// Throws Error{local_failure}.
void remove_rank_files(const std::filesystem::path& folder,
                       const std::vector<std::string_view>& endings);

class RankOutput {
 public:
  /// `tag`: lines go to our stdout and stderr, as "[3] line". `split`: a folder for rank.3.out of
  /// each rank, and rank.3.err of those that wrote to stderr; empty: none. It is made; such files
  /// of an earlier run stay until something of this one comes. Throws Error{usage} where it cannot
  /// be.
  RankOutput(Session& session, bool tag, std::filesystem::path split);

  /// What cannot be written ends the job: end() throws.
  void take(const RankPiece& piece);
  /// The job has ended: prints lines that have no newline, and who wrote to stderr. Throws
  /// Error{local_failure} where something could not be written.
  void end();

  [[nodiscard]] nlohmann::json to_json() const;

 private:
  struct Printed {
    LineSplitter begun;
    std::size_t lines = 0;
    bool mid_line = false;
  };
  struct Rank {
    std::string host;
    Printed out;
    Printed err;
  };

  void begin();  ///< the job runs
  void fail(const Error& error);
  void print(unsigned rank, Stream stream, std::string_view line);
  void keep(unsigned rank, Stream stream, std::string_view bytes);
  void tell_files() const;
  [[nodiscard]] std::filesystem::path file(unsigned rank, Stream stream) const;

  Session& session_;
  bool tag_;
  std::filesystem::path split_;
  bool begun_ = false;
  std::map<unsigned, Rank> ranks_;
  std::optional<Error> failure_;
};

}  // namespace clustermpi::cli
