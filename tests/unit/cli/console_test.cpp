#include "cli/console.hpp"

#include <gtest/gtest.h>

#include <sstream>

namespace clustermpi::cli {
namespace {

using Kind = Event::Kind;

Event event(Kind kind, const std::string& host, const std::string& text) {
  Event event;
  event.kind = kind;
  event.step = "install";
  event.host = host;
  event.text = text;
  return event;
}

Event failure(const std::string& host) {
  Event failed = event(Kind::host_done, host, "");
  failed.ok = false;
  failed.error = HostError{"unreachable", "no route to host", "is it switched on?"};
  return failed;
}

TEST(Console, FoldsHostsThatEndedWithTheSameNews) {
  std::ostringstream out;
  ConsoleReporter console(out, {});
  console.on(event(Kind::step_begin, "", "Open MPI"));
  for (const char* host : {"red02", "red01", "red03"})
    console.on(event(Kind::host_done, host, "Open MPI 4.1.4"));
  console.on(failure("red04"));
  Event end = event(Kind::step_end, "", "3 of 4 hosts installed");
  end.ok = false;
  end.elapsed = std::chrono::milliseconds(1540);
  console.on(end);
  EXPECT_EQ(out.str(),
            "==> install: Open MPI\n"
            "    red04: no route to host\n"
            "        is it switched on?\n"
            "    red[01-03]: Open MPI 4.1.4\n"
            "    failed 3 of 4 hosts installed (1.5 s)\n");
}

TEST(Console, QuietTellsFailuresOnly) {
  std::ostringstream out;
  ConsoleStyle style;
  style.quiet = true;
  ConsoleReporter console(out, style);
  console.on(event(Kind::step_begin, "", "Open MPI"));
  console.on(event(Kind::note, "red01", "new host key pinned"));
  console.on(event(Kind::progress, "red01", "packages"));
  console.on(failure("red04"));
  console.on(event(Kind::step_end, "", "done"));
  EXPECT_EQ(out.str(), "    red04: no route to host\n        is it switched on?\n");
}

TEST(Console, OnATerminalLiveLinesAreErasedBeforeNewsIsPrinted) {
  std::ostringstream out;
  ConsoleStyle style;
  style.terminal = true;
  ConsoleReporter console(out, style);
  console.on(event(Kind::progress, "red01", "packages"));
  console.on(event(Kind::progress, "red02", "packages"));
  console.on(event(Kind::note, "", "news"));
  console.on(event(Kind::step_end, "", "done"));
  EXPECT_EQ(out.str(),
            "    red01: packages\n"
            // red02's came at once and is drawn with the next news
            "\x1b[1A\x1b[2K    news\n"
            "    red[01-02]: packages\n"
            "\x1b[1A\x1b[2K    ok done (0.0 s)\n");
}

TEST(Console, TheRunAsAWholeStandsAboveTheHosts) {
  std::ostringstream out;
  ConsoleStyle style;
  style.terminal = true;
  ConsoleReporter console(out, style);
  console.on(event(Kind::progress, "red01", "packages"));
  console.on(event(Kind::progress, "", "1 of 2 hosts done"));
  console.on(event(Kind::note, "", "news"));
  EXPECT_EQ(out.str(),
            "    red01: packages\n"
            "\x1b[1A\x1b[2K    news\n"
            "    1 of 2 hosts done\n"
            "    red01: packages\n");
}

TEST(Console, ALiveLineIsCutBetweenCharacters) {
  std::ostringstream out;
  ConsoleStyle style;
  style.terminal = true;
  ConsoleReporter console(out, style);
  console.on(event(Kind::progress, "", std::string(73, 'x') + "\u00e9tude"));
  EXPECT_EQ(out.str(), "    " + std::string(73, 'x') + "\n");
}

TEST(Console, WithoutColourThereIsNoEscapeSequence) {
  std::ostringstream out;
  ConsoleReporter console(out, {});
  console.on(event(Kind::step_begin, "", "Open MPI"));
  console.on(event(Kind::warning, "red01", "clock is 2 s off"));
  console.on(failure("red02"));
  console.on(event(Kind::step_end, "", "done"));
  EXPECT_EQ(out.str().find('\x1b'), std::string::npos);
}

}  // namespace
}  // namespace clustermpi::cli
