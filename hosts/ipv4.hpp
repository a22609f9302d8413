// IPv4 addresses and networks as values.
#pragma once

#include <compare>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace clustermpi {

/// "192.168.1.10" -> its 32 bits, or nothing. Four decimal numbers and nothing else.
[[nodiscard]] std::optional<std::uint32_t> parse_ipv4(std::string_view text);

struct Ipv4Network {
  std::uint32_t base = 0;  ///< host bits are zero
  unsigned prefix = 0;     ///< 0..32

  // clang-tidy 14 takes a defaulted <=> for a null pointer
  auto operator<=>(const Ipv4Network&) const = default;  // NOLINT(modernize-use-nullptr)
  [[nodiscard]] bool contains(std::uint32_t address) const;
  [[nodiscard]] bool contains(const Ipv4Network& other) const;
};

/// The network of that size which `address` is in. `prefix` is at most 32.
[[nodiscard]] Ipv4Network network_of(std::uint32_t address, unsigned prefix);

/// "192.168.1.0/24", or nothing. Host bits are cut off; the caller compares where that matters.
[[nodiscard]] std::optional<Ipv4Network> parse_ipv4_network(std::string_view text);

[[nodiscard]] std::string to_string(const Ipv4Network& network);

}  // namespace clustermpi
