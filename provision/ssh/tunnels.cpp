#include "provision/ssh/tunnels.hpp"

#include <utility>

#include "provision/ssh/token.hpp"

namespace clustermpi {

void Tunnels::add(TunnelWanted wanted) {
  last_number_ = last_number_ % 0xffffffu + 1;
  tunnels_[last_number_].tunnel =
      std::make_unique<Tunnel>(wanted.owner, std::move(wanted.host), wanted.port);
}

void Tunnels::run(ssh_session session, TimePoint now, std::chrono::milliseconds opening_time) {
  for (auto next = tunnels_.begin(); next != tunnels_.end();) {
    const auto current = next++;
    auto& [number, watched] = *current;
    Tunnel& tunnel = *watched.tunnel;
    if (!tunnel.needs_turn()) continue;  // a jump host may hold a thousand
    const Tunnel::State before = tunnel.state();
    if (before == Tunnel::State::waiting) tunnel.begin(session, now + opening_time);
    tunnel.advance(now);
    if (before != Tunnel::State::open && tunnel.state() == Tunnel::State::open)
      made_.push_back({tunnel.owner(), tunnel.take_far_end(), {}, {}});
    if (tunnel.state() == Tunnel::State::failed)
      made_.push_back({tunnel.owner(), {}, {}, tunnel.reason()});
    watch(number, watched);
    if (tunnel.state() == Tunnel::State::failed || tunnel.state() == Tunnel::State::ended)
      tunnels_.erase(current);
  }
}

void Tunnels::on_ready(std::uint32_t number, TimePoint now) {
  const auto found = tunnels_.find(number);
  if (found == tunnels_.end()) return;
  found->second.tunnel->advance(now);
  watch(number, found->second);
  if (found->second.tunnel->state() == Tunnel::State::ended) tunnels_.erase(found);
}

void Tunnels::end(const HostError& error) {
  for (auto& [number, watched] : std::exchange(tunnels_, {}))
    if (watched.tunnel->state() <= Tunnel::State::opening)
      made_.push_back({watched.tunnel->owner(), {}, error, {}});
}

std::optional<TimePoint> Tunnels::next_deadline() const {
  std::optional<TimePoint> earliest;
  for (const auto& [number, watched] : tunnels_) {
    const auto deadline = watched.tunnel->deadline();
    if (deadline && (!earliest || *deadline < *earliest)) earliest = deadline;
  }
  return earliest;
}

std::vector<TunnelMade> Tunnels::take_made() {
  return std::exchange(made_, {});
}

void Tunnels::watch(std::uint32_t number, Watched& watched) {
  const Tunnel& tunnel = *watched.tunnel;
  if (tunnel.fd() < 0) watched.interest = 0;  // closed, and epoll has forgotten it
  const std::uint32_t wanted = tunnel.wanted_events();
  if (wanted == watched.interest) return;
  const std::uint64_t token =
      Token{Token::Source::tunnel, number, static_cast<std::uint32_t>(session_)}.pack();
  if (wanted == 0) {
    poller_.remove(tunnel.fd());
  } else if (watched.interest == 0) {
    poller_.add(tunnel.fd(), wanted, token);
  } else {
    poller_.modify(tunnel.fd(), wanted, token);
  }
  watched.interest = wanted;
}

}  // namespace clustermpi
