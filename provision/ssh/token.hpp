// What an event belongs to, packed into the 64 bits that epoll hands back.
#pragma once

#include <cstddef>
#include <cstdint>

namespace clustermpi {

struct Token {
  enum class Source : std::uint8_t { session, tunnel, agent, input, resolver, cancel };

  Source source = Source::session;
  std::uint32_t number = 0;  ///< 24 bits: of a session its generation, of a tunnel its own
  std::uint32_t index = 0;   ///< of the session, the agent, the input

  [[nodiscard]] std::uint64_t pack() const {
    return std::uint64_t{static_cast<std::uint8_t>(source)} << 56 |
           std::uint64_t{number & 0xffffffu} << 32 | index;
  }
  [[nodiscard]] static Token unpack(std::uint64_t bits) {
    return {static_cast<Source>(bits >> 56), static_cast<std::uint32_t>(bits >> 32) & 0xffffffu,
            static_cast<std::uint32_t>(bits)};
  }
};

}  // namespace clustermpi
