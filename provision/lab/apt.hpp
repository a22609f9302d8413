// The nodes install from where this machine does: its own mirrors, for the suite that the node has.
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace clustermpi::lab {

/// One `deb` entry of sources.list or of a .sources file.
struct AptSource {
  std::vector<std::string> uris;
  std::vector<std::string> suites;
  std::vector<std::string> components;
  std::string signed_by;

  bool operator==(const AptSource&) const = default;
};

[[nodiscard]] std::vector<AptSource> parse_sources_list(
    std::string_view text);  ///< `deb [..] URI SUITE ..`
[[nodiscard]] std::vector<AptSource> parse_deb822(std::string_view text);  ///< `Types: deb` stanzas

/// Those of `sources` that are Debian's own archive for `codename`, with its suites renamed to
/// `wanted`
/// (`-updates` and `-security` likewise). Everything else this machine may use is not for the
/// nodes.
[[nodiscard]] std::vector<AptSource> debian_sources(const std::vector<AptSource>& sources,
                                                    std::string_view codename,
                                                    std::string_view wanted);

/// Of `apt-config dump`: how archives are reached and judged (proxies, dates, retries, languages).
[[nodiscard]] std::string relevant_apt_conf(std::string_view dump);

struct AptSetup {
  std::string mirror;   ///< for debootstrap
  std::string keyring;  ///< that signs it
  std::string sources;  ///< content of a .sources file
  std::string conf;     ///< content of an apt.conf.d file
};
/// Reads this machine's configuration. Throws Error{local_failure} where it has no Debian archive.
[[nodiscard]] AptSetup apt_setup(const std::string& suite);

}  // namespace clustermpi::lab
