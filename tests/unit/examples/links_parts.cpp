// The parts of links that need no other rank, under test. Prints a FAIL line for everything that is
// not as expected, and `links' parts: done` in the end.
#include <sys/wait.h>

#include <array>
#include <cstdio>

#include "../../../examples/verify/links/board.hpp"
#include "../../../examples/verify/links/figures.hpp"
#include "../../../examples/verify/links/leader.hpp"
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

void patience_is_enough_for_all_meetings() {
  CHECK(meetings_in_a_row(8, false) == 7);
  CHECK(meetings_in_a_row(9, false) == 9);
  CHECK(meetings_in_a_row(9, true) == 36);
  CHECK(patience_for(36, 0.5) == 10 + 36 * 0.5 + 4 * 0.5);
}

// A host that loses power never ends its connection.
void the_boards_server_ends_with_rank_0() {
  int port = 0;
  const Socket listener = listen_where_mpi_would(port);
  std::array<int, 2> ends{};
  CHECK(pipe2(ends.data(), O_CLOEXEC) == 0);
  const Socket lifeline(ends[0]);
  const pid_t server = fork();
  if (server == 0) {
    close(ends[1]);
    serve_board(listener, lifeline);
  }
  const Socket guest = make_socket();
  const sockaddr_in address = address_of(INADDR_LOOPBACK, port);
  fcntl(guest.fd(), F_SETFL, 0);
  CHECK(connect(guest.fd(), reinterpret_cast<const sockaddr*>(&address), sizeof address) == 0);
  guest.send("get note\n", 9);
  std::array<char, 2> answer{};
  CHECK(recv(guest.fd(), answer.data(), answer.size(), 0) == 2 && answer[0] == '-');
  close(ends[1]);
  CHECK(waitpid(server, nullptr, 0) == server);
}

}  // namespace

int main() {
  alarm(60);  // a hang is a failure
  small_figures_stay_what_they_are();
  blocks_that_changed_places_are_damage();
  patience_is_enough_for_all_meetings();
  the_boards_server_ends_with_rank_0();
  std::printf("links' parts: done\n");
}
