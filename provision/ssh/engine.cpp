#include "provision/ssh/engine.hpp"

#include <algorithm>
#include <cassert>
#include <iterator>
#include <set>
#include <utility>

#include "provision/ssh/tcp.hpp"

namespace clustermpi {
namespace {

// Tokens of the two descriptors that are no session's.
constexpr std::uint64_t cancel_token = ~std::uint64_t{0};
constexpr std::uint64_t resolver_token = cancel_token - 1;

constexpr std::size_t host_of(std::uint64_t token) {
  return token & 0xffffffffu;
}
constexpr std::uint32_t generation_of(std::uint64_t token) {
  return static_cast<std::uint32_t>(token >> 32);
}

}  // namespace

Fleet::Engine::Engine(std::vector<Target> targets, FleetOptions options, KnownHosts& known_hosts,
                      CancelToken& cancel)
    : targets_(std::move(targets)),
      options_(std::move(options)),
      cancel_(cancel),
      identities_(options_.credentials.identities),
      random_(std::random_device{}()),
      timers_(targets_.size()),
      services_{options_, identities_, known_hosts, poller_, resolver_, random_},
      counted_(targets_.size()),
      queued_(targets_.size()) {
  raise_descriptor_limit(targets_.size());
  sessions_.reserve(targets_.size());
  for (std::size_t host = 0; host < targets_.size(); ++host)
    sessions_.push_back(std::make_unique<Session>(host, targets_[host], services_));
  poller_.add(cancel_.fd(), EPOLLIN, cancel_token);
  poller_.add(resolver_.fd(), EPOLLIN, resolver_token);
}

std::vector<Result> Fleet::Engine::run(std::vector<Job> jobs,
                                       const std::function<void(const Result&)>& on_result) {
  std::vector<Result> results(jobs.size());
  std::size_t left = jobs.size();
  add_commands(std::move(jobs));
  try {
    while (true) {
      for (const auto& command : std::exchange(finished_, {})) {
        Result& result = results[command->index()];
        result = command->take_result();
        --left;
        if (on_result) on_result(result);
      }
      if (left == 0) return results;
      if (cancel_.cancelled()) {
        cancel_all();
      } else {
        start_handshakes();
        if (finished_.empty()) handle_events();
      }
    }
  } catch (...) {  // on_result threw: the jobs of this run must not turn up in the next
    cancel_all();
    finished_.clear();
    throw;
  }
}

void Fleet::Engine::add_commands(std::vector<Job> jobs) {
  const TimePoint now = Clock::now();
  std::set<std::size_t> involved;
  for (std::size_t i = 0; i < jobs.size(); ++i) {
    const std::size_t host = jobs[i].host;
    assert(host < targets_.size());
    sessions_[host]->add(std::make_unique<Command>(i, std::move(jobs[i]), targets_[host], now));
    involved.insert(host);
  }
  for (const std::size_t host : involved) {
    sessions_[host]->begin_run(now);
    settle(host);
  }
}

/// Draws the consequences of whatever happened to one session.
void Fleet::Engine::settle(std::size_t host) {
  Session& session = *sessions_[host];
  std::ranges::move(session.take_finished(), std::back_inserter(finished_));
  if (session.in_handshake() != counted_[host]) {
    counted_[host] = !counted_[host];
    counted_[host] ? ++in_flight_ : --in_flight_;
  }
  if (session.wants_connection() && !queued_[host]) {
    queued_[host] = true;
    queue_.push_back(host);
  }
  timers_.set(host, session.next_deadline());
}

void Fleet::Engine::start_handshakes() {
  const TimePoint now = Clock::now();
  while (!queue_.empty() && in_flight_ < std::max<std::size_t>(options_.handshakes_at_once, 1)) {
    const std::size_t host = queue_.front();
    queue_.pop_front();
    queued_[host] = false;
    if (sessions_[host]->wants_connection()) sessions_[host]->connect(now);
    settle(host);
  }
}

void Fleet::Engine::handle_events() {
  const auto events = poller_.wait(timers_.next());
  const TimePoint now = Clock::now();
  for (const epoll_event& event : events) {
    const std::uint64_t token = event.data.u64;
    if (token == cancel_token) continue;  // run() looks at it
    if (token == resolver_token) {
      handle_answers(now);
      continue;
    }
    sessions_[host_of(token)]->on_ready(generation_of(token), now);
    settle(host_of(token));
  }
  while (const auto host = timers_.take_due(now)) {
    sessions_[*host]->on_time(now);
    settle(*host);
  }
}

void Fleet::Engine::handle_answers(TimePoint now) {
  for (Resolver::Answer& answer : resolver_.take_answers()) {
    const std::size_t host = host_of(answer.token);
    sessions_[host]->on_resolved(std::move(answer), now);
    settle(host);
  }
}

void Fleet::Engine::cancel_all() {
  const TimePoint now = Clock::now();
  for (std::size_t host = 0; host < sessions_.size(); ++host) {
    sessions_[host]->cancel(now);
    settle(host);
  }
}

}  // namespace clustermpi
