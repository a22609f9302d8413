// leader.hpp: the part of the rank that measures for its host.
//
// Pairs meet in rounds, in each of which nobody is in two pairs.
#pragma once

#include <algorithm>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "board.hpp"
#include "connect.hpp"
#include "figures.hpp"
#include "hosts.hpp"
#include "measure.hpp"
#include "options.hpp"
#include "time.hpp"

namespace links {

inline constexpr int retest_turns = 3;

// Whom to meet in a round of a tournament in which everybody meets everybody once: all but the last
// turn in a circle. With an odd number, one sits out each round.
inline std::optional<std::size_t> partner_in(std::size_t round, std::size_t me, std::size_t hosts) {
  const std::size_t last = hosts + hosts % 2 - 1;
  std::size_t partner = me == last ? round * (last + 1) / 2 % last : (round + last - me) % last;
  if (partner == me) partner = last;
  if (partner >= hosts) return std::nullopt;
  return partner;
}

inline std::size_t rounds_for(std::size_t hosts) {
  return hosts + hosts % 2 - 1;
}

// How many meetings there are one after the other.
inline std::size_t meetings_in_a_row(std::size_t hosts, bool serial) {
  return serial ? hosts * (hosts - 1) / 2 : rounds_for(hosts);
}

class Leader {
 public:
  Leader(Board& board, const std::vector<Host>& hosts, std::size_t me, Socket listener,
         const Options& options, const Patience& patience)
      : board_(board),
        hosts_(hosts),
        me_(me),
        options_(options),
        patience_(patience),
        connections_(hosts, me, std::move(listener)),
        measurement_(hosts, me, connections_, options, patience),
        row_(hosts.size()) {}

  void measure() {
    find_reachable();
    if (options_.serial) {
      one_by_one();
    } else {
      for (std::size_t round = 0; round < rounds_for(hosts_.size()); ++round) {
        if (const auto peer = partner_in(round, me_, hosts_.size())) measure(*peer);
      }
    }
    board_.put("row" + std::to_string(me_), text_of(row_));
  }

  // Suspicious directions again, with nothing else under way.
  void measure_alone(const std::vector<Direction>& directions) {
    for (std::size_t i = 0; i < directions.size(); ++i) {
      const auto [from, to] = directions[i];
      if (to == me_) {
        for (int turn = 0; turn < retest_turns; ++turn) measurement_.one_way_from(from);
      } else if (from == me_) {
        if (i > 0 && !board_.wait("again" + std::to_string(i - 1), patience_.until_told())) return;
        Row turns;
        for (int turn = 0; turn < retest_turns; ++turn) {
          turns.push_back(measurement_.one_way_to(to));
        }
        board_.put("again" + std::to_string(i), text_of(turns));
      }
    }
  }

 private:
  void find_reachable() {
    const double until = now() + options_.deadline;
    while (!connections_.all_tried() && now() < until) connections_.serve(0.05);
    std::string row;
    for (std::size_t peer = 0; peer < hosts_.size(); ++peer) {
      row_[peer].status = peer == me_ ? skipped : connections_.status_of(peer);
      row += static_cast<char>(row_[peer].status);
    }
    board_.put("reach" + std::to_string(me_), row);

    // Others may still want an answer, until they have told what they found.
    for (std::size_t peer = 0; peer < hosts_.size(); ++peer) {
      if (peer == me_) continue;
      std::optional<std::string> theirs;
      while (!(theirs = board_.get("reach" + std::to_string(peer))) &&
             now() < until + options_.deadline) {
        connections_.serve(0.005);
      }
      const bool reaches_me = theirs && (*theirs)[me_] == works;
      if (row_[peer].status == works && !reaches_me) row_[peer].status = skipped;
      if (row_[peer].status == works) await_channel(peer, until + options_.deadline);
    }
  }

  void await_channel(std::size_t peer, double until) {
    while (!connections_.channel_to(peer).open() && now() < until) connections_.serve(0.005);
    if (!connections_.channel_to(peer).open()) row_[peer].status = ended;
  }

  void measure(std::size_t peer) {
    if (row_[peer].status == works) row_[peer] = measurement_.both_ways(peer);
  }

  // Who begins waits until the one before has met all its own.
  void one_by_one() {
    for (std::size_t peer = 0; peer < me_; ++peer) measure(peer);
    if (me_ > 0) board_.wait("turn" + std::to_string(me_ - 1), patience_.until());
    for (std::size_t peer = me_ + 1; peer < hosts_.size(); ++peer) measure(peer);
    board_.put("turn" + std::to_string(me_), "over");
  }

  Board& board_;
  const std::vector<Host>& hosts_;
  std::size_t me_;
  const Options& options_;
  const Patience& patience_;
  Connections connections_;
  Measurement measurement_;
  Row row_;
};

}  // namespace links
