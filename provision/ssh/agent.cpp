#include "provision/ssh/agent.hpp"

#include <fcntl.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>
#include <utility>

#include "provision/ssh/token.hpp"
#include "provision/ssh/wire.hpp"

namespace clustermpi {
namespace {

// The agent's protocol (draft-ietf-sshm-ssh-agent).
constexpr char agent_failure = 5;
constexpr char request_identities = 11;
constexpr char identities_answer = 12;
constexpr char sign_request_type = 13;
/// Longer answers are no agent's.
constexpr std::size_t most_bytes = 256 * 1024;

Descriptor connect_to(const std::string& path) {
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  if (path.empty() || path.size() >= sizeof address.sun_path) return {};
  std::memcpy(address.sun_path, path.data(), path.size());
  Descriptor socket(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
  if (!socket.is_open() ||
      ::connect(socket.get(), reinterpret_cast<const sockaddr*>(&address), sizeof address) != 0)
    return {};  // also where its queue is full: it does not accept
  return socket;
}

}  // namespace

std::string agent_identities_request() {
  return {request_identities};
}

std::optional<std::vector<AgentKey>> parse_agent_identities(std::string_view answer) {
  WireReader fields(answer);
  if (fields.byte() != identities_answer) return std::nullopt;
  const std::uint32_t count = fields.uint32();
  std::vector<AgentKey> keys;
  for (std::uint32_t i = 0; i < count && fields.ok(); ++i) {
    const std::string_view blob = fields.string();
    keys.push_back({std::string(blob), std::string(fields.string())});
  }
  if (!fields.ok()) return std::nullopt;
  return keys;
}

// ---- AgentClient -------------------------------------------------------------------------------

AgentClient::AgentClient(const std::string& path) : socket_(connect_to(path)) {}

void AgentClient::ask(std::uint64_t token, std::string_view message) {
  askers_.push_back(token);
  if (!socket_.is_open()) return lost();
  unsent_ += wire_string(message);
  send();
}

void AgentClient::on_ready() {
  send();
  if (socket_.is_open()) receive();
}

void AgentClient::send() {
  while (!unsent_.empty()) {
    const ssize_t sent = ::send(socket_.get(), unsent_.data(), unsent_.size(), MSG_NOSIGNAL);
    if (sent < 0 && errno == EINTR) continue;
    if (sent < 0 && errno == EAGAIN) return;
    if (sent <= 0) return lost();
    unsent_.erase(0, static_cast<std::size_t>(sent));
  }
}

void AgentClient::receive() {
  std::array<char, 16 * 1024> piece{};
  while (true) {
    const ssize_t got = ::recv(socket_.get(), piece.data(), piece.size(), 0);
    if (got < 0 && errno == EINTR) continue;
    if (got < 0 && errno == EAGAIN) return;
    if (got <= 0) return lost();
    received_.append(piece.data(), static_cast<std::size_t>(got));
    split_answers();
    if (!socket_.is_open()) return;
  }
}

void AgentClient::split_answers() {
  while (true) {
    WireReader reader(received_);
    const std::size_t length = reader.uint32();
    if (!reader.ok()) return;
    if (length > most_bytes || askers_.empty()) return lost();
    if (reader.rest().size() < length) return;
    answers_.push_back({askers_.front(), std::string(reader.rest().substr(0, length))});
    askers_.pop_front();
    received_.erase(0, 4 + length);
  }
}

void AgentClient::lost() {
  socket_.close();
  unsent_.clear();
  for (; !askers_.empty(); askers_.pop_front()) answers_.push_back({askers_.front(), {}});
}

std::vector<AgentClient::Answer> AgentClient::take_answers() {
  return std::exchange(answers_, {});
}

// ---- Agents ------------------------------------------------------------------------------------

namespace {

/// For the list of its keys, which costs an agent nothing. One that is silent so long is passed
/// over.
constexpr std::chrono::seconds list_patience{3};
/// Whose answer is the list of keys; no session's token.
constexpr std::uint64_t for_the_list = ~std::uint64_t{0};
const std::optional<std::string> no_agent;

}  // namespace

std::size_t Agents::index_of(const std::string& path, TimePoint now) {
  const auto known =
      std::ranges::find_if(agents_, [&](const auto& agent) { return agent->path == path; });
  const auto index = static_cast<std::size_t>(known - agents_.begin());
  if (known == agents_.end()) {
    agents_.push_back(std::make_unique<Agent>(
        Agent{path, AgentClient(path), now + list_patience, false, {}, {}, 0}));
    agents_.back()->client.ask(for_the_list, agent_identities_request());
    take_from(index);
  }
  return index;
}

const std::optional<std::string>* Agents::identities(const std::string& path, std::uint64_t asker,
                                                     TimePoint now) {
  if (path.empty()) return &no_agent;
  Agent& agent = *agents_[index_of(path, now)];
  if (agent.has_answered || now >= agent.patience_ends) return &agent.identities;
  agent.waiting.push_back(asker);
  return nullptr;
}

TimePoint Agents::patience_ends(const std::string& path) const {
  for (const auto& agent : agents_)
    if (agent->path == path) return agent->patience_ends;
  return {};
}

void Agents::ask(const std::string& path, std::uint64_t asker, std::string_view message) {
  const std::size_t index = index_of(path, TimePoint{});
  agents_[index]->client.ask(asker, message);
  take_from(index);
}

void Agents::on_ready(std::uint32_t index) {
  agents_[index]->client.on_ready();
  take_from(index);
}

void Agents::take_from(std::size_t index) {
  Agent& agent = *agents_[index];
  for (AgentClient::Answer& answer : agent.client.take_answers()) {
    if (answer.token != for_the_list) {
      answers_.push_back(std::move(answer));
      continue;
    }
    agent.has_answered = true;
    agent.identities = std::move(answer.bytes);
    for (const std::uint64_t asker : std::exchange(agent.waiting, {}))
      answers_.push_back({asker, {}});
  }
  watch(index);
}

void Agents::watch(std::size_t index) {
  Agent& agent = *agents_[index];
  const int fd = agent.client.fd();
  if (fd < 0) {
    agent.interest = 0;  // closed, and epoll has forgotten it
    return;
  }
  const std::uint32_t wanted =
      EPOLLIN | (agent.client.wants_to_send() ? std::uint32_t{EPOLLOUT} : 0u);
  if (wanted == agent.interest) return;
  const std::uint64_t token =
      Token{Token::Source::agent, 0, static_cast<std::uint32_t>(index)}.pack();
  agent.interest == 0 ? poller_.add(fd, wanted, token) : poller_.modify(fd, wanted, token);
  agent.interest = wanted;
}

std::vector<AgentClient::Answer> Agents::take_answers() {
  return std::exchange(answers_, {});
}

// ---- AgentStandIn ------------------------------------------------------------------------------

namespace {

/// Two connected ends, `theirs` under the number that libssh knows where it has one already.
bool make_pair(Descriptor& ours, int& theirs) {
  std::array<int, 2> ends{};
  if (::socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends.data()) != 0) return false;
  ours = Descriptor(ends[0]);
  if (theirs < 0) {
    theirs = ends[1];
    return true;
  }
  const bool moved = ::dup3(ends[1], theirs, O_CLOEXEC) >= 0;
  ::close(ends[1]);
  return moved;
}

}  // namespace

bool AgentStandIn::attach(ssh_session session, std::string key_blob) {
  key_blob_ = std::move(key_blob);
  if (theirs_ >= 0) return true;
  if (!make_pair(ours_, theirs_)) return false;
  if (ssh_set_agent_socket(session, theirs_) == SSH_OK) return true;
  ::close(theirs_);
  theirs_ = -1;
  return false;
}

void AgentStandIn::detach(ssh_session session) {
  if (theirs_ < 0) return;
  ssh_set_agent_socket(session, -1);
  ::close(theirs_);
  theirs_ = -1;
  ours_.close();
}

bool AgentStandIn::prepare(std::optional<std::string_view> signature) {
  if (!make_pair(ours_, theirs_)) return false;
  std::string identities{identities_answer};
  identities += wire_uint32(1) + wire_string(key_blob_) + wire_string("");
  const std::string failure{agent_failure};
  const std::string answers = wire_string(identities) + wire_string(signature.value_or(failure));
  const auto sent =
      ::send(ours_.get(), answers.data(), answers.size(), MSG_NOSIGNAL | MSG_DONTWAIT);
  // What libssh asks beyond that finds the end, instead of waiting for ever.
  ::shutdown(ours_.get(), SHUT_WR);
  return sent == static_cast<ssize_t>(answers.size());
}

std::optional<std::string> AgentStandIn::sign_request() const {
  std::string received(64 * 1024, '\0');
  const ssize_t got = ::recv(ours_.get(), received.data(), received.size(), MSG_DONTWAIT);
  received.resize(static_cast<std::size_t>(std::max<ssize_t>(got, 0)));
  for (WireReader messages(received); !messages.rest().empty();) {
    const std::string_view message = messages.string();
    if (message.starts_with(sign_request_type)) return std::string(message);
  }
  return std::nullopt;
}

}  // namespace clustermpi
