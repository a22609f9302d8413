// links: every host talks to every other, each way, and what is slow or blocked is named.
// Run: -n 4
// Try: -n 4 -- --serial     one pair after the other: longer, the same figures
//
// It proves that all pairs of hosts reach each other, which other programs take for granted: an MPI
// job that needs a blocked link hangs. The first rank of each host measures; pairs meet in N-1
// rounds (N if odd), in each of which nobody is in two pairs.
//
// Nothing here waits for a link that is yet to be proven. Ranks arrange themselves over the
// launcher's own channels (MPI's name service), try plain TCP connections first, and only pairs
// that both ways of it work for go on to MPI, with calls that do not block and a deadline.
#include <unistd.h>

#include <algorithm>
#include <cstdio>
#include <fstream>
#include <string>
#include <utility>
#include <vector>

#include "../common/example.hpp"
#include "links/board.hpp"
#include "links/figures.hpp"
#include "links/findings.hpp"
#include "links/hosts.hpp"
#include "links/json.hpp"
#include "links/judge.hpp"
#include "links/leader.hpp"
#include "links/options.hpp"
#include "links/page.hpp"
#include "links/print.hpp"
#include "links/sockets.hpp"
#include "links/time.hpp"

namespace links {
namespace {

bool write_file(const std::string& name, const std::string& text) {
  if (name.empty() || (std::ofstream(name) << text).flush()) return true;
  std::fprintf(stderr, "links: %s cannot be written\n", name.c_str());
  return false;
}

// Rank 0 hears where every rank is and tells all who measures: the first of each host.
void put_roster(Board& board, int size, double until) {
  std::vector<Host> hosts;
  std::string roster;
  for (int rank = 0; rank < size; ++rank) {
    const auto card = board.wait("card" + std::to_string(rank), until);
    if (!card) {
      std::fprintf(stderr, "links: rank %d did not say where it is\n", rank);
      roster.clear();
      break;
    }
    Host host = parse_host(*card);
    const bool seen = std::any_of(hosts.begin(), hosts.end(),
                                  [&](const Host& other) { return other.name == host.name; });
    if (seen) continue;
    roster += text_of(host) + "|";
    hosts.push_back(std::move(host));
  }
  board.put("roster", roster);
}

// Empty where there is none, and then it has been said why: by rank 0, or else here.
std::vector<Host> hear_roster(Board& board, const Patience& patience, const Host& mine) {
  const auto roster = board.wait("roster", patience.until_told());
  if (!roster) {
    std::fprintf(stderr, "links: rank %d on %s was not told who takes part\n", mine.rank,
                 mine.name.c_str());
  }
  return parse_hosts(roster.value_or(""));
}

// All ranks hear of them, for who only waits has to wait longer, too.
std::vector<Direction> hear_of_retests(Board& board, Patience& patience) {
  const auto text = board.wait("retest", patience.until_ended());
  std::vector<Direction> directions = parse_directions(text.value_or(""));
  patience.renew(retest_turns * directions.size());
  return directions;
}

// Rank 0 measures for its host like the others, the first time and again, and gathers.
Findings find_all(const Options& options, Board& board, const std::vector<Host>& hosts,
                  Leader& leader, Patience& patience) {
  const double begin = now();
  leader.measure();
  Matrix matrix;
  for (std::size_t host = 0; host < hosts.size(); ++host) {
    const auto row = board.wait("row" + std::to_string(host), patience.until_told());
    matrix.push_back(parse_row(row.value_or(""), hosts.size()));
  }
  const double seconds = now() - begin;
  std::vector<Suspect> suspects = find_suspects(matrix);
  board.put("retest", text_of(suspects));
  leader.measure_alone(hear_of_retests(board, patience));
  std::vector<Row> again;
  for (std::size_t i = 0; i < suspects.size(); ++i) {
    const auto turns = board.wait("again" + std::to_string(i), patience.until_told());
    again.push_back(parse_row(turns.value_or(""), retest_turns));
  }
  judge_again(suspects, again);
  return Findings(options, hosts, std::move(matrix), std::move(suspects), seconds);
}

bool tell(const Findings& findings) {
  const Options& options = findings.options;
  print(findings);
  const bool json_written = write_file(options.json, options.json.empty() ? "" : json(findings));
  const bool html_written = write_file(options.html, options.html.empty() ? "" : html(findings));
  const bool ok = findings.ok() && json_written && html_written;
  print_result(findings, ok);
  std::fflush(stdout);
  return ok;
}

// All ranks end alike, and none before rank 0 has told everything: a launcher ends the others with
// the first that fails.
int end_together(Board& board, const Patience& patience) {
  const auto ok = board.wait("end", patience.until_ended());
  return ok == "1" ? 0 : 1;
}

int measure(const example::Program& program, const Options& options) {
  const std::string name = program.short_host();
  const int rank = program.rank;
  Patience patience(options.deadline, rank, name);
  MPI_Comm_set_errhandler(MPI_COMM_WORLD, MPI_ERRORS_RETURN);
  MPI_Comm_set_errhandler(MPI_COMM_SELF, MPI_ERRORS_RETURN);

  Board board(rank);
  if (!board.has_name_service() && !board.use_server(program.size, now() + options.deadline)) {
    std::fprintf(stderr, "links: rank %d on %s cannot reach rank 0\n", rank, name.c_str());
    sleep_for(2 * options.deadline);  // so that the others come to say so, too
    return 1;
  }
  Host mine{rank, name, 0, own_addresses()};
  Socket listener = listen_where_mpi_would(mine.port);
  board.put("card" + std::to_string(rank), text_of(mine));
  if (rank == 0) put_roster(board, program.size, patience.until());
  const std::vector<Host> hosts = hear_roster(board, patience, mine);
  if (hosts.empty()) return 1;
  patience.renew(meetings_in_a_row(hosts.size(), options.serial));

  const auto me =
      std::find_if(hosts.begin(), hosts.end(), [&](const Host& host) { return host.rank == rank; });
  if (me == hosts.end()) {
    hear_of_retests(board, patience);
    return end_together(board, patience);
  }

  Leader leader(board, hosts, static_cast<std::size_t>(me - hosts.begin()), std::move(listener),
                options, patience);
  if (rank == 0) {
    if (hosts.size() == 1) {
      std::printf("links: all ranks are on %s: there is no link to measure\n", name.c_str());
    }
    const bool ok = tell(find_all(options, board, hosts, leader, patience));
    board.put("end", ok ? "1" : "0");
  } else {
    leader.measure();
    leader.measure_alone(hear_of_retests(board, patience));
  }
  return end_together(board, patience);
}

int run(example::Program& program) {
  const Options options = options_of(program);
  int provided = 0;
  MPI_T_init_thread(MPI_THREAD_SINGLE, &provided);
  const int status = measure(program, options);
  // MPI_Finalize may want to talk over the very links that failed, or wait for what is stuck.
  if (status != 0) {
    std::fflush(nullptr);
    _exit(status);
  }
  MPI_T_finalize();
  return status;
}

}  // namespace
}  // namespace links

int main(int argc, char** argv) {
  return example::run(argc, argv, "links", links::usage, links::run);
}
