// One job on one channel: opens it, starts the command, feeds its input, takes its output.
#pragma once

#include <libssh/callbacks.h>
#include <libssh/libssh.h>

#include <cstddef>
#include <optional>
#include <string_view>

#include "provision/fleet.hpp"
#include "provision/ssh/input_stream.hpp"
#include "provision/ssh/poller.hpp"

namespace clustermpi {

class Command {
 public:
  /// `index` is the job's place in the run.
  Command(std::size_t index, Job job, const Target& target, TimePoint now);
  ~Command();
  Command(const Command&) = delete;
  Command& operator=(const Command&) = delete;

  enum class State {
    waiting,   ///< has no channel
    opening,   ///< has asked for one
    refused,   ///< the server opens no more channels for now
    starting,  ///< the command is on its way: from here on it may have run
    running,
    finished,  ///< has a result
  };
  [[nodiscard]] State state() const { return state_; }
  [[nodiscard]] bool sent() const { return state_ == State::starting || state_ == State::running; }

  void open(ssh_session session, TimePoint now, TimePoint deadline);
  /// Does what can be done without waiting. A session that turns out to be broken is left to its
  /// owner.
  void advance(TimePoint now);
  void fail(HostError error, TimePoint now);
  /// Tells the remote command to stop and closes its channel; then fails.
  void abort(HostError error, TimePoint now);
  /// Back to `waiting`, for another session or another attempt.
  void release_channel();

  /// When on_time() is due: the channel, the command or its first byte takes too long.
  [[nodiscard]] std::optional<TimePoint> deadline() const;
  void on_time(TimePoint now);

  [[nodiscard]] unsigned times_refused() const { return times_refused_; }
  [[nodiscard]] std::size_t index() const { return index_; }
  [[nodiscard]] Result take_result();

 private:
  void await_channel(TimePoint now);
  void request_exec(TimePoint now);
  void feed_input();
  [[nodiscard]] std::string_view unsent_input() const;
  void input_sent(std::size_t bytes);
  [[nodiscard]] bool input_ended() const;
  void finish(TimePoint now);
  void take_output(Stream stream, std::string_view data);
  void set_up_callbacks();

  std::size_t index_;
  Job job_;
  const Target& target_;
  TimePoint began_;  ///< when it was asked for; then when it was sent
  std::optional<TimePoint> deadline_;
  std::optional<TimePoint> first_byte_deadline_;
  State state_ = State::waiting;

  ssh_session session_ = nullptr;
  ssh_channel channel_ = nullptr;
  ssh_channel_callbacks_struct callbacks_{};
  unsigned times_refused_ = 0;
  std::size_t input_sent_ = 0;
  std::optional<InputStream::Reader> reader_;  ///< of the job's stream
  bool end_of_input_sent_ = false;
  bool closed_ = false;  ///< by the server: there is nothing more to come
  bool has_status_ = false;
  bool password_expired_ = false;
  std::optional<HostError> output_error_;  ///< the callback for output threw

  Result result_;
};

}  // namespace clustermpi
