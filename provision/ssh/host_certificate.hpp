// Certificates of host keys, as OpenSSH has them (PROTOCOL.certkeys): an authority's word that a
// key belongs to certain hosts for a certain time.
#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "provision/ssh/host_key.hpp"

namespace clustermpi {

/// Of a certificate whose signature holds.
struct HostCertificate {
  HostKey key;        ///< the plain key that it is about
  HostKey authority;  ///< who signed it; whether that one is trusted is not said here
  bool for_a_host = false;
  std::vector<std::string> principals;  ///< names of hosts; none: any host
  std::uint64_t valid_after = 0;        ///< seconds since 1970
  std::uint64_t valid_before = 0;
  std::vector<std::string> critical_options;  ///< none is defined for hosts
};

/// The algorithms for which a server may have a certificate that we can read, in our order of
/// preference.
[[nodiscard]] std::span<const std::string_view> certificate_algorithms();

/// Reads a certificate and verifies its signature. Throws std::invalid_argument with the reason in
/// plain words: "it cannot be read", "its signature does not hold: ...".
[[nodiscard]] HostCertificate read_host_certificate(std::string_view blob);

/// Why `certificate` does not hold for the host `name` at `now`, in plain words; nothing where it
/// does. Judges as OpenSSH 9.2 does: principals are compared as they are (no wildcards, no ports)
/// with the name in lower case, and a certificate without any holds for all hosts.
[[nodiscard]] std::optional<std::string> why_not_valid(const HostCertificate& certificate,
                                                       std::string_view name,
                                                       std::chrono::system_clock::time_point now);

}  // namespace clustermpi
