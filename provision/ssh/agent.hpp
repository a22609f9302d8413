// The user's ssh-agent, without ever waiting for it.
//
// libssh talks to an agent synchronously: one that hangs, or asks the user to touch a token, would
// hold up all hosts. So requests go through AgentClient, which the event loop drives, and libssh is
// shown an agent of ours (AgentStandIn) whose answers are there before it asks.
#pragma once

#include <libssh/libssh.h>

#include <cstddef>
#include <cstdint>
#include <deque>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "provision/descriptor.hpp"
#include "provision/ssh/poller.hpp"

namespace clustermpi {

struct AgentKey {
  std::string blob;     ///< public key as the wire has it, perhaps a certificate
  std::string comment;  ///< not to be trusted
};

/// The keys that an answer to `identities_request` lists; nothing where it is no such answer.
[[nodiscard]] std::optional<std::vector<AgentKey>> parse_agent_identities(std::string_view answer);
/// Asks an agent which keys it has.
[[nodiscard]] std::string agent_identities_request();

/// One connection to an agent. Requests are answered in their order.
class AgentClient {
 public:
  /// Connects to the socket at `path`; where that fails every request ends with an error.
  explicit AgentClient(const std::string& path);

  struct Answer {
    std::uint64_t token = 0;           ///< the asker's
    std::optional<std::string> bytes;  ///< nothing where the agent is gone
  };
  /// `message` without its length.
  void ask(std::uint64_t token, std::string_view message);

  [[nodiscard]] int fd() const { return socket_.get(); }  ///< -1 once it is gone
  [[nodiscard]] bool wants_to_send() const { return !unsent_.empty(); }
  void on_ready();
  [[nodiscard]] std::vector<Answer> take_answers();

 private:
  void send();
  void receive();
  void split_answers();
  void lost();

  Descriptor socket_;
  std::string unsent_;
  std::string received_;
  std::deque<std::uint64_t> askers_;
  std::vector<Answer> answers_;
};

/// The agents that a fleet's hosts log in with; mostly there is one, or none.
class Agents {
 public:
  explicit Agents(Poller& poller) : poller_(poller) {}

  /// The answer to which keys the agent at `path` has (nothing in it: there is no agent, or it does
  /// not answer), or null while that is awaited: `asker` then gets an Answer without bytes.
  [[nodiscard]] const std::optional<std::string>* identities(const std::string& path,
                                                             std::uint64_t asker, TimePoint now);
  /// When to ask identities() again, which will then wait no longer.
  [[nodiscard]] TimePoint patience_ends(const std::string& path) const;

  void ask(const std::string& path, std::uint64_t asker, std::string_view message);
  void on_ready(std::uint32_t index);
  [[nodiscard]] std::vector<AgentClient::Answer> take_answers();

 private:
  struct Agent {
    std::string path;
    AgentClient client;
    TimePoint patience_ends;
    bool has_answered = false;
    std::optional<std::string> identities;
    std::vector<std::uint64_t> waiting;
    std::uint32_t interest = 0;
  };
  [[nodiscard]] std::size_t index_of(const std::string& path, TimePoint now);
  void watch(std::size_t index);
  void take_from(std::size_t index);

  Poller& poller_;
  std::vector<std::unique_ptr<Agent>> agents_;
  std::vector<AgentClient::Answer> answers_;
};

/// What one libssh session takes for an agent: it has one key, and says what was put in its mouth.
///
/// A login runs twice through ssh_userauth_agent(). The first time this one fails to sign, which
/// ends the attempt before anything is sent, and leaves here what is to be signed. When the real
/// agent has signed that, the second time finds the signature; both times libssh asks for the same
/// bytes.
class AgentStandIn {
 public:
  /// `session` takes over one end of a socket pair. False where no descriptor can be had.
  [[nodiscard]] bool attach(ssh_session session, std::string key_blob);
  /// Before each run: sets out the answers; `signature` is the real agent's, or nothing yet.
  [[nodiscard]] bool prepare(std::optional<std::string_view> signature);
  /// After the run without a signature: the request to pass on, where libssh came so far.
  [[nodiscard]] std::optional<std::string> sign_request() const;
  /// Once logged in, two descriptors a host are better spent.
  void detach(ssh_session session);

 private:
  Descriptor ours_;
  int theirs_ = -1;  ///< libssh's, which closes it
  std::string key_blob_;
};

}  // namespace clustermpi
