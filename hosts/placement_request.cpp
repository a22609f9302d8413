#include "hosts/placement_request.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>

#include "hosts/hostlist.hpp"
#include "hosts/hostlist_numbers.hpp"
#include "hosts/hostlist_sources.hpp"

namespace clustermpi {
namespace {

/// Where the cores begin, at a colon outside of brackets; npos where there are none.
std::size_t find_colon(std::string_view text) {
  const std::size_t colon = text.rfind(':');
  const std::size_t bracket = text.rfind(']');
  if (colon == text.npos || (bracket != text.npos && colon < bracket)) return text.npos;
  const bool names_group = text.find('@') != text.npos;
  return names_group && digits_at(text, colon + 1) == 0 ? text.npos : colon;
}

class CoresParser {
 public:
  /// `text` from `position` on is "FIRST" or "FIRST-LAST".
  CoresParser(std::string_view text, std::size_t position) : text_(text), position_(position) {}

  Span parse() {
    const std::size_t begin = position_;
    const unsigned first = number();
    unsigned last = first;
    if (position_ < text_.size() && text_[position_] == '-') {
      ++position_;
      last = number();
    }
    if (position_ < text_.size()) fail("cores are one number or one range, such as 0-3", position_);
    if (last < first) fail("the range of cores runs backwards", begin);
    return {first, last - first + 1};
  }

 private:
  [[noreturn]] void fail(const char* message, std::size_t position) const {
    throw HostlistError(message, std::string(text_), position);
  }

  unsigned number() {
    unsigned value = 0;
    const char* begin = text_.data() + position_;
    const auto [end, error] = std::from_chars(begin, text_.data() + text_.size(), value);
    if (error != std::errc{} || value > most_core)
      fail("the number of a core is missing here", position_);
    position_ = static_cast<std::size_t>(end - text_.data());
    return value;
  }

  static constexpr unsigned most_core = 65535;

  std::string_view text_;
  std::size_t position_;
};

}  // namespace

std::vector<RankWish> parse_rank_wishes(std::string_view text, const HostlistSources& sources) {
  const std::size_t colon = find_colon(text);
  std::optional<Span> cores;
  if (colon != text.npos) cores = CoresParser(text, colon + 1).parse();
  std::vector<RankWish> wishes;
  for (std::string& host : Hostlist::parse(text.substr(0, colon), sources).names())
    wishes.push_back({std::move(host), cores});
  if (wishes.empty()) throw HostlistError("a host is missing here", std::string(text), 0);
  return wishes;
}

std::vector<RankWish> parse_rank_wishes(std::string_view text) {
  return parse_rank_wishes(text, {});
}

std::vector<std::string> words_of(const PlacementRequest& request) {
  std::vector<std::string> words{std::string(name_of(request.policy))};
  if (request.threads != 1) words.push_back(fmt::format("threads={}", request.threads));
  if (request.per_node != 0) words.push_back(fmt::format("per-node={}", request.per_node));
  if (request.exclude_manager) words.emplace_back("exclude-manager");
  for (const std::string& label : request.only_labels) words.push_back("only-label=" + label);
  for (const auto& [name, weight] : request.weights)
    words.push_back(fmt::format("weight={}={}", name, weight));
  for (const RankWish& wish : request.ranks) {
    words.push_back(wish.cores ? fmt::format("{}:{}-{}", wish.host, wish.cores->first,
                                             wish.cores->first + wish.cores->count - 1)
                               : wish.host);
  }
  return words;
}

}  // namespace clustermpi
