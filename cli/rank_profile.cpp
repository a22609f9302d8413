#include "cli/rank_profile.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <nlohmann/json.hpp>
#include <optional>
#include <ostream>

#include "cli/rank_output.hpp"
#include "provision/files.hpp"

namespace clustermpi::cli {

namespace {

constexpr std::size_t most_functions = 10;

using Shares = std::map<std::string, double, std::less<>>;  // by function

Shares shares_of(std::string_view profile) {
  Shares shares;
  double all = 0;
  while (!profile.empty()) {
    const std::string_view line = profile.substr(0, profile.find('\n'));
    profile.remove_prefix(std::min(line.size() + 1, profile.size()));
    double cost = 0;
    const auto [end, error] = std::from_chars(line.data(), line.data() + line.size(), cost);
    if (error != std::errc{} || end == line.data() + line.size() || *end != ' ') continue;
    shares[std::string(end + 1, line.data() + line.size())] += cost;
    all += cost;
  }
  if (all <= 0) return {};
  for (auto& [name, share] : shares) share /= all;
  return shares;
}

}  // namespace

FunctionShares function_shares(const std::vector<std::string>& profiles) {
  std::vector<Shares> ranks;
  std::map<std::string, FunctionShare, std::less<>> functions;
  for (const std::string& profile : profiles) {
    Shares shares = shares_of(profile);
    if (shares.empty()) continue;
    for (const auto& [name, share] : shares) functions[name].name = name;
    ranks.push_back(std::move(shares));
  }
  FunctionShares all{ranks.size(), {}};
  for (auto& [name, function] : functions) {
    function.lowest = 1;
    for (const Shares& shares : ranks) {
      const auto found = shares.find(name);
      const double share = found == shares.end() ? 0 : found->second;
      function.mean += share / static_cast<double>(ranks.size());
      function.lowest = std::min(function.lowest, share);
      function.highest = std::max(function.highest, share);
    }
    all.functions.push_back(std::move(function));
  }
  std::ranges::stable_sort(all.functions, std::greater(), &FunctionShare::mean);
  return all;
}

RankProfiles::RankProfiles(Session& session, std::filesystem::path folder)
    : session_(session), folder_(std::move(folder)) {
  make_rank_folder("--profile", folder_);
}

void RankProfiles::take(const RankPiece& piece) {
  profiles_[piece.rank] += piece.bytes;
}

void RankProfiles::end() {
  std::vector<std::string> profiles;
  remove_rank_files(folder_, {".profile"});
  for (const auto& [rank, profile] : profiles_) {
    write_file(folder_ / fmt::format("rank.{}.profile", rank), profile);
    profiles.push_back(profile);
  }
  shares_ = function_shares(profiles);
  if (session_.common.quiet || session_.common.json) return;
  std::ostream& to = session_.err();
  if (shares_.ranks == 0) {
    to << "no rank left a profile\n";
    return;
  }
  to << fmt::format("{:>7}  {:>15}  function, on {} rank{}: {}\n", "share", "lowest, highest",
                    shares_.ranks, shares_.ranks == 1 ? "" : "s", folder_.string());
  for (std::size_t i = 0; i < std::min(shares_.functions.size(), most_functions); ++i) {
    const FunctionShare& share = shares_.functions[i];
    to << fmt::format("{:>5.1f} %  {:>5.1f} - {:>5.1f} %  {}\n", 100 * share.mean,
                      100 * share.lowest, 100 * share.highest, printable(share.name));
  }
}

nlohmann::json RankProfiles::to_json() const {
  nlohmann::json functions = nlohmann::json::array();
  for (const FunctionShare& share : shares_.functions) {
    functions.push_back({{"function", printable(share.name)},
                         {"share", share.mean},
                         {"lowest", share.lowest},
                         {"highest", share.highest}});
  }
  return functions;
}

}  // namespace clustermpi::cli
