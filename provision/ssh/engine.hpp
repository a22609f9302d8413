// The event loop: one thread, one epoll instance, a session a host.
#pragma once

#include <deque>
#include <random>
#include <vector>

#include "provision/fleet.hpp"
#include "provision/ssh/identities.hpp"
#include "provision/ssh/poller.hpp"
#include "provision/ssh/resolver.hpp"
#include "provision/ssh/session.hpp"

namespace clustermpi {

class Fleet::Engine {
 public:
  Engine(std::vector<Target> targets, FleetOptions options, KnownHosts& known_hosts,
         CancelToken& cancel);

  std::vector<Result> run(std::vector<Job> jobs,
                          const std::function<void(const Result&)>& on_result);
  [[nodiscard]] const std::vector<Target>& targets() const { return targets_; }

 private:
  void add_commands(std::vector<Job> jobs);
  void settle(std::size_t host);
  void start_handshakes();
  void handle_events();
  void handle_answers(TimePoint now);
  void cancel_all();

  const std::vector<Target> targets_;
  const FleetOptions options_;
  CancelToken& cancel_;
  const Identities identities_;
  Poller poller_;
  Resolver resolver_;
  std::minstd_rand random_;
  Timers timers_;
  SessionServices services_;
  std::vector<std::unique_ptr<Session>> sessions_;

  std::vector<bool> counted_;  ///< which sessions are among the handshakes in flight
  std::vector<bool> queued_;   ///< which wait for their turn to connect
  std::size_t in_flight_ = 0;
  std::deque<std::size_t> queue_;
  std::vector<std::unique_ptr<Command>> finished_;
};

}  // namespace clustermpi
