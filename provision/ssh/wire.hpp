// The data types of the SSH protocol (RFC 4251, section 5).
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

namespace clustermpi {

/// Reads fields from bytes that somebody else chose, never past their end. A field that is not
/// there in full reads as empty, and so does all that comes after it: ask ok() once, at the end.
class WireReader {
 public:
  explicit WireReader(std::string_view bytes) : rest_(bytes) {}

  std::uint8_t byte() { return static_cast<std::uint8_t>(number(1)); }
  std::uint32_t uint32() { return static_cast<std::uint32_t>(number(4)); }
  std::uint64_t uint64() { return number(8); }
  /// A view into the bytes that were given.
  std::string_view string() { return take(uint32()); }
  void skip(std::size_t count) { take(count); }

  [[nodiscard]] bool ok() const { return ok_; }
  /// All was read, and there was enough of it.
  [[nodiscard]] bool at_end() const { return ok_ && rest_.empty(); }
  [[nodiscard]] std::string_view rest() const { return rest_; }

 private:
  std::string_view take(std::size_t count);
  std::uint64_t number(std::size_t size);

  std::string_view rest_;
  bool ok_ = true;
};

[[nodiscard]] std::string wire_uint32(std::uint32_t number);
[[nodiscard]] std::string wire_string(std::string_view bytes);

}  // namespace clustermpi
