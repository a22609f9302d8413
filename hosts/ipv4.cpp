#include "hosts/ipv4.hpp"

#include <fmt/format.h>

#include <charconv>

namespace clustermpi {
namespace {

/// A decimal number without sign or leading zeros (which some tools read as octal), at most `most`.
std::optional<unsigned> parse_number(std::string_view text, unsigned most) {
  unsigned value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc{} || end != text.data() + text.size() || value > most) return {};
  if (text.size() > 1 && text.front() == '0') return {};
  return value;
}

std::uint32_t mask_of(unsigned prefix) {
  return prefix == 0 ? 0 : ~std::uint32_t{0} << (32 - prefix);
}

}  // namespace

std::optional<std::uint32_t> parse_ipv4(std::string_view text) {
  std::uint32_t address = 0;
  for (int part = 0; part < 4; ++part) {
    const bool last = part == 3;
    const std::size_t dot = last ? text.size() : text.find('.');
    if (dot == std::string_view::npos) return {};
    const auto number = parse_number(text.substr(0, dot), 255);
    if (!number) return {};
    address = address << 8 | *number;
    text.remove_prefix(last ? dot : dot + 1);
  }
  return address;
}

bool Ipv4Network::contains(std::uint32_t address) const {
  return (address & mask_of(prefix)) == base;
}

bool Ipv4Network::contains(const Ipv4Network& other) const {
  return other.prefix >= prefix && contains(other.base);
}

Ipv4Network network_of(std::uint32_t address, unsigned prefix) {
  return {address & mask_of(prefix), prefix};
}

std::optional<Ipv4Network> parse_ipv4_network(std::string_view text) {
  const std::size_t slash = text.find('/');
  if (slash == std::string_view::npos) return {};
  const auto address = parse_ipv4(text.substr(0, slash));
  const auto prefix = parse_number(text.substr(slash + 1), 32);
  if (!address || !prefix) return {};
  return network_of(*address, *prefix);
}

std::string to_string(const Ipv4Network& network) {
  const auto byte = [&](unsigned shift) { return network.base >> shift & 0xff; };
  return fmt::format("{}.{}.{}.{}/{}", byte(24), byte(16), byte(8), byte(0), network.prefix);
}

}  // namespace clustermpi
