#include "provision/ssh/engine.hpp"

#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cassert>
#include <iterator>
#include <set>
#include <utility>

#include "provision/ssh/tcp.hpp"
#include "provision/ssh/token.hpp"

namespace clustermpi {
namespace {

/// To one address at once. Servers drop more than ten at random (MaxStartups).
constexpr std::size_t most_unauthenticated = 8;
/// A session's socket, and where it logs in with an agent or through others two more each.
constexpr std::size_t descriptors_a_session = 4;

/// epoll takes neither files nor /dev/null: those are always ready.
bool is_pollable(int fd) {
  struct stat status {};
  if (::fstat(fd, &status) != 0) return false;
  return S_ISFIFO(status.st_mode) || S_ISSOCK(status.st_mode) || ::isatty(fd) != 0;
}

}  // namespace

Fleet::Engine::Engine(std::vector<Target> targets, FleetOptions options, KnownHosts& known_hosts,
                      CancelToken& cancel)
    : targets_(std::move(targets)),
      options_(std::move(options)),
      cancel_(cancel),
      agents_(poller_),
      random_(std::random_device{}()),
      timers_(targets_.size() + options_.jumps.size()),
      services_{options_, keyring_, agents_, known_hosts, poller_, resolver_, random_, {}, {}} {
  const std::size_t count = targets_.size() + options_.jumps.size();
  raise_descriptor_limit(count * descriptors_a_session);
  counted_.resize(count);
  queued_.resize(count);
  unauthenticated_.resize(count);
  sessions_.reserve(count);
  for (std::size_t i = 0; i < count; ++i) {
    const Target& target = i < targets_.size() ? targets_[i] : options_.jumps[i - targets_.size()];
    sessions_.push_back(std::make_unique<Session>(i, target, services_));
  }
  poller_.add(cancel_.fd(), EPOLLIN, Token{Token::Source::cancel, 0, 0}.pack());
  poller_.add(resolver_.fd(), EPOLLIN, Token{Token::Source::resolver, 0, 0}.pack());
}

std::vector<std::filesystem::path> Fleet::Engine::locked_keys() const {
  return {services_.locked_keys.begin(), services_.locked_keys.end()};
}

bool Fleet::Engine::unlock(const std::filesystem::path& key, const Secret& passphrase) {
  return keyring_.unlock(key, passphrase);
}

std::vector<Result> Fleet::Engine::run(std::vector<Job> jobs,
                                       const std::function<void(const Result&)>& on_result) {
  std::vector<Result> results(jobs.size());
  std::size_t left = jobs.size();
  services_.locked_keys.clear();
  add_commands(std::move(jobs));
  try {
    while (true) {
      for (const auto& command : std::exchange(finished_, {})) {
        Result& result = results[command->index()];
        result = command->take_result();
        --left;
        if (on_result) on_result(result);
      }
      if (left == 0) {
        end_inputs();
        return results;
      }
      if (cancel_.cancelled()) {
        cancel_all();
      } else {
        start_handshakes();
        if (finished_.empty()) handle_events();
      }
    }
  } catch (...) {  // on_result threw: the jobs of this run must not turn up in the next
    cancel_all();
    end_inputs();
    finished_.clear();
    queue_.clear();
    held_back_.clear();
    queued_.assign(queued_.size(), false);
    throw;
  }
}

void Fleet::Engine::add_commands(std::vector<Job> jobs) {
  const TimePoint now = Clock::now();
  std::set<std::size_t> involved;
  for (std::size_t i = 0; i < jobs.size(); ++i) {
    const std::size_t host = jobs[i].host;
    assert(host < targets_.size());
    add_input(jobs[i]);
    sessions_[host]->add(std::make_unique<Command>(i, std::move(jobs[i]), targets_[host], now));
    involved.insert(host);
  }
  // Jump hosts first: where one has died, those behind it find their way closed.
  for (std::size_t jump = targets_.size(); jump < sessions_.size(); ++jump) {
    sessions_[jump]->begin_run(now);
    settle(jump);
  }
  for (const std::size_t host : involved) {
    sessions_[host]->begin_run(now);
    settle(host);
  }
}

/// Draws the consequences of whatever happened to one session.
void Fleet::Engine::settle(std::size_t session) {
  Session& settled = *sessions_[session];
  std::ranges::move(settled.take_finished(), std::back_inserter(finished_));
  if (settled.in_handshake() != counted_[session]) {
    counted_[session] = !counted_[session];
    counted_[session] ? ++in_flight_ : --in_flight_;
  }
  count_unauthenticated(session);
  if (settled.wants_connection() && !queued_[session]) {
    queued_[session] = true;
    queue_.push_back(session);
  }
  timers_.set(session, settled.next_deadline());
  pass_on_tunnels(session);
}

void Fleet::Engine::pass_on_tunnels(std::size_t session) {
  const TimePoint now = Clock::now();
  for (TunnelWanted& wanted : std::exchange(services_.tunnels_wanted, {})) {
    const std::size_t jump = targets_.size() + wanted.jump;
    sessions_[jump]->add_tunnel(std::move(wanted), now);
    settle(jump);
  }
  for (TunnelMade& made : sessions_[session]->take_tunnels()) {
    const std::size_t owner = Token::unpack(made.owner).index;
    sessions_[owner]->on_tunnel_made(std::move(made), now);
    settle(owner);
  }
}

// ---- servers that take only so many -------------------------------------------------------------

Fleet::Engine::Server Fleet::Engine::server_of(std::size_t session) const {
  const Target& target =
      session < targets_.size() ? targets_[session] : options_.jumps[session - targets_.size()];
  return {target.jump, target.address};
}

void Fleet::Engine::count_unauthenticated(std::size_t session) {
  if (sessions_[session]->is_unauthenticated() == unauthenticated_[session]) return;
  unauthenticated_[session] = !unauthenticated_[session];
  const Server server = server_of(session);
  std::size_t& count = unauthenticated_at_[server];
  if (unauthenticated_[session]) {
    ++count;
    return;
  }
  --count;
  const auto held_back = held_back_.find(server);
  if (held_back == held_back_.end()) return;
  queue_.push_front(held_back->second.front());
  held_back->second.pop_front();
  if (held_back->second.empty()) held_back_.erase(held_back);
}

bool Fleet::Engine::server_is_full(std::size_t session) {
  const Server server = server_of(session);
  const auto count = unauthenticated_at_.find(server);
  if (count == unauthenticated_at_.end() || count->second < most_unauthenticated) return false;
  held_back_[server].push_back(session);
  return true;
}

void Fleet::Engine::start_handshakes() {
  const TimePoint now = Clock::now();
  while (!queue_.empty() && in_flight_ < std::max<std::size_t>(options_.handshakes_at_once, 1)) {
    const std::size_t session = queue_.front();
    queue_.pop_front();
    if (server_is_full(session)) continue;
    queued_[session] = false;
    if (sessions_[session]->wants_connection()) sessions_[session]->connect(now);
    settle(session);
  }
}

// ---- input --------------------------------------------------------------------------------------

void Fleet::Engine::add_input(const Job& job) {
  if (!job.stream) return;
  auto known =
      std::ranges::find_if(inputs_, [&](const Input& input) { return input.stream == job.stream; });
  if (known == inputs_.end()) {
    inputs_.push_back({job.stream, {}, is_pollable(job.stream->fd()), false});
    known = std::prev(inputs_.end());
  }
  known->hosts.insert(job.host);
}

/// An input that its readers have not caught up with is not looked at: that holds back who writes
/// it.
void Fleet::Engine::watch_inputs() {
  for (std::size_t i = 0; i < inputs_.size(); ++i) {
    Input& input = inputs_[i];
    const bool wanted = input.stream->wants_data();
    if (!input.pollable) {
      if (wanted) handle_input(input, Clock::now());
    } else if (wanted != input.watched) {
      const int fd = input.stream->fd();
      const Token token{Token::Source::input, 0, static_cast<std::uint32_t>(i)};
      wanted ? poller_.add(fd, EPOLLIN, token.pack()) : poller_.remove(fd);
      input.watched = wanted;
    }
  }
}

void Fleet::Engine::handle_input(Input& input, TimePoint now) {
  input.stream->fill();
  for (const std::size_t host : input.hosts) {
    sessions_[host]->on_input(now);
    settle(host);
  }
}

void Fleet::Engine::end_inputs() {
  for (const Input& input : inputs_)
    if (input.watched) poller_.remove(input.stream->fd());
  inputs_.clear();
}

// ---- events -------------------------------------------------------------------------------------

void Fleet::Engine::handle_events() {
  watch_inputs();
  if (!finished_.empty()) return;
  const bool more_at_hand = std::ranges::any_of(
      inputs_, [](const Input& input) { return !input.pollable && input.stream->wants_data(); });
  const auto events = poller_.wait(more_at_hand ? Clock::now() : timers_.next());
  const TimePoint now = Clock::now();
  for (const epoll_event& event : events) handle_event(event, now);
  while (const auto session = timers_.take_due(now)) {
    sessions_[*session]->on_time(now);
    settle(*session);
  }
  handle_agents(now);
}

void Fleet::Engine::handle_event(const epoll_event& event, TimePoint now) {
  const Token token = Token::unpack(event.data.u64);
  switch (token.source) {
    case Token::Source::session:
      sessions_[token.index]->on_ready(token.number, now);
      return settle(token.index);
    case Token::Source::tunnel:
      sessions_[token.index]->on_tunnel_ready(token.number, now);
      return settle(token.index);
    case Token::Source::agent:
      return agents_.on_ready(token.index);
    case Token::Source::input:
      return handle_input(inputs_[token.index], now);
    case Token::Source::resolver:
      return handle_answers(now);
    case Token::Source::cancel:
      return;  // run() looks at it
  }
}

void Fleet::Engine::handle_answers(TimePoint now) {
  for (Resolver::Answer& answer : resolver_.take_answers()) {
    const std::size_t session = Token::unpack(answer.token).index;
    sessions_[session]->on_resolved(std::move(answer), now);
    settle(session);
  }
}

void Fleet::Engine::handle_agents(TimePoint now) {
  // One that is gone answers while it is asked.
  for (auto answers = agents_.take_answers(); !answers.empty(); answers = agents_.take_answers()) {
    for (AgentClient::Answer& answer : answers) {
      const std::size_t session = Token::unpack(answer.token).index;
      sessions_[session]->on_agent(std::move(answer), now);
      settle(session);
    }
  }
}

void Fleet::Engine::cancel_all() {
  const TimePoint now = Clock::now();
  for (std::size_t session = 0; session < sessions_.size(); ++session) {
    sessions_[session]->cancel(now);
    settle(session);
  }
}

}  // namespace clustermpi
