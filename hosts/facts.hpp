// What a node says of itself, as the probe script printed it.
#pragma once

#include <cstdint>
#include <map>
#include <nlohmann/json_fwd.hpp>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace clustermpi {

struct Version {
  int major = 0;
  int minor = 0;
  int patch = 0;

  auto operator<=>(const Version&) const = default;
};

/// "4.1.4-3+b1" -> {4,1,4}; an epoch ("1:") and anything after the numbers are dropped.
[[nodiscard]] std::optional<Version> parse_version(std::string_view text);
[[nodiscard]] std::string to_string(const Version& version);

struct Interface {
  std::string name;
  std::string address;  ///< IPv4, without the prefix length
  unsigned prefix = 0;

  bool operator==(const Interface&) const = default;
};

struct Facts {
  std::string hostname;
  std::string os_id;        ///< "debian", "ubuntu", "raspbian"
  std::string os_version;   ///< "12"
  std::string os_codename;  ///< "bookworm"
  std::string architecture; ///< dpkg's: "amd64", "arm64", "armhf"
  std::string kernel;
  unsigned sockets = 1;           ///< processors
  unsigned cores_per_socket = 1;
  unsigned threads_per_core = 1;
  std::uint64_t memory_kib = 0;
  std::uint64_t disk_free_kib = 0;  ///< on the file system of /usr and /var, the smaller
  std::string model;                ///< board model, "Raspberry Pi 4 Model B Rev 1.4"; may be empty
  std::string virtualization;       ///< systemd-detect-virt; "none" on bare metal
  std::vector<Interface> interfaces;
  std::string cluster_interface;  ///< the NIC over which we reached the node
  std::string cluster_address;    ///< its address there
  std::string home;  ///< home of the user we logged in as
  std::string login_user;
  bool sudo = false;                      ///< root without a password
  std::optional<Version> python;          ///< none installed: empty
  bool python_apt = false;                ///< whether Ansible's apt module would work at once
  double clock_offset = 0;                ///< seconds, node minus here; half the round trip corrected
  std::map<std::string, std::string> packages;    ///< of those we care about, installed: name -> version
  std::map<std::string, std::string> candidates;  ///< what apt would install; empty without lists

  [[nodiscard]] unsigned cores() const { return sockets * cores_per_socket; }
};

/// Reads the output of remote/probe.sh (`key=value` lines; unknown keys ignored, so that an old program
/// reads a newer probe). Throws std::invalid_argument naming the missing key.
[[nodiscard]] Facts parse_probe(std::string_view output);

void to_json(nlohmann::json& json, const Facts& facts);
void from_json(const nlohmann::json& json, Facts& facts);

}  // namespace clustermpi
