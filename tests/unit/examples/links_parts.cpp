// The parts of links that need no other rank, under test. Prints a FAIL line for everything that is
// not as expected, and `links' parts: done` in the end.
#include <sys/wait.h>

#include <array>
#include <cstdio>

#include "../../../examples/verify/links/board.hpp"
#include "../../../examples/verify/links/figures.hpp"
#include "../../../examples/verify/links/judge.hpp"
#include "../../../examples/verify/links/leader.hpp"
#include "../../../examples/verify/links/measure.hpp"
#include "../../../examples/verify/links/page.hpp"

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

void a_suspect_is_what_measuring_it_again_makes_of_it() {
  const auto judged = [](const Row& turns) {
    Suspect suspect;
    suspect.metric = &metrics[1];  // latency
    suspect.expected = 100;
    suspect.slowdown = 9;
    std::vector<Suspect> suspects{suspect};
    judge_again(suspects, {turns});
    return suspects[0];
  };
  const Figures quick{works, 110, 1};
  const Figures slow{works, 500, 1};
  CHECK(judged({slow, slow, slow}).judgement == confirmed);
  CHECK(judged({slow, slow, slow}).slowdown == 5);
  CHECK(judged({slow, quick, slow}).judgement == congested);
  CHECK(judged({{too_slow}, {too_slow}, {too_slow}}).judgement == confirmed);
  CHECK(judged({{too_slow}, {too_slow}, {too_slow}}).slowdown == 9);
  CHECK(judged({{too_slow}, quick, slow}).judgement == congested);
  CHECK(judged({{ended}, {ended}, {ended}}).judgement == not_retested);
  CHECK(judged(parse_row("", 3)).judgement == not_retested);
}

void ways_slower_than_a_control_ever_is_are_confirmed() {
  Suspect suspect;
  suspect.metric = &metrics[1];
  suspect.expected = 100;
  Suspect control = suspect;
  control.control = true;
  std::vector<Suspect> suspects{suspect, control};
  judge_again(suspects, {{{works, 500, 1}}, {{works, 450, 1}}});
  CHECK(suspects.size() == 1);
  CHECK(suspects[0].judgement == congested);
}

// What is found where every host has `usual` MB/s and n2, each way, `slow`.
Findings findings_of(std::size_t hosts, double usual, double slow) {
  std::vector<Host> all;
  Matrix matrix(hosts, Row(hosts));
  for (std::size_t from = 0; from < hosts; ++from) {
    all.push_back({static_cast<int>(from), "n" + std::to_string(from + 1), 1024, {}});
    for (std::size_t to = 0; to < hosts; ++to) {
      matrix[from][to] = {works, 80, from == 1 || to == 1 ? slow : usual};
    }
  }
  return Findings({5, 1000, false, "", ""}, all, matrix, {}, 1);
}

bool contains(const std::string& text, const std::string& part) {
  return text.find(part) != std::string::npos;
}

void one_slow_host_of_four_is_not_the_usual() {
  const Findings findings = findings_of(4, 100, 70);
  CHECK(findings.summary.mbps == 100);
  CHECK(symbol(findings, {0, 2}) == '.');
  CHECK(symbol(findings, {0, 1}) == '-');
  CHECK(symbol(findings_of(4, 100, 15), {1, 3}) == '#');
}

void the_page_has_figures_where_they_can_be_read() {
  Findings findings = findings_of(4, 941.2, 6.13);
  findings.matrix[2][3].status = refused;
  findings.matrix[3][2].status = skipped;
  const std::string page = html(findings);
  CHECK(contains(page, ">941</text>"));
  CHECK(contains(page, ">6.1</text>"));
  CHECK(contains(page, ">?</text>"));
  CHECK(contains(html(findings_of(16, 941.2, 6.13)), ">941</text>"));
  CHECK(!contains(html(findings_of(17, 941.2, 6.13)), ">941</text>"));
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
  a_suspect_is_what_measuring_it_again_makes_of_it();
  ways_slower_than_a_control_ever_is_are_confirmed();
  one_slow_host_of_four_is_not_the_usual();
  the_page_has_figures_where_they_can_be_read();
  the_boards_server_ends_with_rank_0();
  std::printf("links' parts: done\n");
}
