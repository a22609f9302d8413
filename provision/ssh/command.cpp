#include "provision/ssh/command.hpp"

#include <algorithm>
#include <array>
#include <csignal>
#include <exception>
#include <utility>

#include "provision/ssh/errors.hpp"

namespace clustermpi {
namespace {

/// What is handed to libssh at once. It copies, so this bounds the memory of a host that takes
/// input slower than we have it.
constexpr std::size_t input_piece = 256 * 1024;

/// What sshd says instead of running a command, whatever we have logged in with.
constexpr std::string_view password_has_expired = "Password change required but no TTY available";

int signal_number(std::string_view name) {
  static constexpr std::array<std::pair<std::string_view, int>, 13> signals{{{"ABRT", SIGABRT},
                                                                             {"ALRM", SIGALRM},
                                                                             {"FPE", SIGFPE},
                                                                             {"HUP", SIGHUP},
                                                                             {"ILL", SIGILL},
                                                                             {"INT", SIGINT},
                                                                             {"KILL", SIGKILL},
                                                                             {"PIPE", SIGPIPE},
                                                                             {"QUIT", SIGQUIT},
                                                                             {"SEGV", SIGSEGV},
                                                                             {"TERM", SIGTERM},
                                                                             {"USR1", SIGUSR1},
                                                                             {"USR2", SIGUSR2}}};
  for (const auto& [known, number] : signals)
    if (known == name) return number;
  return 0;
}

}  // namespace

Command::Command(std::size_t index, Job job, const Target& target, TimePoint now)
    : index_(index), job_(std::move(job)), target_(target), began_(now) {
  result_.host = job_.host;
  if (job_.stream) reader_ = job_.stream->add_reader();
  set_up_callbacks();
}

Command::~Command() {
  release_channel();
}

void Command::set_up_callbacks() {
  ssh_callbacks_init(&callbacks_);
  callbacks_.userdata = this;
  // They are called from inside libssh: they only take note, advance() acts.
  callbacks_.channel_data_function = [](ssh_session, ssh_channel, void* data, std::uint32_t length,
                                        int is_stderr, void* self) {
    static_cast<Command*>(self)->take_output(is_stderr != 0 ? Stream::err : Stream::out,
                                             {static_cast<const char*>(data), length});
    return static_cast<int>(length);
  };
  callbacks_.channel_close_function = [](ssh_session, ssh_channel, void* self) {
    static_cast<Command*>(self)->closed_ = true;
  };
  callbacks_.channel_exit_status_function = [](ssh_session, ssh_channel, int status, void* self) {
    auto* command = static_cast<Command*>(self);
    command->result_.exit_status = status;
    command->has_status_ = true;
  };
  callbacks_.channel_exit_signal_function = [](ssh_session, ssh_channel, const char* signal,
                                               int /*core*/, const char* /*message*/,
                                               const char* /*language*/, void* self) {
    auto* command = static_cast<Command*>(self);
    command->result_.exit_status = 128 + signal_number(signal);
    command->has_status_ = true;
  };
}

void Command::open(ssh_session session, TimePoint now, TimePoint deadline) {
  session_ = session;
  channel_ = ssh_channel_new(session);
  if (!channel_) return fail(ssh_errors::command_refused(target_, ssh_get_error(session)), now);
  ssh_set_channel_callbacks(channel_, &callbacks_);
  state_ = State::opening;
  deadline_ = deadline;
}

void Command::advance(TimePoint now) {
  if (state_ == State::opening) await_channel(now);
  if (state_ == State::starting) request_exec(now);
  // Input does not wait for the server to say that the command runs: that saves a round trip.
  if (sent()) feed_input();
  if (sent() && output_error_) {
    abort(*std::exchange(output_error_, std::nullopt), now);
  } else if (sent() && closed_) {
    finish(now);
  }
}

void Command::await_channel(TimePoint now) {
  const int opened = ssh_channel_open_session(channel_);
  if (opened == SSH_ERROR && ssh_is_connected(session_)) {
    state_ = State::refused;
    ++times_refused_;
  } else if (opened == SSH_OK) {
    state_ = State::starting;
    began_ = now;
    deadline_.reset();
    if (job_.timeout.count() > 0) deadline_ = now + job_.timeout;
    if (job_.first_byte_timeout.count() > 0) first_byte_deadline_ = now + job_.first_byte_timeout;
  }
}

void Command::request_exec(TimePoint now) {
  const int requested = ssh_channel_request_exec(channel_, job_.command.c_str());
  if (requested == SSH_OK) {
    state_ = State::running;
  } else if (requested == SSH_ERROR && ssh_is_connected(session_) && !closed_) {
    fail(ssh_errors::command_refused(target_, "it denies the request"), now);
  }
}

/// What is at hand: the job's input, then what has come on its stream.
std::string_view Command::unsent_input() const {
  if (job_.input && input_sent_ < job_.input->size())
    return std::string_view(*job_.input).substr(input_sent_);
  return reader_ ? job_.stream->unread(*reader_) : std::string_view();
}

void Command::input_sent(std::size_t bytes) {
  if (job_.input && input_sent_ < job_.input->size()) {
    input_sent_ += bytes;
  } else {
    job_.stream->take(*reader_, bytes);
  }
}

bool Command::input_ended() const {
  return !reader_ || job_.stream->at_end(*reader_);
}

void Command::feed_input() {
  while (!closed_ && !end_of_input_sent_) {
    // What libssh holds already has to leave first.
    if ((ssh_get_status(session_) & SSH_WRITE_PENDING) != 0) return;
    const std::string_view input = unsent_input();
    if (input.empty()) {
      // Where it is held, closing the channel will be its end of file.
      if (job_.hold_input || !input_ended()) return;
      end_of_input_sent_ = true;
      ssh_channel_send_eof(channel_);
      return;
    }
    const std::size_t window = ssh_channel_window_size(channel_);
    const auto piece = input.substr(0, std::min(window, input_piece));
    if (piece.empty()) return;
    const int written =
        ssh_channel_write(channel_, piece.data(), static_cast<std::uint32_t>(piece.size()));
    if (written <= 0) return;  // broken, or keys are being exchanged anew
    input_sent(static_cast<std::size_t>(written));
  }
}

void Command::take_output(Stream stream, std::string_view data) {
  first_byte_deadline_.reset();
  if (stream == Stream::err && data.find(password_has_expired) != std::string_view::npos)
    password_expired_ = true;
  if (output_error_) return;
  if (job_.on_output) {
    try {
      job_.on_output(stream, data);
    } catch (const std::exception& error) {  // must not travel through libssh
      output_error_ = ssh_errors::local_failure(error.what());
    }
    return;
  }
  std::string& kept = stream == Stream::out ? result_.out : result_.err;
  const std::size_t room = job_.output_limit - std::min(job_.output_limit, kept.size());
  if (data.size() > room) result_.truncated = true;
  kept += data.substr(0, room);
}

void Command::finish(TimePoint now) {
  if (!has_status_) return fail(ssh_errors::ended_without_status(target_), now);
  if (password_expired_ && result_.exit_status == 1)
    return fail(ssh_errors::password_expired(target_), now);
  release_channel();
  result_.elapsed = std::chrono::duration_cast<std::chrono::milliseconds>(now - began_);
  deadline_.reset();
  state_ = State::finished;
}

void Command::fail(HostError error, TimePoint now) {
  release_channel();
  result_.exit_status = -1;
  result_.error = std::move(error);
  result_.elapsed = std::chrono::duration_cast<std::chrono::milliseconds>(now - began_);
  deadline_.reset();
  state_ = State::finished;
}

void Command::abort(HostError error, TimePoint now) {
  // Closing the channel alone leaves a command that neither reads nor writes running.
  if (state_ == State::running) ssh_channel_request_send_signal(channel_, "TERM");
  fail(std::move(error), now);
}

std::optional<TimePoint> Command::deadline() const {
  if (!deadline_ || !first_byte_deadline_) return deadline_ ? deadline_ : first_byte_deadline_;
  return std::min(*deadline_, *first_byte_deadline_);
}

void Command::on_time(TimePoint now) {
  if (first_byte_deadline_ && now >= *first_byte_deadline_)
    return abort(ssh_errors::first_byte_timeout(target_, job_.first_byte_timeout), now);
  abort(sent() ? ssh_errors::command_timeout(target_, job_.timeout)
               : ssh_errors::phase_timeout(
                     target_, "opening a channel",
                     std::chrono::duration_cast<std::chrono::milliseconds>(now - began_)),
        now);
}

void Command::release_channel() {
  if (channel_) {
    ssh_remove_channel_callbacks(channel_, &callbacks_);
    ssh_channel_free(channel_);
    channel_ = nullptr;
  }
  session_ = nullptr;
  deadline_.reset();
  first_byte_deadline_.reset();
  if (state_ != State::finished) state_ = State::waiting;
}

Result Command::take_result() {
  if (reader_) job_.stream->remove_reader(*std::exchange(reader_, std::nullopt));
  return std::move(result_);
}

}  // namespace clustermpi
