#include "provision/ssh/poller.hpp"

#include <algorithm>
#include <cassert>
#include <climits>

#include "hosts/error.hpp"

namespace clustermpi {

Poller::Poller() : epoll_(::epoll_create1(EPOLL_CLOEXEC)) {
  if (!epoll_.is_open()) throw Error(ExitCode::local_failure, "cannot create an epoll descriptor");
}

void Poller::add(int fd, std::uint32_t events, std::uint64_t token) {
  epoll_event event{};
  event.events = events;
  event.data.u64 = token;
  [[maybe_unused]] const int result = ::epoll_ctl(epoll_.get(), EPOLL_CTL_ADD, fd, &event);
  assert(result == 0);
}

void Poller::modify(int fd, std::uint32_t events, std::uint64_t token) {
  epoll_event event{};
  event.events = events;
  event.data.u64 = token;
  [[maybe_unused]] const int result = ::epoll_ctl(epoll_.get(), EPOLL_CTL_MOD, fd, &event);
  assert(result == 0);
}

void Poller::remove(int fd) {
  ::epoll_ctl(epoll_.get(), EPOLL_CTL_DEL, fd, nullptr);
}

std::span<const epoll_event> Poller::wait(std::optional<TimePoint> until) {
  int timeout = -1;
  if (until) {
    // Rounded up: waking a moment early would mean waking twice.
    const auto left = std::chrono::ceil<std::chrono::milliseconds>(*until - Clock::now()).count();
    timeout = static_cast<int>(std::clamp<long>(left, 0, INT_MAX));
  }
  const int count =
      ::epoll_wait(epoll_.get(), events_.data(), static_cast<int>(events_.size()), timeout);
  return {events_.data(), static_cast<std::size_t>(std::max(count, 0))};  // interrupted: none
}

void Timers::set(std::size_t id, std::optional<TimePoint> due) {
  if (due_[id] == due) return;
  if (due_[id]) order_.erase({*due_[id], id});
  if (due) order_.emplace(*due, id);
  due_[id] = due;
}

std::optional<TimePoint> Timers::next() const {
  if (order_.empty()) return std::nullopt;
  return order_.begin()->first;
}

std::optional<std::size_t> Timers::take_due(TimePoint now) {
  if (order_.empty() || order_.begin()->first > now) return std::nullopt;
  const std::size_t id = order_.begin()->second;
  set(id, std::nullopt);
  return id;
}

}  // namespace clustermpi
