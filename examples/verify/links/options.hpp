// options.hpp: what links can be asked for.
#pragma once

#include <cstdint>
#include <string>

#include "../../common/example.hpp"

namespace links {

inline constexpr int messages = 4;  // that measure bandwidth, in one go

inline const char* const usage =
    "usage: links [--deadline SECONDS] [--size BYTES] [--serial] [--json FILE] [--html FILE]\n"
    "Every host talks to every other: latency, bandwidth and damage each way, and who is to "
    "blame.\n"
    "  --deadline SECONDS  what a pair may take, 1 to 600 (default 5)\n"
    "  --size BYTES        of each of the 4 messages that measure bandwidth, at most 64 MiB\n"
    "                      (default 1048576)\n"
    "  --serial            one pair after the other instead of N/2 at a time\n"
    "  --json FILE         rank 0 writes the figures there\n"
    "  --html FILE         rank 0 draws them there: one page, nothing else needed\n";

struct Options {
  double deadline;     // seconds that a pair may take
  std::int64_t bytes;  // of each message that measures bandwidth
  bool serial;
  std::string json;  // files; empty: none
  std::string html;
};

inline Options options_of(const example::Program& program) {
  constexpr std::int64_t most_bytes = 64 << 20;
  return {program.real("--deadline", 5, 1, 600), program.number("--size", 1 << 20, 1, most_bytes),
          program.has("--serial"), program.file("--json"), program.file("--html")};
}

}  // namespace links
