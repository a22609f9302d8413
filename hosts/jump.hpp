// The way to a host through others, as OpenSSH's ProxyJump writes it.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace clustermpi {

/// "[USER@]HOST[:PORT]", an IPv6 address in brackets.
struct JumpHop {
  std::string user;  ///< empty: what ssh's configuration says
  std::string host;  ///< without brackets
  std::optional<std::uint16_t> port;

  bool operator==(const JumpHop&) const = default;
};

/// The hops of "first,second", nearest to us first. Throws std::invalid_argument whose text ends a
/// sentence that begins with the jump ("has an empty hop in it"). What a shell could take for more
/// than a name is refused: ssh hands these words to one.
[[nodiscard]] std::vector<JumpHop> parse_jump(std::string_view text);

/// The hops as parse_jump() reads them; empty for none.
[[nodiscard]] std::string to_string(const std::vector<JumpHop>& hops);

}  // namespace clustermpi
