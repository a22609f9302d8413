// [placement]: which rank runs where if nobody says otherwise.
#include <algorithm>
#include <map>
#include <unordered_set>

#include "hosts/groups.hpp"
#include "hosts/hints.hpp"
#include "hosts/hostlist.hpp"
#include "hosts/inventory_draft.hpp"

namespace clustermpi {
namespace {

class PlacementReader {
 public:
  explicit PlacementReader(InventoryDraft& draft) : draft_(draft) {}

  void read(const toml::table& root) {
    auto placement = draft_.section(root, "placement");
    if (!placement) return;
    for (const std::string& host : names_of(draft_.inventory)) hosts_.insert(host);
    labels_ = labels_of(draft_.inventory);
    PlacementRequest request;
    if (const auto threads = placement->number("threads", 1, most_slots))
      request.threads = static_cast<unsigned>(threads->value);
    if (const auto per_node = placement->number("per_node", 1, most_slots))
      request.per_node = static_cast<unsigned>(per_node->value);
    if (const auto without = placement->flag("exclude_manager"))
      request.exclude_manager = without->value;
    request.only_labels = read_known_labels(*placement);
    request.weights = read_weights(*placement);
    request.ranks = read_ranks(*placement);
    read_policy(*placement, request);
    placement->finish();
    draft_.inventory.placement = std::move(request);
  }

 private:
  /// Weights and lists are each of one policy's, which then need not be said.
  void read_policy(Section& placement, PlacementRequest& request) {
    std::vector<std::string> words;
    for (const PolicyName& each : policy_names) words.emplace_back(each.name);
    if (const auto policy = draft_.choice(placement, "policy", words)) {
      request.policy = policy_names.at(*policy).policy;
    } else if (!placement.has("policy")) {
      if (!request.weights.empty()) request.policy = Policy::weighted;
      if (!request.ranks.empty()) request.policy = Policy::explicit_list;
    }
    if (request.policy == Policy::explicit_list && !placement.has("ranks"))
      draft_.findings.add(placement.place(), "the policy explicit has no list",
                          "say where each rank runs: ranks = [\"red:0\", \"red0[1-3]:0-1\"]");
  }

  [[nodiscard]] bool is_label(std::string_view word) const {
    return std::find(labels_.begin(), labels_.end(), word) != labels_.end();
  }

  std::vector<std::string> read_known_labels(Section& placement) {
    std::vector<std::string> labels;
    const auto found = placement.texts("only_labels");
    if (!found) return labels;
    for (const Text& label : found->value) {
      labels.push_back(label.value);
      if (!draft_.hosts_lost && !is_label(label.value))
        draft_.findings.add(label.place, fmt::format("no host has the label '{}'", label.value),
                            did_you_mean(label.value, labels_));
    }
    return labels;
  }

  std::map<std::string, double, std::less<>> read_weights(Section& placement) {
    std::map<std::string, double, std::less<>> weights;
    for (const auto& [name, weight] : placement.numbers("weights")) {
      weights.emplace(name.value, weight);
      if (draft_.hosts_lost || is_label(name.value) || draft_.inventory.find(name.value) != nullptr)
        continue;
      std::vector<std::string> known = labels_;
      for (const std::string& host : names_of(draft_.inventory)) known.push_back(host);
      draft_.findings.add(name.place, fmt::format("'{}' is neither a host nor a label", name.value),
                          did_you_mean(name.value, known));
    }
    return weights;
  }

  std::vector<RankWish> read_ranks(Section& placement) {
    std::vector<RankWish> ranks;
    const auto found = placement.texts("ranks");
    if (!found) return ranks;
    for (const Text& text : found->value) {
      try {
        std::vector<RankWish> wishes = parse_rank_wishes(text.value, draft_.known_groups());
        check_wishes(wishes, text.place);
        std::move(wishes.begin(), wishes.end(), std::back_inserter(ranks));
      } catch (const HostlistError& error) {
        draft_.findings.add(draft_.inside(text.place, error.position()), error.what(),
                            error.hint());
      }
    }
    return ranks;
  }

  void check_wishes(const std::vector<RankWish>& wishes, Place place) {
    if (draft_.hosts_lost) return;
    std::vector<std::string> unknown;
    for (const RankWish& wish : wishes)
      if (!hosts_.contains(wish.host)) unknown.push_back(wish.host);
    if (!unknown.empty())
      draft_.findings.add(
          place,
          fmt::format("{} {}", fold_hostlist(unknown),
                      unknown.size() == 1 ? "is not one of the hosts" : "are not among the hosts"),
          draft_.nearest_host(unknown.front()));
  }

  InventoryDraft& draft_;
  std::unordered_set<std::string> hosts_;  // their names
  std::vector<std::string> labels_;
};

}  // namespace

void read_placement(InventoryDraft& draft, const toml::table& root) {
  PlacementReader(draft).read(root);
}

}  // namespace clustermpi
