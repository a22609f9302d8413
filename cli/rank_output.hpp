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

/// Makes a folder for files rank.NUMBER of ranks with these endings, and removes what an earlier
/// run left of them there. Throws Error{usage} that begins with `option` where that cannot be done.
void prepare_rank_folder(std::string_view option, const std::filesystem::path& folder,
                         const std::vector<std::string_view>& endings);

class RankOutput {
 public:
  /// `tag`: lines go to our stdout and stderr, as "[3] line". `split`: a folder for rank.3.out of
  /// each rank, and rank.3.err of those that wrote to stderr; empty: none. It is made, and such
  /// files of an earlier run are removed. Throws Error where that cannot be done.
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

  void print(unsigned rank, Stream stream, std::string_view line);
  void keep(unsigned rank, Stream stream, std::string_view bytes);
  void tell_files() const;
  [[nodiscard]] std::filesystem::path file(unsigned rank, Stream stream) const;

  Session& session_;
  bool tag_;
  std::filesystem::path split_;
  std::map<unsigned, Rank> ranks_;
  std::optional<Error> failure_;
};

}  // namespace clustermpi::cli
