// The numbers in names, for the sources of the hostlist and of what holds one.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace clustermpi {

/// Eighteen digits always fit into 64 bits; a longer run of digits is no host number.
inline constexpr std::size_t max_digits = 18;

[[nodiscard]] constexpr bool is_digit(char c) {
  return c >= '0' && c <= '9';
}

/// How many digits there are from `position` on.
[[nodiscard]] inline std::size_t digits_at(std::string_view text, std::size_t position) {
  std::size_t end = position;
  while (end < text.size() && is_digit(text[end])) ++end;
  return end - position;
}

[[nodiscard]] inline std::uint64_t to_number(std::string_view digits) {
  std::uint64_t value = 0;
  for (const char c : digits) value = value * 10 + static_cast<std::uint64_t>(c - '0');
  return value;
}

/// Digits that `value` has without zeros before it.
[[nodiscard]] std::size_t digit_count(std::uint64_t value);

/// Writes `value` with at least `width` digits.
void append_number(std::string& out, std::uint64_t value, std::size_t width);

/// Numbers first, first + step, ... up to last, each written with at least `width` digits.
struct NumberRange {
  std::uint64_t first = 0;
  std::uint64_t last = 0;
  std::size_t width = 1;
  std::uint64_t step = 1;

  // clang-tidy 14 takes a defaulted <=> for a null pointer
  auto operator<=>(const NumberRange&) const = default;  // NOLINT(modernize-use-nullptr)
  [[nodiscard]] std::uint64_t size() const { return (last - first) / step + 1; }
};
using NumberRanges = std::vector<NumberRange>;

/// "0-3,8,10-20/2": what stands between brackets. Throws HostlistError.
[[nodiscard]] NumberRanges parse_number_ranges(std::string_view text);

}  // namespace clustermpi
