// Ranks one by one: how each is started by remote/rank.sh, and what remote/gather.py on its host
// tells of it. What launchers themselves say of ranks is not enough: Open MPI 4 loses lines where
// it is to name their ranks, and all of them cut lines where a piece ends.
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "provision/cluster.hpp"
#include "provision/descriptor.hpp"
#include "provision/launcher.hpp"

namespace clustermpi {

/// A path on the nodes that nobody knows before.
[[nodiscard]] std::string new_path();

/// What rank.sh is to do before the program starts.
struct RankStart {
  std::string input;          ///< HOST:PATH of the FIFO that is rank 0's stdin; empty: none
  std::string directory;      ///< rank_directory()
  std::string folder;         ///< new_path() where ranks are gathered or debugged; else empty
  bool empty_stdin = false;   ///< the launcher gives ranks one without an end
  std::string how = "plain";  ///< in rank.sh's words
};

/// The job's directory in full: what is relative begins at `home`, as `~` does. Empty: empty.
[[nodiscard]] std::string rank_directory(const std::string& directory, const std::string& home);

/// The words that start a rank: `command` itself where nothing is to be done before. None of them
/// is a colon alone, which would end the program's words for every launcher.
[[nodiscard]] std::vector<std::string> rank_command(const RankStart& start,
                                                    std::vector<std::string> command);

/// Takes the output of gather.py apart. What is no piece, as a greeting of a login shell before the
/// first, is skipped.
class RankPieces {
 public:
  using Take = std::function<void(unsigned rank, std::string_view kind, std::string_view bytes)>;
  void feed(std::string_view text, const Take& take);

 private:
  void take_header(const Take& take);

  std::string header_;
  unsigned rank_ = 0;
  std::string kind_;
  std::size_t left_ = 0;  ///< bytes of the piece that have not come yet
};

/// gather.py on some hosts, for one job: from before its ranks start until it has ended.
class Gathering {
 public:
  /// `take` sees what comes; it outlives this.
  Gathering(std::string folder, std::function<void(const RankPiece&)> take);

  [[nodiscard]] Job job(std::size_t index, const std::string& host);
  void end();  ///< the job has ended

 private:
  std::string folder_;
  std::function<void(const RankPiece&)> take_;
  Descriptor reading_;
  Descriptor writing_;  ///< closed: the leash is let go
  std::shared_ptr<InputStream> leash_;
};

}  // namespace clustermpi
