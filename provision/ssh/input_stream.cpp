#include "provision/ssh/input_stream.hpp"

#include <unistd.h>

#include <algorithm>
#include <cerrno>

namespace clustermpi {

bool InputStream::wants_data() const {
  return !ended_ && held_.size() < capacity;
}

void InputStream::fill() {
  const std::size_t before = held_.size();
  held_.resize(capacity);
  const ssize_t got = ::read(fd_, held_.data() + before, capacity - before);
  const int error = errno;
  held_.resize(before + static_cast<std::size_t>(std::max<ssize_t>(got, 0)));
  const bool try_again = got < 0 && (error == EINTR || error == EAGAIN);
  if (got <= 0 && !try_again) ended_ = true;
  if (form_ == Form::pieces && !try_again)
    held_.insert(before, std::to_string(std::max<ssize_t>(got, 0)) + '\n');
  drop_what_all_have_taken();
}

InputStream::Reader InputStream::add_reader() {
  positions_.push_back(base_);
  return positions_.size() - 1;
}

void InputStream::remove_reader(Reader reader) {
  positions_[reader] = gone;
  drop_what_all_have_taken();
}

std::string_view InputStream::unread(Reader reader) const {
  return std::string_view(held_).substr(static_cast<std::size_t>(positions_[reader] - base_));
}

void InputStream::take(Reader reader, std::size_t bytes) {
  positions_[reader] += bytes;
  drop_what_all_have_taken();
}

bool InputStream::at_end(Reader reader) const {
  return ended_ && positions_[reader] - base_ == held_.size();
}

void InputStream::drop_what_all_have_taken() {
  const auto slowest = std::ranges::min_element(positions_);
  if (slowest == positions_.end()) return;
  const std::uint64_t upto = std::min(*slowest, base_ + held_.size());  // no reader left: all of it
  held_.erase(0, static_cast<std::size_t>(upto - base_));
  base_ = upto;
}

}  // namespace clustermpi
