// What comes in on one descriptor and goes to the stdin of many commands at once.
#pragma once

#include <sys/types.h>

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace clustermpi {

/// Holds what the slowest of its readers has not taken yet, and takes no more than `capacity` bytes
/// ahead of it: however much comes, memory stays bounded. Belongs to one run of one fleet, whose
/// event loop feeds it.
class InputStream {
 public:
  static constexpr std::size_t capacity = 1u << 20;

  enum class Form {
    plain,   ///< what is read, and its end
    pieces,  ///< what is read, each time behind a line with its size; "0\n" tells of its end, so
             ///< that what is fed can tell it from the end of the connection (remote/feed.py)
  };

  /// Reads `fd`, which stays the caller's and open while this lives.
  explicit InputStream(int fd, Form form = Form::plain) : fd_(fd), form_(form) {}

  [[nodiscard]] int fd() const { return fd_; }
  /// Neither at its end nor full.
  [[nodiscard]] bool wants_data() const;
  /// Reads what is there. To be called when the descriptor is readable.
  void fill();

  using Reader = std::size_t;
  Reader add_reader();  ///< starts at the beginning; before the first byte was dropped
  void remove_reader(Reader reader);
  [[nodiscard]] std::string_view unread(Reader reader) const;
  void take(Reader reader, std::size_t bytes);
  [[nodiscard]] bool at_end(Reader reader) const;  ///< nothing is left, and nothing will come

 private:
  void drop_what_all_have_taken();

  static constexpr std::uint64_t gone = ~std::uint64_t{0};

  int fd_;
  Form form_;
  bool ended_ = false;
  std::string held_;
  std::uint64_t base_ = 0;                ///< how many bytes came before `held_`
  std::vector<std::uint64_t> positions_;  ///< of each reader; `gone` where it was removed
};

}  // namespace clustermpi
