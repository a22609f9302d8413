#include "provision/ssh/session.hpp"

#include <libssh/server.h>  // ssh_send_keepalive, which clients have too
#include <sys/epoll.h>

#include <algorithm>
#include <cstdlib>
#include <iterator>
#include <memory>
#include <string_view>
#include <system_error>

#include "provision/ssh/errors.hpp"
#include "provision/ssh/host_key_check.hpp"
#include "provision/ssh/token.hpp"

namespace clustermpi {
namespace {

using std::chrono::milliseconds;

/// A host that is silent for so long gives its place among the handshakes in flight to another.
constexpr milliseconds patience{500};
constexpr unsigned most_attempts = 4;
constexpr milliseconds first_back_off{100};
/// Rounds of reading and writing before other hosts get their turn; libssh reads 4 KiB a round.
constexpr int rounds_a_turn = 64;
/// sshd's default of MaxSessions; lowered where a server takes fewer.
constexpr std::size_t default_max_channels = 10;
constexpr unsigned most_refusals = 5;
constexpr int version_prefix_size = 4;
constexpr int signs_of_life = 3;

/// Calls it again while it has something to send: the answer to a message that has just been read
/// leaves at once, not after another turn of the loop.
int go_on_connecting(ssh_session session) {
  int result = ssh_connect(session);
  for (int i = 0; i < 4 && result == SSH_AGAIN; ++i) {
    if ((ssh_get_poll_flags(session) & SSH_WRITE_PENDING) == 0) break;
    result = ssh_connect(session);
  }
  return result;
}

}  // namespace

Session::Session(std::size_t index, const Target& target, SessionServices& services)
    : index_(index),
      target_(target),
      services_(services),
      max_channels_(default_max_channels),
      tunnels_(index, services.poller) {}

Session::~Session() {
  close();
}

std::uint64_t Session::token() const {
  return Token{Token::Source::session, generation_, static_cast<std::uint32_t>(index_)}.pack();
}

const Credentials& Session::credentials() const {
  return target_.credentials ? *target_.credentials : services_.options.credentials;
}

// ---- a run --------------------------------------------------------------------------------------

void Session::begin_run(TimePoint now) {
  attempts_ = 0;
  reused_ = phase_ == Phase::open;
  last_heard_ = now;
  next_look_ = now + services_.options.keep_alive;
  if (reused_) pump(now);
}

void Session::add(std::unique_ptr<Command> command) {
  commands_.push_back(std::move(command));
}

bool Session::wants_connection() const {
  return phase_ == Phase::closed && is_busy();
}

bool Session::is_busy() const {
  return !commands_.empty() || !tunnels_.empty();
}

bool Session::in_handshake() const {
  return active_ && phase_ >= Phase::resolving && phase_ <= Phase::authenticating &&
         phase_ != Phase::tunnelling;
}

bool Session::is_unauthenticated() const {
  return phase_ >= Phase::resolving && phase_ <= Phase::authenticating;
}

std::vector<std::unique_ptr<Command>> Session::take_finished() {
  return std::exchange(finished_, {});
}

void Session::cancel(TimePoint now) {
  tunnels_.end(ssh_errors::cancelled());
  for (const auto& command : commands_) command->abort(ssh_errors::cancelled(), now);
  if (phase_ == Phase::open) {
    pump(now);
  } else {
    fail(ssh_errors::cancelled(), now);
  }
}

// ---- time ---------------------------------------------------------------------------------------

void Session::enter(Phase phase, TimePoint now, milliseconds time) {
  phase_ = phase;
  phase_deadline_ = now + time;
  note_activity(now);
}

void Session::note_activity(TimePoint now) {
  active_ = true;
  active_until_ = now + patience;
}

std::optional<TimePoint> Session::next_deadline() const {
  std::optional<TimePoint> earliest;
  const auto consider = [&](TimePoint time) {
    if (!earliest || time < *earliest) earliest = time;
  };
  if (phase_ == Phase::open) {
    for (const auto& command : commands_)
      if (command->deadline()) consider(*command->deadline());
    if (const auto deadline = tunnels_.next_deadline()) consider(*deadline);
    if (is_busy()) consider(next_look_);
  } else if (phase_ != Phase::closed) {
    consider(phase_deadline_);
    if (phase_ == Phase::connecting) consider(dialer_.attempt_deadline());
    if (phase_ == Phase::authenticating && !login_)
      consider(services_.agents.patience_ends(credentials().agent));
    if (in_handshake()) consider(active_until_);
  }
  return earliest;
}

void Session::on_time(TimePoint now) {
  if (now >= active_until_) active_ = false;
  if (phase_ == Phase::open) {
    for (const auto& command : commands_)
      if (command->deadline() && now >= *command->deadline()) command->on_time(now);
    look_for_life(now);
    if (phase_ == Phase::open) pump(now);
  } else if (phase_ == Phase::connecting && now >= dialer_.attempt_deadline()) {
    services_.poller.remove(dialer_.fd());
    dialled(dialer_.on_time(now), now);
  } else if (phase_ != Phase::closed && now >= phase_deadline_) {
    time_is_over(now);
  } else if (phase_ == Phase::authenticating && !login_ &&
             now >= services_.agents.patience_ends(credentials().agent)) {
    begin_login(now);
  }
}

/// TCP notices a dead peer, but behind a jump host there is none of ours.
void Session::look_for_life(TimePoint now) {
  if (!is_busy() || now < next_look_) return;
  const milliseconds silence = services_.options.keep_alive;
  if (now - last_heard_ >= signs_of_life * silence)
    return fail(ssh_errors::no_sign_of_life(target_, signs_of_life * silence), now);
  if (now - last_heard_ >= silence) {
    // libssh sends the next one only when it was asked about the answer to the last.
    ssh_send_keepalive(session_);
    ssh_send_keepalive(session_);
  }
  next_look_ = now + services_.options.keep_alive;
}

void Session::time_is_over(TimePoint now) {
  const FleetOptions& options = services_.options;
  switch (phase_) {
    case Phase::backing_off:
      phase_ = Phase::closed;  // and wants a connection again
      return;
    case Phase::resolving:
      return fail(ssh_errors::name_not_found(
                      target_, "no answer within " + ssh_errors::seconds(options.connect_timeout)),
                  now);
    case Phase::fetching_certificate:
      return fail(
          ssh_errors::phase_timeout(target_, "showing its certificate", options.handshake_timeout),
          now);
    case Phase::banner:
      return fail(ssh_errors::phase_timeout(target_, "its SSH greeting", options.handshake_timeout),
                  now);
    case Phase::key_exchange:
      return fail(ssh_errors::phase_timeout(target_, "the key exchange", options.handshake_timeout),
                  now);
    case Phase::authenticating:
      return fail(
          login_ && login_->asks_agent()
              ? ssh_errors::agent_timeout(target_, credentials().agent, options.auth_timeout)
              : ssh_errors::phase_timeout(target_, "the login", options.auth_timeout),
          now);
    case Phase::closed:
    case Phase::connecting:
    case Phase::tunnelling:
    case Phase::open:
      return;
  }
}

// ---- from nothing to a connection --------------------------------------------------------------

void Session::connect(TimePoint now) {
  ++attempts_;
  ++generation_;
  if (!target_.proxy_command.empty()) return start_proxy(now);
  if (target_.jump) {
    enter(Phase::tunnelling, now, std::chrono::hours(24));  // the jump host's own deadlines count
    services_.tunnels_wanted.push_back({*target_.jump, token(), target_.address, target_.port});
    return;
  }
  enter(Phase::resolving, now, services_.options.connect_timeout);
  if (const auto address = numeric_address(target_.address, target_.port)) {
    dial({*address}, now);
  } else {
    services_.resolver.ask(token(), target_.address, target_.port);
  }
}

void Session::on_resolved(Resolver::Answer answer, TimePoint now) {
  if (phase_ != Phase::resolving || answer.token != token()) return;
  if (answer.addresses.empty()) return fail(ssh_errors::name_not_found(target_, answer.error), now);
  dial(std::move(answer.addresses), now);
}

void Session::dial(std::vector<SocketAddress> addresses, TimePoint now) {
  enter(Phase::connecting, now, services_.options.connect_timeout);
  dialled(dialer_.start(std::move(addresses), now, phase_deadline_), now);
}

void Session::dialled(TcpDialer::State state, TimePoint now) {
  switch (state) {
    case TcpDialer::State::trying:
      services_.poller.add(dialer_.fd(), EPOLLOUT, token());
      return;
    case TcpDialer::State::connected:
      return connected(dialer_.take_socket(), now);
    case TcpDialer::State::failed:
      if (dialer_.out_of_descriptors())
        return fail(ssh_errors::no_descriptor(target_, dialer_.error()), now);
      if (now >= phase_deadline_)
        return fail(ssh_errors::no_answer(target_, services_.options.connect_timeout), now);
      return fail(ssh_errors::cannot_connect(target_, dialer_.error()), now);
  }
}

// ---- from TCP to an authenticated session ------------------------------------------------------

void Session::start_proxy(TimePoint now) {
  if (const int error = proxy_.start(target_.proxy_command); error != 0)
    return fail(ssh_errors::proxy_failed(target_, std::generic_category().message(error)), now);
  connected(proxy_.take_socket(), now);
}

void Session::on_tunnel_made(TunnelMade tunnel, TimePoint now) {
  if (phase_ != Phase::tunnelling || tunnel.owner != token()) return;
  const Target& jump = services_.options.jumps[*target_.jump];
  if (tunnel.failed) return fail(ssh_errors::jump_failed(target_, jump, *tunnel.failed), now);
  if (!tunnel.socket.is_open())
    return fail(ssh_errors::jump_cannot_reach(target_, jump, tunnel.refused), now);
  connected(std::move(tunnel.socket), now);
}

void Session::connected(Descriptor socket, TimePoint now) {
  const auto [name, port] = host_key_name(target_);
  if (services_.known_hosts.wants_certificate(name, port))
    return fetch_certificate(std::move(socket), now);
  begin_ssh(std::move(socket), now);
}

void Session::fetch_certificate(Descriptor socket, TimePoint now) {
  certificate_socket_ = std::move(socket);
  certificate_fetch_ = {};
  enter(Phase::fetching_certificate, now, services_.options.handshake_timeout);
  services_.poller.add(certificate_socket_.get(), EPOLLIN, token());
  certificate_fetch_.begin(certificate_socket_.get());  // a server that is gone is seen in reading
}

void Session::read_certificate(TimePoint now) {
  switch (certificate_fetch_.on_readable(certificate_socket_.get())) {
    case CertificateFetch::State::waiting:
      return;
    case CertificateFetch::State::closed:
      return back_off(now);
    case CertificateFetch::State::refused:
      return fail(ssh_errors::source_refused(target_), now);
    case CertificateFetch::State::other:
      return fail(ssh_errors::not_ssh(target_, certificate_fetch_.first_line()), now);
    case CertificateFetch::State::none:
      return fail(ssh_errors::host_certificate_missing(target_), now);
    case CertificateFetch::State::failed:
      return fail(ssh_errors::handshake_failed(target_, certificate_fetch_.reason()), now);
    case CertificateFetch::State::certificate:
      break;
  }
  if (auto error =
          check_host_certificate(certificate_fetch_.certificate(), target_, services_.known_hosts))
    return fail(*error, now);
  close();
  attempts_ = 0;
  connect(now);  // this time for good
}

void Session::begin_ssh(Descriptor socket, TimePoint now) {
  session_ = ssh_new();
  set_read_threshold(socket.get(), version_prefix_size);
  fd_ = socket.get();
  if (!session_ || !configure())
    return fail(ssh_errors::handshake_failed(target_, "libssh cannot be set up"), now);
  socket.release();  // from here on libssh closes it
  enter(Phase::banner, now, services_.options.handshake_timeout);
  banner_ = {};
  interest_ = EPOLLIN;
  services_.poller.add(fd_, interest_, token());
  // Sends our version at once, so that the server's answer to it is on its way with its own.
  ssh_connect(session_);
  if (!ssh_is_connected(session_)) return back_off(now);
  set_nonblocking(fd_);
}

bool Session::configure() {
  ssh_set_blocking(session_, 0);
  const int no = 0;
  const auto set = [this](ssh_options_e option, const void* value) {
    return ssh_options_set(session_, option, value) == SSH_OK;
  };
  const std::string algorithms = host_key_algorithms(services_.known_hosts, target_);
  // Nothing is read from files here: host keys are judged by KnownHosts, and what a user's
  // configuration says means to libssh 0.10 something else than to OpenSSH.
  return set(SSH_OPTIONS_PROCESS_CONFIG, &no) && set(SSH_OPTIONS_HOST, target_.address.c_str()) &&
         set(SSH_OPTIONS_USER, target_.user.c_str()) && set(SSH_OPTIONS_SSH_DIR, "/nonexistent") &&
         set(SSH_OPTIONS_KNOWNHOSTS, "/dev/null") &&
         set(SSH_OPTIONS_GLOBAL_KNOWNHOSTS, "/dev/null") &&
         set(SSH_OPTIONS_HOSTKEYS, algorithms.c_str()) && set(SSH_OPTIONS_FD, &fd_);
}

void Session::on_ready(std::uint32_t generation, TimePoint now) {
  if (generation != (generation_ & 0xffffffu)) return;
  note_activity(now);
  last_heard_ = now;
  switch (phase_) {
    case Phase::connecting:
      services_.poller.remove(dialer_.fd());
      return dialled(dialer_.on_ready(now), now);
    case Phase::fetching_certificate:
      return read_certificate(now);
    case Phase::banner:
      return read_banner(now);
    case Phase::key_exchange:
      return exchange_keys(now);
    case Phase::authenticating:
      return authenticate(now);
    case Phase::open:
      return pump(now);
    case Phase::closed:
    case Phase::backing_off:
    case Phase::resolving:
    case Phase::tunnelling:
      return;
  }
}

void Session::read_banner(TimePoint now) {
  switch (banner_.on_readable(fd_)) {
    case BannerReader::State::waiting:
      return;
    case BannerReader::State::ssh:
      set_read_threshold(fd_, 1);
      // Nothing is on its way but our version: our proposal fits into the socket at once. Were it
      // still held when libssh rejects the server's, flushing it would overwrite the reason.
      ssh_set_fd_towrite(session_);
      enter(Phase::key_exchange, now, services_.options.handshake_timeout);
      return exchange_keys(now);
    case BannerReader::State::closed:
      return back_off(now);
    case BannerReader::State::refused:
      return fail(ssh_errors::source_refused(target_), now);
    case BannerReader::State::other:
      return fail(ssh_errors::not_ssh(target_, banner_.first_line()), now);
  }
}

void Session::back_off(TimePoint now) {
  if (!target_.proxy_command.empty())
    return fail(ssh_errors::proxy_failed(target_, "it ended before the host said anything"), now);
  if (attempts_ >= most_attempts)
    return fail(ssh_errors::closed_before_banner(target_, attempts_), now);
  close();
  // Spread, so that the many who were turned away together do not come back together.
  const auto pause = first_back_off * (1 << (attempts_ - 1));
  std::uniform_int_distribution<long> spread(pause.count() / 2, pause.count() * 3 / 2);
  enter(Phase::backing_off, now, milliseconds(spread(services_.random)));
}

void Session::exchange_keys(TimePoint now) {
  const int result = go_on_connecting(session_);
  if (result == SSH_AGAIN && ssh_is_connected(session_)) {
    acknowledge_at_once(fd_);
    return update_interest();
  }
  if (result != SSH_OK) return fail(ssh_errors::handshake_failed(target_, libssh_error()), now);
  if (auto error = check_host_key(session_, target_, services_.options, services_.known_hosts))
    return fail(*error, now);
  enter(Phase::authenticating, now, services_.options.auth_timeout);
  begin_login(now);
}

void Session::begin_login(TimePoint now) {
  KeyChain* chain = services_.keyring.find(credentials());
  if (!chain) {
    const auto* keys = services_.agents.identities(credentials().agent, token(), now);
    if (!keys) return update_interest();
    chain = &services_.keyring.chain(credentials(), *keys);
  }
  login_.emplace(session_, target_, credentials(), *chain);
  authenticate(now);
}

void Session::on_agent(AgentClient::Answer answer, TimePoint now) {
  if (phase_ != Phase::authenticating || answer.token != token()) return;
  note_activity(now);
  if (!login_) return begin_login(now);
  if (!login_->asks_agent()) return;  // its list of keys, too late: we have begun without
  login_->agent_answered(std::move(answer.bytes));
  authenticate(now);
}

void Session::authenticate(TimePoint now) {
  if (!login_) return update_interest();
  switch (login_->advance()) {
    case Login::State::wants_agent:
      services_.agents.ask(credentials().agent, token(), login_->agent_request());
      login_->agent_asked();
      return update_interest();
    case Login::State::waiting:
    case Login::State::agent_pending:
      acknowledge_at_once(fd_);
      return update_interest();
    case Login::State::done:
      return logged_in(now);
    case Login::State::failed:
      if (!login_->locked_key().empty()) services_.locked_keys.insert(login_->locked_key());
      return fail(login_->error(), now);
  }
}

void Session::logged_in(TimePoint now) {
  login_.reset();
  phase_ = Phase::open;
  attempts_ = 0;
  last_heard_ = now;
  next_look_ = now + services_.options.keep_alive;
  event_ = ssh_event_new();
  ssh_event_add_session(event_, session_);
  pump(now);
}

// ---- an open session ---------------------------------------------------------------------------

void Session::pump(TimePoint now) {
  for (int round = 0; round < rounds_a_turn; ++round) {
    const int polled = ssh_event_dopoll(event_, 0);
    run_commands(now);
    if (ssh_is_connected(session_) != 0)
      tunnels_.run(session_, now, services_.options.connect_timeout);
    if (!ssh_is_connected(session_) || polled == SSH_ERROR) return lost(now);
    if (polled == SSH_AGAIN) break;
  }
  acknowledge_at_once(fd_);
  update_interest();
}

void Session::run_commands(TimePoint now) {
  start_commands(now);
  for (const auto& command : commands_) {
    if (command->state() == Command::State::waiting || command->state() == Command::State::finished)
      continue;
    command->advance(now);
    if (command->state() != Command::State::refused) continue;
    // The server has a limit of channels (MaxSessions), among which it may still count one that has
    // just ended: ask for fewer at once, and again.
    command->release_channel();
    max_channels_ = std::max<std::size_t>({1, open_channels(), max_channels_ / 2});
    if (open_channels() == 0 && command->times_refused() >= most_refusals)
      command->fail(ssh_errors::command_refused(target_, libssh_error()), now);
  }
  const auto ended = std::stable_partition(commands_.begin(), commands_.end(), [](const auto& c) {
    return c->state() != Command::State::finished;
  });
  std::move(ended, commands_.end(), std::back_inserter(finished_));
  commands_.erase(ended, commands_.end());
}

void Session::start_commands(TimePoint now) {
  std::size_t open = open_channels();
  for (const auto& command : commands_) {
    if (open >= max_channels_) return;
    if (command->state() != Command::State::waiting || !ssh_is_connected(session_)) continue;
    command->open(session_, now, now + services_.options.handshake_timeout);
    ++open;
  }
}

std::size_t Session::open_channels() const {
  return static_cast<std::size_t>(
      std::count_if(commands_.begin(), commands_.end(), [](const auto& command) {
        return command->state() == Command::State::opening || command->sent();
      }));
}

void Session::on_input(TimePoint now) {
  if (phase_ == Phase::open) pump(now);
}

void Session::add_tunnel(TunnelWanted wanted, TimePoint now) {
  tunnels_.add(std::move(wanted));
  if (phase_ == Phase::open) pump(now);
}

void Session::on_tunnel_ready(std::uint32_t number, TimePoint now) {
  if (phase_ != Phase::open) return;
  tunnels_.on_ready(number, now);
  // Where writing failed libssh has closed the socket, of which no event comes any more.
  if (ssh_is_connected(session_) == 0) return lost(now);
  update_interest();
}

void Session::update_interest() {
  const bool sending = (ssh_get_poll_flags(session_) & SSH_WRITE_PENDING) != 0;
  // While an agent is awaited nobody reads: the socket would be readable again and again.
  const bool deaf = phase_ == Phase::authenticating && (!login_ || login_->asks_agent());
  const std::uint32_t wanted = deaf ? 0u : EPOLLIN | (sending ? EPOLLOUT : 0u);
  if (wanted != interest_) services_.poller.modify(fd_, wanted, token());
  interest_ = wanted;
}

// ---- the end -----------------------------------------------------------------------------------

void Session::lost(TimePoint now) {
  const std::string reason = libssh_error();
  const bool reconnect = std::exchange(reused_, false);
  for (const auto& command : commands_) {
    // What was not sent cannot have run: where the session had died unnoticed it gets another one.
    if (command->sent() || !reconnect)
      command->fail(ssh_errors::connection_lost(target_, reason, command->sent()), now);
  }
  tunnels_.end(ssh_errors::connection_lost(target_, reason, false));
  close();
  std::vector<std::unique_ptr<Command>> left;
  for (auto& command : commands_)
    (command->state() == Command::State::finished ? finished_ : left).push_back(std::move(command));
  commands_ = std::move(left);
}

void Session::fail(const HostError& error, TimePoint now) {
  for (auto& command : commands_) {
    if (command->state() != Command::State::finished) command->fail(error, now);
    finished_.push_back(std::move(command));
  }
  commands_.clear();
  tunnels_.end(error);
  attempts_ = 0;
  close();
}

void Session::close() {
  for (const auto& command : commands_) command->release_channel();
  tunnels_.clear();  // their channels are the session's
  dialer_.stop();
  certificate_socket_.close();
  login_.reset();
  ++generation_;
  phase_ = Phase::closed;
  active_ = false;
  if (session_) {
    if (ssh_get_fd(session_) >= 0) services_.poller.remove(fd_);
    fd_ = -1;
    ssh_event_free(event_);
    event_ = nullptr;
    ssh_free(session_);
    session_ = nullptr;
  }
  proxy_.stop();
}

std::string Session::libssh_error() const {
  return ssh_get_error(session_);
}

}  // namespace clustermpi
