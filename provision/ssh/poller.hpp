// One epoll instance, and the times at which something is due.
#pragma once

#include <sys/epoll.h>

#include <array>
#include <chrono>
#include <cstdint>
#include <optional>
#include <set>
#include <span>
#include <utility>
#include <vector>

#include "provision/descriptor.hpp"

namespace clustermpi {

using Clock = std::chrono::steady_clock;
using TimePoint = Clock::time_point;

/// Level-triggered. `token` comes back with each event; what it means is the caller's.
class Poller {
 public:
  Poller();  ///< throws Error{local_failure} where no epoll descriptor can be had

  void add(int fd, std::uint32_t events, std::uint64_t token);
  void modify(int fd, std::uint32_t events, std::uint64_t token);
  void remove(int fd);
  /// The events that are there, after waiting until `until` at most (nothing: for ever). Valid
  /// until the next call.
  [[nodiscard]] std::span<const epoll_event> wait(std::optional<TimePoint> until);

 private:
  Descriptor epoll_;
  std::array<epoll_event, 128> events_{};
};

/// One due time for each of many sessions.
class Timers {
 public:
  explicit Timers(std::size_t count) : due_(count) {}

  void set(std::size_t id, std::optional<TimePoint> due);
  [[nodiscard]] std::optional<TimePoint> next() const;
  /// Takes one whose time has come, if any.
  [[nodiscard]] std::optional<std::size_t> take_due(TimePoint now);

 private:
  std::vector<std::optional<TimePoint>> due_;
  std::set<std::pair<TimePoint, std::size_t>> order_;
};

}  // namespace clustermpi
