// The event loop: one thread, one epoll instance, a session a host.
#pragma once

#include <deque>
#include <filesystem>
#include <map>
#include <memory>
#include <optional>
#include <random>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "provision/fleet.hpp"
#include "provision/ssh/agent.hpp"
#include "provision/ssh/keyring.hpp"
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
  [[nodiscard]] std::vector<std::filesystem::path> locked_keys() const;
  bool unlock(const std::filesystem::path& key, const Secret& passphrase);
  [[nodiscard]] const std::vector<Target>& targets() const { return targets_; }

 private:
  /// Input that comes on a descriptor of ours, and who reads it.
  struct Input {
    std::shared_ptr<InputStream> stream;
    std::set<std::size_t> hosts;
    bool pollable = false;  ///< a file is always ready, and epoll does not take it
    bool watched = false;
  };
  /// Servers by address, as seen from a jump host or from here.
  using Server = std::pair<std::optional<std::size_t>, std::string>;

  void add_commands(std::vector<Job> jobs);
  void add_input(const Job& job);
  void watch_inputs();
  void end_inputs();
  void settle(std::size_t session);
  void count_unauthenticated(std::size_t session);
  void pass_on_tunnels(std::size_t session);
  [[nodiscard]] bool server_is_full(std::size_t session);
  void start_handshakes();
  void handle_events();
  void handle_event(const epoll_event& event, TimePoint now);
  void handle_input(Input& input, TimePoint now);
  void handle_answers(TimePoint now);
  void handle_agents(TimePoint now);
  void cancel_all();
  [[nodiscard]] Server server_of(std::size_t session) const;

  const std::vector<Target> targets_;
  const FleetOptions options_;
  CancelToken& cancel_;
  Keyring keyring_;
  Poller poller_;
  Agents agents_;
  Resolver resolver_;
  std::minstd_rand random_;
  Timers timers_;
  SessionServices services_;
  std::vector<std::unique_ptr<Session>> sessions_;  ///< those of the targets, then of the jumps

  std::vector<bool> counted_;  ///< which sessions are among the handshakes in flight
  std::vector<bool> queued_;   ///< which wait for their turn to connect
  std::size_t in_flight_ = 0;
  std::deque<std::size_t> queue_;
  std::vector<bool> unauthenticated_;
  std::map<Server, std::size_t> unauthenticated_at_;
  std::map<Server, std::deque<std::size_t>> held_back_;  ///< until there are fewer
  std::vector<Input> inputs_;
  std::vector<std::unique_ptr<Command>> finished_;
};

}  // namespace clustermpi
