#include "hosts/placement_explicit.hpp"

#include <fmt/format.h>

#include <optional>
#include <unordered_map>

#include "hosts/placement_words.hpp"

namespace clustermpi {
namespace {

/// The cores of one host while ranks are listed on it.
class ListedHost {
 public:
  explicit ListedHost(const NodeSlots& node) : taken_(node.cores, false) {}

  void take(const Span& cores) {
    for (unsigned i = 0; i < cores.count; ++i) taken_[cores.first + i] = true;
  }
  /// The first so many side by side that nobody has; nothing where there are none.
  std::optional<Span> take_free(unsigned width) {
    unsigned run = 0;
    for (unsigned core = 0; core < taken_.size(); ++core) {
      run = taken_[core] ? 0 : run + 1;
      if (run < width) continue;
      const Span cores{core + 1 - width, width};
      take(cores);
      return cores;
    }
    return {};
  }

 private:
  std::vector<bool> taken_;
};

void require_list(const PlacementRequest& request) {
  if (request.ranks.empty())
    refuse("the policy explicit has no list", "write it below [placement]: ranks = [\"red:0\"]");
  if (request.np > request.ranks.size())
    refuse(fmt::format("{} asked for, but the list of [placement] has {}",
                       count(request.np, "rank", "ranks"),
                       count(static_cast<unsigned>(request.ranks.size()), "rank", "ranks")),
           fmt::format("ask for at most {}, or make the list longer", request.ranks.size()));
}

using NodeIndex = std::unordered_map<std::string_view, std::uint32_t>;

std::uint32_t node_of(std::size_t rank, const RankWish& wish, const NodeIndex& index,
                      const std::vector<NodeSlots>& nodes) {
  const auto at = index.find(wish.host);
  if (at == index.end())
    refuse(fmt::format("rank {} is listed on {}, which cannot take part", rank, wish.host),
           fmt::format("those that can are {}", fold_hosts(nodes)));
  return at->second;
}

Span named_cores(std::size_t rank, const RankWish& wish, const NodeSlots& node) {
  const unsigned last = wish.cores->first + wish.cores->count - 1;
  if (last >= node.cores)
    refuse(fmt::format("rank {} is listed on core {} of {}, which has {}", rank, last, wish.host,
                       count(node.cores, "core", "cores")),
           "cores are counted from 0");
  return *wish.cores;
}

Span free_cores(std::size_t rank, unsigned width, ListedHost& host, const NodeSlots& node) {
  const auto cores = host.take_free(width);
  if (!cores)
    refuse(fmt::format("rank {} is listed on {}, where of {} not {} side by side {} left", rank,
                       node.host, count(node.cores, "core", "cores"), width,
                       width == 1 ? "is" : "are"),
           fmt::format("name the ones that it is to share, as in \"{}:0\"", node.host));
  return *cores;
}

}  // namespace

std::vector<RankPlace> as_listed(const std::vector<NodeSlots>& nodes,
                                 const PlacementRequest& request) {
  require_list(request);
  NodeIndex index;
  std::vector<ListedHost> hosts;
  for (std::uint32_t i = 0; i < nodes.size(); ++i) {
    index.emplace(nodes[i].host, i);
    hosts.emplace_back(nodes[i]);
  }
  std::vector<RankPlace> ranks(request.np == 0 ? request.ranks.size() : request.np);
  for (std::size_t rank = 0; rank < ranks.size(); ++rank) {
    const RankWish& wish = request.ranks[rank];
    RankPlace& place = ranks[rank];
    place.node = node_of(rank, wish, index, nodes);
    if (!wish.cores) continue;
    place.cpus = named_cores(rank, wish, nodes[place.node]);
    hosts[place.node].take(place.cpus);
  }
  for (std::size_t rank = 0; rank < ranks.size(); ++rank) {
    if (request.ranks[rank].cores) continue;
    RankPlace& place = ranks[rank];
    place.cpus = free_cores(rank, request.threads, hosts[place.node], nodes[place.node]);
  }
  return ranks;
}

}  // namespace clustermpi
