// What a node says of itself, as the probe script printed it.
//
// The protocol: provision/remote/probe.sh prints one `key=value` a line between `probe=1` and
// `end=1`. What stands before (a chatty .bashrc) is ignored, and so are unknown keys. A value is
// all that follows the first '='; it ends at the line's end and may be empty. A key that is given
// again replaces the first, except those marked *, which add up.
//
//   hostname, kernel, os_id, os_version, os_codename, model, virtualization, architecture, home,
//   login_user         as the fields below
//   topology*          "FILE:CONTENT", in /sys/devices/system (hosts/topology_sources.hpp)
//   topology_xml*      a line of hwloc's XML; instead of the above where hwloc is installed
//   cpus               how many there are; only where nothing of the above can be said
//   memory_kib, disk_free_kib
//   clock              seconds since 1970, with a fraction where `date` can
//   ssh_connection     $SSH_CONNECTION: client address and port, server address and port
//   interface*         "NAME ADDRESS/PREFIX", IPv4 and IPv6, without the loopback interface
//   sudo               1, 0, or `password` where it asks for one
//   machine            what `uname -m` says: the kernel's architecture, not the userland's
//   uid                of the user we logged in as
//   cgroup_controllers of the unified hierarchy, "cpuset cpu io memory pids"; left out on cgroup v1
//   gpus               how many NVIDIA devices there are
//   slurmd             first line of `slurmd -C`; left out where there is none
//   boot_id            the kernel's; another one after each start
//   boot_line_file     where the boot loader takes the kernel's line from; left out where
//                      there is no such file
//   boot_line_has_word, kernel_was_given_word   1 where cgroup_enable=memory is on that line, and
//                      on the one that the kernel was started with
//   python             version of /usr/bin/python3; left out where there is none
//   host_key*          "TYPE BASE64", of its SSH server
//   package*, candidate*   "NAME VERSION"
//
// Nodes are not trusted: control characters are dropped from values, and those that end up in paths
// or in Ansible's templates (architecture, home, names) are empty where they have unexpected
// characters.
#pragma once

#include <cstdint>
#include <map>
#include <nlohmann/json_fwd.hpp>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "hosts/topology.hpp"

namespace clustermpi {

struct Version {
  int major = 0;
  int minor = 0;
  int patch = 0;

  // clang-tidy 14 takes a defaulted <=> for a null pointer
  auto operator<=>(const Version&) const = default;  // NOLINT(modernize-use-nullptr)
};

/// "4.1.4-3+b1" -> {4,1,4}; an epoch ("1:") and anything after the numbers are dropped.
/// "4.3.0+really4.2.1-1" -> {4,2,1}: so Debian names what goes back to an older release.
[[nodiscard]] std::optional<Version> parse_version(std::string_view text);
[[nodiscard]] std::string to_string(const Version& version);

struct Interface {
  std::string name;
  std::string address;  ///< IPv4, without the prefix length
  unsigned prefix = 0;

  bool operator==(const Interface&) const = default;
};

/// A node as its slurmd sees it: what slurm.conf may promise of it at most.
struct SlurmHardware {
  unsigned cpus = 1;
  unsigned boards = 1;
  unsigned sockets_per_board = 1;
  unsigned cores_per_socket = 1;
  unsigned threads_per_core = 1;
  std::uint64_t memory_mib = 0;

  bool operator==(const SlurmHardware&) const = default;
};

/// Reads the first line of `slurmd -C`; nothing where it is none.
[[nodiscard]] std::optional<SlurmHardware> parse_slurmd_hardware(std::string_view line);

struct Facts {
  std::string hostname;      ///< what it calls itself, up to the first dot
  std::string os_id;         ///< "debian", "ubuntu", "raspbian"
  std::string os_version;    ///< "12"
  std::string os_codename;   ///< "bookworm"
  std::string architecture;  ///< dpkg's: "amd64", "arm64", "armhf"
  std::string kernel;
  std::string machine;   ///< of the kernel: "aarch64" below an armhf userland, too
  unsigned sockets = 1;  ///< processors; 1 where cores do not spread evenly over them
  unsigned cores_per_socket = 1;
  unsigned threads_per_core = 1;     ///< rounded down where cores differ
  std::optional<Topology> topology;  ///< how they are laid out, where the node could say
  std::uint64_t memory_kib = 0;
  std::uint64_t disk_free_kib = 0;  ///< on the file system of /usr and /var, the smaller
  std::string model;                ///< board model, "Raspberry Pi 4 Model B Rev 1.4"; may be empty
  std::string virtualization;       ///< systemd-detect-virt; "none" on bare metal
  std::vector<Interface> interfaces;  ///< those with an IPv4 address, loopback left out
  std::string cluster_interface;      ///< the NIC over which we reached the node
  std::string cluster_address;        ///< its address there
  std::string home;                   ///< home of the user we logged in as
  std::string login_user;
  std::uint32_t uid = 0;               ///< of login_user
  bool sudo = false;                   ///< root without a password
  bool sudo_asks = false;              ///< root with a password, it seems
  std::vector<std::string> host_keys;  ///< of its SSH server: "ssh-ed25519 AAAA...", sorted
  std::optional<Version> python;       ///< none installed: empty
  bool python_apt = false;             ///< whether Ansible's apt module would work at once
  std::vector<std::string> cgroup_controllers;  ///< of cgroup v2; empty: v1, or none
  unsigned gpus = 0;                            ///< NVIDIA's
  std::optional<SlurmHardware> slurmd;          ///< no slurmd there: empty
  std::string boot_id;              ///< of the kernel that runs: another one after each start
  std::string boot_line_file;       ///< has the kernel's next line, on a Raspberry Pi; else empty
  bool boot_line_has_word = false;  ///< cgroup_enable=memory is on it
  bool kernel_was_given_word = false;  ///< it was on the line of the kernel that runs
  double clock = 0;                    ///< the node's, seconds since 1970, while the probe ran
  double clock_offset = 0;  ///< seconds, node minus here; filled in by who timed the probe
  std::map<std::string, std::string>
      packages;  ///< of those we care about, installed: name -> version
  std::map<std::string, std::string> candidates;  ///< what apt would install; empty without lists

  [[nodiscard]] unsigned cores() const { return sockets * cores_per_socket; }

  bool operator==(const Facts&) const = default;
};

/// Reads the output of remote/probe.sh. Throws std::invalid_argument naming the missing key.
[[nodiscard]] Facts parse_probe(std::string_view output);

void to_json(nlohmann::json& json, const SlurmHardware& hardware);
void from_json(const nlohmann::json& json, SlurmHardware& hardware);
void to_json(nlohmann::json& json, const Facts& facts);
void from_json(const nlohmann::json& json, Facts& facts);

}  // namespace clustermpi
