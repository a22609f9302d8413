#include "provision/files.hpp"

#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cstdlib>
#include <filesystem>

#include "hosts/error.hpp"
#include "provision/data_dir.hpp"

namespace clustermpi {
namespace {

namespace fs = std::filesystem;

class Files : public testing::Test {
 protected:
  void SetUp() override {
    std::string name = testing::TempDir() + "files.XXXXXX";
    ASSERT_NE(::mkdtemp(name.data()), nullptr);
    folder_ = name;
  }
  void TearDown() override { fs::remove_all(folder_); }

  [[nodiscard]] std::size_t entries() const {
    return static_cast<std::size_t>(std::distance(fs::directory_iterator(folder_), {}));
  }
  fs::path folder_;
};

struct stat status_of(const fs::path& path) {
  struct stat status {};
  EXPECT_EQ(::stat(path.c_str(), &status), 0);
  return status;
}

TEST_F(Files, WriteMakesAFileWithItsMode) {
  write_file(folder_ / "secret", "s3cret", 0600);
  EXPECT_EQ(read_file(folder_ / "secret"), "s3cret");
  EXPECT_EQ(status_of(folder_ / "secret").st_mode & 07777U, 0600U);
}

TEST_F(Files, WriteReplacesAndLeavesNoTemporaryFile) {
  write_file(folder_ / "a", "old");
  write_file(folder_ / "a", "new");
  EXPECT_EQ(read_file(folder_ / "a"), "new");
  EXPECT_EQ(entries(), 1U);
}

TEST_F(Files, UnchangedContentIsNotWrittenAgain) {
  write_file(folder_ / "a", "same");
  const auto before = status_of(folder_ / "a");
  write_file(folder_ / "a", "same");
  EXPECT_EQ(status_of(folder_ / "a").st_ino, before.st_ino);
  write_file(folder_ / "a", "same", 0600);
  EXPECT_EQ(status_of(folder_ / "a").st_mode & 07777U, 0600U);
}

TEST_F(Files, WriteNamesTheFileAndTheReason) {
  try {
    write_file(folder_ / "none" / "a", "text");
    FAIL() << "it was written";
  } catch (const Error& error) {
    EXPECT_EQ(error.what(),
              "cannot write " + (folder_ / "none" / "a").string() + ": No such file or directory");
  }
}

TEST_F(Files, ReadNamesTheFileAndTheReason) {
  try {
    (void)read_file(folder_ / "none");
    FAIL() << "it was read";
  } catch (const Error& error) {
    EXPECT_EQ(error.what(),
              "cannot read " + (folder_ / "none").string() + ": No such file or directory");
    EXPECT_EQ(error.code(), ExitCode::local_failure);
  }
}

TEST_F(Files, OnlyAMissingFileIsNothing) {
  EXPECT_EQ(read_file_if_exists(folder_ / "none"), std::nullopt);
  EXPECT_THROW((void)read_file_if_exists(folder_), Error);  // a folder
}

TEST(Sha256, IsTheStandards) {
  EXPECT_EQ(sha256(""), "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
  EXPECT_EQ(sha256("abc"), "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
}

TEST(ExpandHome, OnlyAtTheStart) {
  const std::string before = std::getenv("HOME");
  ::setenv("HOME", "/home/somebody", 1);
  EXPECT_EQ(expand_home("~"), "/home/somebody");
  EXPECT_EQ(expand_home("~/.ssh/id"), "/home/somebody/.ssh/id");
  EXPECT_EQ(expand_home("/a/~/b"), "/a/~/b");
  EXPECT_EQ(expand_home("~x"), "~x");
  ::setenv("HOME", before.c_str(), 1);
}

TEST_F(Files, DataDirIsTheOneTheUserNames) {
  fs::create_directory(folder_ / "playbooks");
  ::setenv("CLUSTERMPI_DATA_DIR", folder_.c_str(), 1);
  EXPECT_EQ(data_dir(), folder_);
  fs::remove(folder_ / "playbooks");
  try {
    (void)data_dir();
    ADD_FAILURE() << "it was found";
  } catch (const Error& error) {
    EXPECT_EQ(error.what(),
              "CLUSTERMPI_DATA_DIR is " + folder_.string() + ", which has no playbooks/ in it");
  }
  ::unsetenv("CLUSTERMPI_DATA_DIR");
  EXPECT_EQ(data_dir(), fs::path(CLUSTERMPI_SOURCE_DIR));
}

}  // namespace
}  // namespace clustermpi
