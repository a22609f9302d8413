// One line of a known_hosts file: which hosts it speaks of, and what it says of them.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "provision/ssh/host_key.hpp"

namespace clustermpi {

/// The name that a known_hosts line has for a host: "red01", "[red01]:2222".
[[nodiscard]] std::string known_hosts_name(std::string_view name, unsigned port);

/// The first field of a line.
class HostPatterns {
 public:
  /// Nothing where it is a hashed name that cannot be read.
  [[nodiscard]] static std::optional<HostPatterns> parse(std::string_view field);

  [[nodiscard]] bool hashed() const { return hash_with_.has_value(); }
  [[nodiscard]] const std::vector<std::string>& names() const { return names_; }
  /// Names alone, which a map can look up.
  [[nodiscard]] bool plain() const;
  /// `host` as known_hosts_name() spells it.
  [[nodiscard]] bool match(const std::string& host) const;

 private:
  std::vector<std::string> names_;
  std::optional<HmacSha1> hash_with_;
  std::string hash_;
};

struct KnownHostsLine {
  enum class Kind { key, revoked, authority };

  HostPatterns hosts;
  HostKey key;
  Kind kind = Kind::key;
};

/// Nothing for comments and for what cannot be read.
[[nodiscard]] std::optional<KnownHostsLine> parse_known_hosts_line(std::string_view text);

}  // namespace clustermpi
