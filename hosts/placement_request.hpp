// What can be asked of a placement: by options of `run` and `generate`, and below [placement].
#pragma once

#include <array>
#include <functional>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "hosts/topology.hpp"

namespace clustermpi {

struct HostlistSources;  // hosts/hostlist_sources.hpp

enum class Policy {
  // These look at hosts: a host takes as many ranks as it has slots.
  fill,      ///< a host is filled before the next begins
  by_node,   ///< one rank a host, round and round
  weighted,  ///< faster hosts take more
  // These look at processors: a core is given once.
  by_core,        ///< a core a rank, host after host
  by_thread,      ///< a hardware thread a rank, host after host
  by_socket,      ///< host after host; on each, one rank a package, round and round
  by_numa,        ///< the same with NUMA nodes
  by_gpu,         ///< hosts with GPUs: a rank a GPU on every host, then round again. Local rank
                  ///< K is bound to cores of the share of GPU K modulo their number
  explicit_list,  ///< as listed, rank by rank
};

struct PolicyName {
  Policy policy;
  std::string_view name;
  std::string_view does;  ///< for help, after the name
};
inline constexpr std::array policy_names{
    PolicyName{Policy::fill, "fill", "a host is filled before the next begins (default)"},
    PolicyName{Policy::by_node, "by-node", "one rank a host, round and round"},
    PolicyName{Policy::weighted, "weighted",
               "faster hosts take more: by --weight, else as `verify pi` measured"},
    PolicyName{Policy::by_core, "by-core", "a core a rank, host after host"},
    PolicyName{Policy::by_thread, "by-thread", "a hardware thread a rank, host after host"},
    PolicyName{Policy::by_socket, "by-socket",
               "host after host, on each the processors take turns"},
    PolicyName{Policy::by_numa, "by-numa", "the same with NUMA nodes"},
    PolicyName{Policy::by_gpu, "by-gpu", "a rank a GPU, on hosts that have some"},
    PolicyName{Policy::explicit_list, "explicit", "the list `ranks` of [placement]"},
};

[[nodiscard]] constexpr std::string_view name_of(Policy policy) {
  for (const PolicyName& each : policy_names)
    if (each.policy == policy) return each.name;
  return "";
}

[[nodiscard]] constexpr std::optional<Policy> policy_of(std::string_view name) {
  for (const PolicyName& each : policy_names)
    if (each.name == name) return each.policy;
  return {};
}

/// Whether the policy leaves it to the slots how often a core is given.
[[nodiscard]] constexpr bool shares_cores(Policy policy) {
  return policy == Policy::fill || policy == Policy::by_node || policy == Policy::weighted;
}

/// One entry of an explicit list.
struct RankWish {
  std::string host;
  std::optional<Span> cores;  ///< logical; left out: the host's next free ones

  bool operator==(const RankWish&) const = default;
};

/// "red0[1-3]:0-1": hosts, and the cores that the rank gets on each. Behind a group there are cores
/// only where its last colon is followed by a digit: "@label:fast", "@label:fast:0-1". Throws
/// HostlistError where the text is none; `position` is in `text`.
[[nodiscard]] std::vector<RankWish> parse_rank_wishes(std::string_view text,
                                                      const HostlistSources& sources);
[[nodiscard]] std::vector<RankWish> parse_rank_wishes(std::string_view text);  ///< no groups

struct PlacementRequest {
  Policy policy = Policy::fill;
  unsigned np = 0;        ///< 0: as many ranks as there is room for
  unsigned threads = 1;   ///< cores a rank gets; by thread: hardware threads
  unsigned per_node = 0;  ///< ranks a host takes at most; 0: as many as it has slots
  bool exclude_manager = false;
  std::vector<std::string> only_labels;  ///< hosts with one of these; empty: all
  /// Of Policy::weighted: host or label -> how fast; empty: as measured.
  std::map<std::string, double, std::less<>> weights;
  std::vector<RankWish> ranks;  ///< of Policy::explicit_list

  bool operator==(const PlacementRequest&) const = default;
};

/// What it asks for beside np, a word each as the command line and [placement] have them:
/// "by-socket", "threads=2", "only-label=pi4"; for what keeps account of how a job was placed.
[[nodiscard]] std::vector<std::string> words_of(const PlacementRequest& request);

}  // namespace clustermpi
