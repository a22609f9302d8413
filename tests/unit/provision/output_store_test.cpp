#include "provision/output_store.hpp"

#include <gmock/gmock.h>

#include <cstdlib>
#include <filesystem>

#include "hosts/error.hpp"
#include "provision/output_lines.hpp"

namespace clustermpi {
namespace {

namespace fs = std::filesystem;

class OutputStoreTest : public testing::Test {
 protected:
  OutputStoreTest() {
    std::string name = (fs::temp_directory_path() / "clustermpi-output-XXXXXX").string();
    folder = ::mkdtemp(name.data());
  }
  ~OutputStoreTest() override { fs::remove_all(folder); }

  static std::string text_of(const OutputLog& log) {
    std::string text;
    log.read([&](std::string_view piece) {
      text += piece;
      return true;
    });
    return text;
  }

  fs::path folder;
};

TEST_F(OutputStoreTest, KeepsWhatCameInOrder) {
  OutputStore store(folder);
  OutputLog log(store);
  log.append("one\ntwo");
  log.append("");
  log.append(" more\n");
  EXPECT_EQ(text_of(log), "one\ntwo more\n");
  EXPECT_EQ(log.size(), 13u);
  EXPECT_EQ(log.lines(), 2u);
  EXPECT_TRUE(log.ends_with_newline());
  log.append("x");
  EXPECT_EQ(log.lines(), 3u);
  EXPECT_EQ(log.head(5), "one\nt");
}

TEST_F(OutputStoreTest, WhatIsLongerThanItsShareOfMemoryIsKeptInAFileWithoutAName) {
  OutputStore store(folder);
  OutputLog a(store);
  OutputLog b(store);
  std::string expected_a;
  std::string expected_b;
  for (int i = 0; i < 90; ++i) {
    const std::string piece(32'768, static_cast<char>('a' + i % 26));
    a.append(piece);
    expected_a += piece;
    b.append("b" + piece);
    expected_b += "b" + piece;
  }
  EXPECT_TRUE(text_of(a) == expected_a);
  EXPECT_TRUE(text_of(b) == expected_b);
  EXPECT_EQ(a.head(40'000), expected_a.substr(0, 40'000));
  EXPECT_TRUE(fs::is_empty(folder));
}

TEST_F(OutputStoreTest, ManyLogsTogetherStayWithinTheirMemory) {
  OutputStore store(folder);
  std::vector<std::unique_ptr<OutputLog>> logs;
  const std::string piece(512 * 1024, 'x');
  for (std::size_t i = 0; i < 200; ++i) {  // 100 MiB
    logs.push_back(std::make_unique<OutputLog>(store));
    logs.back()->append(piece);
  }
  EXPECT_LE(store.held(), OutputStore::memory_of_all_logs + logs.size() * OutputStore::block_size);
  for (const auto& log : logs) ASSERT_TRUE(text_of(*log) == piece);
  logs.clear();
  EXPECT_EQ(store.held(), 0u);
}

TEST_F(OutputStoreTest, EqualIsWhatIsTheSameHoweverItCame) {
  OutputStore store(folder);
  OutputLog a(store);
  OutputLog b(store);
  a.append("one");
  a.append("two");
  b.append("onetwo");
  EXPECT_TRUE(a == b);
  EXPECT_EQ(a.fingerprint(), b.fingerprint());
  b.append("\n");
  EXPECT_FALSE(a == b);
}

TEST_F(OutputStoreTest, EqualIsWhatIsTheSameInMemoryOrInTheFile) {
  OutputStore store(folder);
  OutputLog a(store);
  OutputLog b(store);
  const std::string much(OutputStore::memory_of_one_log * 2 + 100, 'x');
  a.append(much);
  for (std::string_view rest = much; !rest.empty();
       rest.remove_prefix(std::min<std::size_t>(rest.size(), 7001)))
    b.append(rest.substr(0, 7001));
  EXPECT_TRUE(a == b);
  a.append("y");
  b.append("z");
  EXPECT_FALSE(a == b);
}

TEST_F(OutputStoreTest, AFullDiskIsSaidAndWhatCameBeforeIsKept) {
  OutputStore store(folder / "gone");
  OutputLog log(store);
  const std::string piece(OutputStore::memory_of_one_log, 'x');
  log.append(piece);
  try {
    log.append("y");
    ADD_FAILURE() << "it had nowhere to go";
  } catch (const Error& error) {
    EXPECT_EQ(error.what(), "cannot keep what it prints in " + (folder / "gone").string() +
                                ": No such file or directory");
  }
  EXPECT_EQ(log.head(piece.size()), piece);
}

TEST(LineSplitter, PutsPiecesTogetherToLines) {
  LineSplitter splitter;
  std::vector<std::string> lines;
  const auto take = [&](std::string_view line) { lines.emplace_back(line); };
  splitter.feed("a", take);
  splitter.feed("b\n\nc", take);
  EXPECT_THAT(lines, testing::ElementsAre("ab", ""));
  splitter.flush(take);
  splitter.flush(take);
  EXPECT_THAT(lines, testing::ElementsAre("ab", "", "c"));
}

TEST(LineSplitter, BreaksALineThatHasNoEnd) {
  LineSplitter splitter;
  std::vector<std::size_t> lengths;
  const auto take = [&](std::string_view line) { lengths.push_back(line.size()); };
  splitter.feed(std::string(LineSplitter::longest * 2 + 5, 'x'), take);
  splitter.flush(take);
  EXPECT_THAT(lengths, testing::ElementsAre(LineSplitter::longest, LineSplitter::longest, 5));
}

TEST(AppendEnd, KeepsTheLastOfWhatIsLong) {
  std::string text;
  for (const char* piece : {"ab", "cd", "ef"}) append_end(text, piece, 3);
  EXPECT_EQ(text, "abcdef");
  append_end(text, "g", 3);
  EXPECT_EQ(text, "efg");
  append_end(text, "0123456789", 3);
  EXPECT_EQ(text, "789");
}

TEST(LastLine, IsTheLastOneThatSaysSomething) {
  EXPECT_EQ(last_line("a\nb\n\n"), "b");
  EXPECT_EQ(last_line("10%\r20%\r"), "20%");
  EXPECT_EQ(last_line(" \n"), "");
  EXPECT_EQ(last_line("one"), "one");
}

}  // namespace
}  // namespace clustermpi
