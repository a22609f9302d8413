#include <gtest/gtest.h>

#include <string>

#include "provision/fleet.hpp"
#include "provision/printable_pieces.hpp"

namespace clustermpi {
namespace {

using namespace std::string_literals;

TEST(Printable, TextStays) {
  EXPECT_EQ(printable(""), "");
  EXPECT_EQ(printable("red01: ok\n\tslots=4\n"), "red01: ok\n\tslots=4\n");
  EXPECT_EQ(printable("grün 日本 \U0001F353"), "grün 日本 \U0001F353");
}

TEST(Printable, TerminalSequencesAreShown) {
  EXPECT_EQ(printable("\x1b[31mred\x1b[0m"), R"(\x1b[31mred\x1b[0m)");
  EXPECT_EQ(printable("\x1b]0;title\x07"), R"(\x1b]0;title\x07)");
  EXPECT_EQ(printable("over\rwritten\b"), R"(over\x0dwritten\x08)");
  EXPECT_EQ(printable("a\0b\x7f"s), R"(a\x00b\x7f)");
}

TEST(Printable, C1ControlsAreShown) {
  EXPECT_EQ(printable("\xc2\x9b"
                      "31m"),
            R"(\xc2\x9b31m)");                   // U+009B: CSI
  EXPECT_EQ(printable("\xc2\xa0"), "\xc2\xa0");  // U+00A0: the first that is none
  EXPECT_EQ(printable("\x9b"
                      "31m"),
            R"(\x9b31m)");  // as a bare byte
}

TEST(Printable, InvalidUtf8IsShown) {
  EXPECT_EQ(printable("\xff\xfe"), R"(\xff\xfe)");
  EXPECT_EQ(printable("\xe6\x97"), R"(\xe6\x97)");                  // cut short
  EXPECT_EQ(printable("\xe6\x97x"), R"(\xe6\x97x)");                // cut short, text goes on
  EXPECT_EQ(printable("\xc0\xaf"), R"(\xc0\xaf)");                  // overlong '/'
  EXPECT_EQ(printable("\xe0\x80\xaf"), R"(\xe0\x80\xaf)");          // overlong
  EXPECT_EQ(printable("\xed\xa0\x80"), R"(\xed\xa0\x80)");          // surrogate
  EXPECT_EQ(printable("\xf4\x90\x80\x80"), R"(\xf4\x90\x80\x80)");  // above U+10FFFF
  EXPECT_EQ(printable("\xf0\x80\x80\x80"), R"(\xf0\x80\x80\x80)");  // overlong
}

TEST(PrintablePieces, CharactersAreWholeWhereverTheyAreCut) {
  const std::string text = "gr\xc3\xbcn \xe6\x97\xa5 \U0001F353\x1b\xff\xc2\x9b" + "end"s;
  for (std::size_t size = 1; size <= text.size(); ++size) {
    PrintablePieces pieces;
    std::string shown;
    for (std::size_t at = 0; at < text.size(); at += size)
      shown += pieces.feed(std::string_view(text).substr(at, size));
    EXPECT_EQ(shown + pieces.flush(), printable(text)) << size;
  }
}

TEST(PrintablePieces, NothingWaitsThatIsNoBeginning) {
  PrintablePieces pieces;
  EXPECT_EQ(pieces.feed("name? "), "name? ");  // of somebody who waits for an answer
  EXPECT_EQ(pieces.feed("\xa5\xa5\xa5\xa5"), R"(\xa5\xa5\xa5\xa5)");
  EXPECT_EQ(pieces.feed("\xe6\x97"), "");
  EXPECT_EQ(pieces.feed("x"), R"(\xe6\x97x)");
  EXPECT_EQ(pieces.feed("\xf0\x9f\x8d"), "");
  EXPECT_EQ(pieces.flush(), R"(\xf0\x9f\x8d)");
}

}  // namespace
}  // namespace clustermpi
