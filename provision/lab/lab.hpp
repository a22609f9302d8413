// A throw-away cluster of virtual nodes on this machine, as kind is for Kubernetes: each a full
// Debian with systemd and sshd in its own network namespace.
#pragma once

#include <chrono>
#include <cstdint>
#include <filesystem>
#include <string>
#include <vector>

#include "provision/cancel.hpp"
#include "provision/reporter.hpp"

namespace clustermpi::lab {

struct NodeGroup {
  unsigned nodes = 4;
  std::string suite = "bookworm";  ///< or trixie
  std::string arch = "amd64";      ///< or arm64
};

struct UpOptions {
  std::string name = "lab";
  std::vector<NodeGroup> groups{NodeGroup{}};
  std::filesystem::path inventory = "cluster.toml";  ///< written for the other commands
  bool add = false;    ///< to a lab that runs already; its cluster.toml is extended
  bool slurm = true;   ///< ask for it in the inventory; not for one that is added to
  bool force = false;  ///< overwrite an inventory that is not this lab's
};

struct NodeStatus {
  std::string name;
  std::string address;
  std::string suite;
  std::string arch;
  bool running = false;
  bool cut = false;             ///< its link is down
  std::uint64_t rate_bits = 0;  ///< limit of its NIC; 0: none
};

struct LabStatus {
  std::string name;
  std::string subnet;
  std::filesystem::path inventory;
  bool complete = false;  ///< false: `lab up` was interrupted; `lab down` clears it away
  std::vector<NodeStatus> nodes;
};

/// All throw Error: local_failure with what to install or do, usage for names that make no sense.
void up(const UpOptions& options, Reporter& reporter, CancelToken& cancel);
[[nodiscard]] std::vector<LabStatus> list();
void down(const std::string& name, Reporter& reporter);
void down_all(Reporter& reporter);

void cut(const std::string& host);  ///< link down: packets are lost, the node runs on
void mend(const std::string& host);
void stop(const std::string& host);  ///< power off, at once, as by pulling the plug; its disk stays
void start(const std::string& host, Reporter& reporter, CancelToken& cancel);
void limit(const std::string& host, std::uint64_t bits_per_second);  ///< 0 lifts it
/// "100mbit", "1gbit", "512kbit", "off" -> bits per second. Throws Error{usage}.
[[nodiscard]] std::uint64_t parse_rate(const std::string& text);

}  // namespace clustermpi::lab
