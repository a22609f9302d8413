// Proving to one server who we are, without waiting: keys first, in the order of the chain, then
// the password.
#pragma once

#include <libssh/libssh.h>

#include <cstddef>
#include <filesystem>
#include <optional>
#include <string>
#include <string_view>

#include "provision/ssh/agent.hpp"
#include "provision/ssh/keyring.hpp"

namespace clustermpi {

class Login {
 public:
  enum class State {
    waiting,        ///< for the server
    wants_agent,    ///< agent_request() is to be asked; its answer comes by agent_answered()
    agent_pending,  ///< it has been asked
    done,           ///< logged in
    failed,         ///< see error()
  };

  /// All outlive it; the chain's keys do not change meanwhile. `session` has finished its key
  /// exchange.
  Login(ssh_session session, const Target& target, const Credentials& credentials, KeyChain& chain);

  /// Goes on as far as it can.
  State advance();

  [[nodiscard]] const std::string& agent_request() const { return agent_request_; }
  [[nodiscard]] bool asks_agent() const { return state_ == State::agent_pending; }
  void agent_asked() { state_ = State::agent_pending; }
  /// Nothing: the agent is gone. advance() comes next.
  void agent_answered(std::optional<std::string> answer);

  [[nodiscard]] const HostError& error() const { return *error_; }
  /// Set where the server would take a key that has a passphrase.
  [[nodiscard]] const std::filesystem::path& locked_key() const { return locked_key_; }

 private:
  enum class Method { keys, none, password, keyboard_interactive };

  [[nodiscard]] const LoginKey& key() const;
  [[nodiscard]] std::size_t key_index() const;
  int try_key();
  int try_agent();
  int try_password();
  [[nodiscard]] bool answer_prompts();
  void take_key_result(int result);
  void take_password_result(int result);
  void next_key();
  void begin_password();
  void find_methods();
  void fail(HostError error);
  void hung_up();
  [[nodiscard]] ssh_errors::TriedKeys tried() const;

  ssh_session session_;
  const Target& target_;
  const Credentials& credentials_;
  KeyChain& chain_;
  Method method_ = Method::keys;
  State state_ = State::waiting;
  const std::size_t first_;  ///< the chain's favourite when we began
  std::size_t tried_ = 0;    ///< keys that were refused
  bool password_sent_ = false;

  AgentStandIn stand_in_;
  bool stand_in_ready_ = false;
  std::optional<std::string> signature_;  ///< the agent's answer for the key that is being tried
  std::string agent_request_;

  std::optional<HostError> error_;
  std::filesystem::path locked_key_;
};

}  // namespace clustermpi
