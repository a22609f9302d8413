// The parts of links that need no other rank, under test. Prints a FAIL line for everything that is
// not as expected, and `links' parts: done` in the end.
#include <cstdio>

#include "../../../examples/verify/links/figures.hpp"
#include "../../../examples/verify/links/measure.hpp"

namespace {

using namespace links;

#define CHECK(condition)                                                        \
  do {                                                                          \
    if (!(condition)) std::printf("FAIL: line %d: %s\n", __LINE__, #condition); \
  } while (false)

void small_figures_stay_what_they_are() {
  const Row row = parse_row(text_of(Row{{works, 12345678.25, 0.000123456}}), 1);
  CHECK(row[0].status == works);
  CHECK(row[0].latency_us == 12345678.2);
  CHECK(row[0].mbps == 0.000123456);
}

void blocks_that_changed_places_are_damage() {
  for (const std::size_t block : {256, 4096, 65536, 1 << 20})
    CHECK(pattern(0, 1, 2, 0) != pattern(block, 1, 2, 0));
}

}  // namespace

int main() {
  small_figures_stay_what_they_are();
  blocks_that_changed_places_are_damage();
  std::printf("links' parts: done\n");
}
