// One virtual node: a disk of its own over the shared base root, a system booted from it.
#pragma once

#include <chrono>
#include <filesystem>
#include <string>
#include <vector>

#include "provision/cancel.hpp"
#include "provision/lab/apt.hpp"
#include "provision/lab/store.hpp"
#include "provision/reporter.hpp"

namespace clustermpi::lab {

/// Where the parts of one node are.
struct NodePaths {
  explicit NodePaths(const std::filesystem::path& folder);
  std::filesystem::path upper;
  std::filesystem::path work;
  std::filesystem::path root;
  std::filesystem::path console;
  std::filesystem::path host_key;  ///< the public half, below `root`
};

/// Mounts the node's disk and writes what makes it this node: name, identity, host key, the user's
/// key, apt's sources. Throws Error{local_failure}.
void make_disk(const NodeRecord& node, const NodePaths& paths, const std::filesystem::path& base,
               const AptSetup& apt, const std::string& authorized_key);

/// Powers the node on; its namespace exists.
pid_t boot(const NodeRecord& node, const NodePaths& paths);
/// The nspawn processes whose node has its root at or below `folder`.
[[nodiscard]] std::vector<pid_t> machines_below(const std::filesystem::path& folder);
/// Pulls the plug, and returns when nothing of the node runs any more.
void power_off(const NodeRecord& node, const NodePaths& paths);

struct BootingNode {
  NodeRecord node;
  NodePaths paths;
  pid_t machine = 0;
};
/// Returns when sshd of every node has said its banner; each is reported as host_done. Throws
/// Error{local_failure} naming the node that died or is late, and its console log; {interrupted}
/// after a cancel.
void wait_for_ssh(const std::vector<BootingNode>& nodes, std::chrono::seconds limit,
                  Reporter& reporter, CancelToken& cancel);

}  // namespace clustermpi::lab
