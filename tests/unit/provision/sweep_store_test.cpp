#include "provision/sweep_store.hpp"

#include <gmock/gmock.h>

#include <sys/resource.h>

#include <csignal>
#include <fstream>

#include "hosts/error.hpp"
#include "provision/files.hpp"
#include "provision/plot.hpp"

namespace clustermpi {
namespace {

namespace fs = std::filesystem;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

class SweepStoreTest : public testing::Test {
 protected:
  SweepStoreTest() {
    std::string name = (fs::temp_directory_path() / "clustermpi-test.XXXXXX").string();
    folder = ::mkdtemp(name.data());
  }
  ~SweepStoreTest() override { fs::remove_all(folder); }

  static SweepRun run_at(unsigned np) {
    SweepRun run;
    run.point.np = np;
    run.exit_status = 0;
    return run;
  }

  const SweepDefinition definition{{"hostname"},     {}, {}, "mpirun", {}, {"red:4"},
                                   "Open MPI 4.1.4", ""};
  fs::path folder;
};

TEST_F(SweepStoreTest, NothingIsKeptAtFirst) {
  const SweepStore store(folder / "bench" / "a");
  EXPECT_FALSE(store.load().definition);
  EXPECT_FALSE(fs::exists(store.folder()));
}

TEST_F(SweepStoreTest, WhatWasAppendedIsThereForTheNext) {
  SweepStore store(folder / "bench" / "a");
  store.begin(definition);
  store.append(run_at(1));
  store.append(run_at(2));
  const SweepRecord record = SweepStore(store.folder()).load();
  EXPECT_EQ(record.definition, definition);
  EXPECT_THAT(record.runs, ElementsAre(run_at(1), run_at(2)));
}

TEST_F(SweepStoreTest, ALineThatWasCutOffGivesItsPlaceToTheNext) {
  SweepStore store(folder);
  store.begin(definition);
  store.append(run_at(1));
  std::ofstream(store.file(), std::ios::app) << run_line(run_at(2)).substr(0, 20);
  SweepStore next(folder);
  EXPECT_THAT(next.load().runs, ElementsAre(run_at(1)));
  next.append(run_at(4));
  EXPECT_THAT(SweepStore(folder).load().runs, ElementsAre(run_at(1), run_at(4)));
}

/// While it lives, no file of this process grows beyond `size`, as on a disk that is full.
class SmallDisk {
 public:
  explicit SmallDisk(rlim_t size) {
    ::getrlimit(RLIMIT_FSIZE, &before_);
    const rlimit small{size, before_.rlim_max};
    ::setrlimit(RLIMIT_FSIZE, &small);
  }
  ~SmallDisk() {
    ::setrlimit(RLIMIT_FSIZE, &before_);
    std::signal(SIGXFSZ, handler_);
  }
  SmallDisk(const SmallDisk&) = delete;
  SmallDisk& operator=(const SmallDisk&) = delete;

 private:
  rlimit before_{};
  void (*handler_)(int) = std::signal(SIGXFSZ, SIG_IGN);
};

TEST_F(SweepStoreTest, WhereTheDiskIsFullWhatWasKeptStaysAndMoreIsAddedLater) {
  SweepStore store(folder);
  store.begin(definition);
  store.append(run_at(1));
  const auto whole = fs::file_size(store.file());
  {
    const SmallDisk disk(whole + 20);
    try {
      store.append(run_at(2));
      ADD_FAILURE();
    } catch (const Error& error) {
      EXPECT_EQ(error.what(), "cannot write " + store.file().string() + ": File too large");
      EXPECT_EQ(error.code(), ExitCode::local_failure);
    }
  }
  EXPECT_EQ(fs::file_size(store.file()), whole + 20);
  EXPECT_THAT(SweepStore(folder).load().runs, ElementsAre(run_at(1)));
  store.append(run_at(4));
  EXPECT_THAT(SweepStore(folder).load().runs, ElementsAre(run_at(1), run_at(4)));
}

TEST_F(SweepStoreTest, ANewBeginningForgetsWhatWasKept) {
  SweepStore store(folder);
  store.begin(definition);
  store.append(run_at(1));
  store.begin(definition);
  EXPECT_THAT(store.load().runs, IsEmpty());
}

TEST_F(SweepStoreTest, OtherDamageIsAnErrorWithTheWayOut) {
  SweepStore store(folder);
  write_file(store.file(), "hello\n");
  try {
    (void)store.load();
    FAIL();
  } catch (const Error& error) {
    EXPECT_EQ(error.what(), store.file().string() + " is damaged: line 1 cannot be read");
    EXPECT_EQ(error.hint(), "--fresh starts the sweep over");
  }
}

const Plot plot{"it's", "x", "y", 2, true, false, {{"a & b", {{1, 2}, {2, 1}}}}, {}};

TEST_F(SweepStoreTest, GnuplotDrawsASvgOfAPlot) {
  draw(plot, folder / "a.svg");
  const std::string svg = read_file(folder / "a.svg");
  EXPECT_THAT(svg, HasSubstr("<svg"));
  EXPECT_THAT(svg, HasSubstr("a &amp; b"));
  EXPECT_THAT(svg, HasSubstr("it's"));
}

TEST_F(SweepStoreTest, WithoutGnuplotItsPackageIsNamed) {
  const std::string path = ::getenv("PATH");
  ::setenv("PATH", folder.c_str(), 1);
  try {
    draw(plot, folder / "a.svg");
    ADD_FAILURE();
  } catch (const Error& error) {
    EXPECT_STREQ(error.what(), "the program gnuplot is not installed");
    EXPECT_EQ(error.hint(), "install it: apt-get install gnuplot-nox");
  }
  ::setenv("PATH", path.c_str(), 1);
}

}  // namespace
}  // namespace clustermpi
