#include "cli/rank_output.hpp"

#include <gmock/gmock.h>
#include <unistd.h>

#include <filesystem>
#include <sstream>

#include "cli/rank_profile.hpp"
#include "tests/refusal.hpp"

namespace clustermpi::cli {
namespace {

namespace fs = std::filesystem;

class RankOutputTest : public testing::Test {
 protected:
  RankOutputTest() { fs::remove_all(folder); }
  ~RankOutputTest() override { fs::remove_all(folder); }

  const fs::path folder =
      fs::temp_directory_path() / ("rank_output_test." + std::to_string(::getpid()));
  std::istringstream in;
  std::ostringstream out;
  std::ostringstream err;
  CancelToken cancel;
  Session session{Streams{in, out, err}, cancel};
};

TEST_F(RankOutputTest, LinesAreWholeHoweverTheirPiecesCome) {
  RankOutput ranks(session, true, {});
  ranks.take({3, "red", "out", "on"});
  ranks.take({12, "red01", "out", "other\nbeg"});
  ranks.take({3, "red", "err", "trouble\n"});
  ranks.take({3, "red", "out", "e\n"});
  ranks.end();
  EXPECT_EQ(out.str(), "[12] other\n[3] one\n[12] beg\n");
  EXPECT_EQ(err.str(), "[3] trouble\n");
}

TEST_F(RankOutputTest, FilesThatCannotBeWrittenEndTheJob) {
  RankOutput ranks(session, false, folder);
  ranks.take({0, "red", "start", {}});
  fs::remove_all(folder);
  ranks.take({0, "red", "out", "text\n"});
  EXPECT_TRUE(cancel.cancelled());
  EXPECT_EQ(test::refusal([&] { ranks.end(); }, ExitCode::local_failure),
            "cannot write " + (folder / "rank.0.out").string() +
                ": No such file or directory / the job was ended");
}

TEST_F(RankOutputTest, OnlyFilesOfRanksAreReplaced) {
  fs::create_directories(folder / "rank.x.out");
  RankOutput(session, false, folder).take({0, "red", "start", {}});
  EXPECT_TRUE(fs::exists(folder / "rank.x.out"));
  EXPECT_TRUE(fs::exists(folder / "rank.0.out"));
  RankOutput(session, false, folder).end();
  EXPECT_FALSE(fs::exists(folder / "rank.0.out"));
  EXPECT_EQ(err.str(), "0 ranks in " + folder.string() + ": 0 lines on stdout, none on stderr\n");
}

TEST_F(RankOutputTest, FilesOfAnEarlierRunStayUntilThisOneHasBegun) {
  RankOutput(session, false, folder).take({0, "red", "start", {}});
  RankOutput ranks(session, false, folder);
  EXPECT_TRUE(fs::exists(folder / "rank.0.out"));
  ranks.take({1, "red", "start", {}});
  EXPECT_FALSE(fs::exists(folder / "rank.0.out"));
  EXPECT_TRUE(fs::exists(folder / "rank.1.out"));
}

TEST_F(RankOutputTest, FilesThatCannotBeRemovedEndTheJob) {
  fs::create_directories(folder / "rank.0.out/full");
  RankOutput ranks(session, false, folder);
  ranks.take({0, "red", "out", "text\n"});
  EXPECT_TRUE(cancel.cancelled());
  EXPECT_EQ(test::refusal([&] { ranks.end(); }, ExitCode::local_failure),
            "cannot remove what an earlier run left in " + folder.string() +
                ": Directory not empty / remove it, or name another folder");
}

TEST_F(RankOutputTest, ProfilesThatSayNothingAreToldOf) {
  RankProfiles profiles(session, folder);
  profiles.take({0, "red", "start", {}});
  profiles.end();
  EXPECT_EQ(err.str(), "no rank left a profile\n");
}

}  // namespace
}  // namespace clustermpi::cli
