#include "provision/ssh/login.hpp"

#include <algorithm>
#include <array>
#include <cstdlib>
#include <memory>
#include <utility>

namespace clustermpi {
namespace {

constexpr char agent_signed = 14;  // SSH_AGENT_SIGN_RESPONSE

/// Calls a libssh function again while it has something to send: the answer to a message that has
/// just been read leaves at once, not after another turn of the loop.
template <typename Call>
int repeat_while_sending(ssh_session session, Call call) {
  int result = call();
  for (int i = 0; i < 4 && result == SSH_AUTH_AGAIN; ++i) {
    if ((ssh_get_poll_flags(session) & SSH_WRITE_PENDING) == 0) break;
    result = call();
  }
  // libssh goes on to say so where the server has hung up.
  return result == SSH_AUTH_AGAIN && ssh_is_connected(session) == 0 ? int{SSH_AUTH_ERROR} : result;
}

bool mentions_change(std::string_view prompt) {
  static constexpr std::array<std::string_view, 4> words{"New ", "new ", "urrent ", "expired"};
  return std::ranges::any_of(
      words, [&](std::string_view word) { return prompt.find(word) != std::string_view::npos; });
}

}  // namespace

Login::Login(ssh_session session, const Target& target, const Credentials& credentials,
             KeyChain& chain)
    : session_(session),
      target_(target),
      credentials_(credentials),
      chain_(chain),
      first_(chain.favourite) {}

Login::State Login::advance() {
  if (state_ != State::waiting) return state_;
  for (bool more = true; more && state_ == State::waiting;) {
    const Method method = method_;
    const std::size_t tried = tried_;
    switch (method_) {
      case Method::keys:
        if (tried_ == chain_.keys.size()) {
          begin_password();
        } else {
          take_key_result(try_key());
        }
        break;
      case Method::none:
        find_methods();
        break;
      case Method::password:
      case Method::keyboard_interactive:
        take_password_result(try_password());
        break;
    }
    more = method != method_ || tried != tried_;
  }
  return state_;
}

// ---- keys ---------------------------------------------------------------------------------------

/// The favourite first, then the others in their order.
std::size_t Login::key_index() const {
  if (tried_ == 0) return first_;
  return tried_ <= first_ ? tried_ - 1 : tried_;
}

const LoginKey& Login::key() const {
  return chain_.keys[key_index()];
}

int Login::try_key() {
  switch (key().signer) {
    case LoginKey::Signer::us:
      return repeat_while_sending(
          session_, [&] { return ssh_userauth_publickey(session_, nullptr, key().key.get()); });
    case LoginKey::Signer::locked:
      return repeat_while_sending(
          session_, [&] { return ssh_userauth_try_publickey(session_, nullptr, key().key.get()); });
    case LoginKey::Signer::agent:
      return try_agent();
  }
  return SSH_AUTH_ERROR;
}

int Login::try_agent() {
  if (!stand_in_ready_) {
    if (!stand_in_.attach(session_, key().blob) || !stand_in_.prepare(signature_)) {
      fail(ssh_errors::local_failure("there is no descriptor left to ask the agent with"));
      return SSH_AUTH_AGAIN;
    }
    stand_in_ready_ = true;
  }
  const int result =
      repeat_while_sending(session_, [&] { return ssh_userauth_agent(session_, nullptr); });
  if (result != SSH_AUTH_ERROR || signature_ || ssh_is_connected(session_) == 0) return result;
  auto request = stand_in_.sign_request();
  if (!request) return result;
  agent_request_ = std::move(*request);
  state_ = State::wants_agent;
  return SSH_AUTH_AGAIN;
}

void Login::agent_answered(std::optional<std::string> answer) {
  state_ = State::waiting;
  stand_in_ready_ = false;
  // It may be locked by now, or its user has said no.
  if (!answer || !answer->starts_with(agent_signed)) return next_key();
  signature_ = std::move(answer);
}

void Login::take_key_result(int result) {
  switch (result) {
    case SSH_AUTH_AGAIN:
      return;
    case SSH_AUTH_SUCCESS:
      if (key().signer == LoginKey::Signer::locked) {
        locked_key_ = key().file;
        return fail(ssh_errors::passphrase_needed(target_, locked_key_));
      }
      chain_.favourite = key_index();
      stand_in_.detach(session_);
      state_ = State::done;
      return;
    case SSH_AUTH_PARTIAL:
      return fail(ssh_errors::second_factor_wanted(target_));
    case SSH_AUTH_DENIED:
      return next_key();
    default:
      return hung_up();
  }
}

void Login::next_key() {
  ++tried_;
  stand_in_ready_ = false;
  signature_.reset();
}

ssh_errors::TriedKeys Login::tried() const {
  ssh_errors::TriedKeys keys = chain_.outcome;
  for (std::size_t i = 0; i < chain_.keys.size(); ++i) {
    const bool was_tried = i == first_ ? tried_ > 0 : (i < first_ ? i + 1 : i) < tried_;
    if (was_tried) {
      keys.refused.emplace_back(chain_.keys[i].label);
    } else if (chain_.keys[i].signer == LoginKey::Signer::agent) {
      keys.more_in_agent = true;
    }
  }
  return keys;
}

// ---- the password -------------------------------------------------------------------------------

void Login::begin_password() {
  if (!credentials_.password) return fail(ssh_errors::auth_failed(target_, tried()));
  method_ = Method::none;
}

/// The refusal of "none" says which methods there are.
void Login::find_methods() {
  const int result =
      repeat_while_sending(session_, [&] { return ssh_userauth_none(session_, nullptr); });
  if (result == SSH_AUTH_SUCCESS) state_ = State::done;
  if (result == SSH_AUTH_ERROR) hung_up();
  if (result != SSH_AUTH_DENIED) return;
  const auto methods = static_cast<unsigned>(ssh_userauth_list(session_, nullptr));
  if ((methods & SSH_AUTH_METHOD_PASSWORD) != 0) {
    method_ = Method::password;
  } else if ((methods & SSH_AUTH_METHOD_INTERACTIVE) != 0) {
    method_ = Method::keyboard_interactive;
  } else {
    fail(ssh_errors::password_not_taken(target_));
  }
}

int Login::try_password() {
  if (method_ == Method::password) {
    return repeat_while_sending(session_, [&] {
      return ssh_userauth_password(session_, nullptr, credentials_.password->c_str());
    });
  }
  int result = SSH_AUTH_INFO;
  do {
    result = repeat_while_sending(session_,
                                  [&] { return ssh_userauth_kbdint(session_, nullptr, nullptr); });
  } while (result == SSH_AUTH_INFO && answer_prompts());
  return result;
}

/// Whether there is an answer to each.
bool Login::answer_prompts() {
  const int count = ssh_userauth_kbdint_getnprompts(session_);
  for (int i = 0; i < count; ++i) {
    char echo = 0;
    const char* prompt = ssh_userauth_kbdint_getprompt(session_, static_cast<unsigned>(i), &echo);
    const std::string_view text = prompt != nullptr ? prompt : "";
    if (mentions_change(text)) {
      fail(ssh_errors::password_expired(target_));
      return false;
    }
    if (echo != 0 || std::exchange(password_sent_, true)) {
      fail(ssh_errors::unknown_prompt(target_, text));
      return false;
    }
    ssh_userauth_kbdint_setanswer(session_, static_cast<unsigned>(i),
                                  credentials_.password->c_str());
  }
  return true;
}

void Login::take_password_result(int result) {
  switch (result) {
    case SSH_AUTH_AGAIN:
    case SSH_AUTH_INFO:  // what it asks has no answer, and that is said already
      return;
    case SSH_AUTH_SUCCESS:
      stand_in_.detach(session_);
      state_ = State::done;
      return;
    case SSH_AUTH_PARTIAL:
      return fail(ssh_errors::second_factor_wanted(target_));
    case SSH_AUTH_DENIED:
      return fail(ssh_errors::password_refused(target_));
    default:
      return hung_up();
  }
}

// ---- the end ------------------------------------------------------------------------------------

void Login::hung_up() {
  // A server that had enough of wrong keys says so and hangs up: "...SSH_MSG_DISCONNECT: 2:Too
  // many".
  constexpr std::string_view farewell = "SSH_MSG_DISCONNECT: ";
  const std::string reason = ssh_get_error(session_);
  const auto found = reason.find(farewell);
  if (found != std::string::npos && method_ == Method::keys) {
    const auto words = reason.find(':', found + farewell.size()) + 1;
    ++tried_;  // the one that it hung up on
    return fail(ssh_errors::auth_failed(target_, tried(), std::string_view(reason).substr(words)));
  }
  // Where PAM keeps somebody out (nologin, an expired account), sshd shows its words and hangs up.
  const std::unique_ptr<char, decltype(&std::free)> said(ssh_get_issue_banner(session_),
                                                         &std::free);
  fail(said ? ssh_errors::login_refused(target_, said.get(), reason)
            : ssh_errors::handshake_failed(target_, reason));
}

void Login::fail(HostError error) {
  error_ = std::move(error);
  state_ = State::failed;
}

}  // namespace clustermpi
