#include "cli/rank_output.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <fstream>
#include <nlohmann/json.hpp>
#include <ostream>
#include <utility>
#include <vector>

#include "cli/node_output.hpp"
#include "hosts/hostlist.hpp"

namespace clustermpi::cli {

namespace fs = std::filesystem;

namespace {

bool is_of_a_rank(std::string_view name, const std::vector<std::string_view>& endings) {
  constexpr std::string_view prefix = "rank.";
  if (!name.starts_with(prefix)) return false;
  name.remove_prefix(prefix.size());
  const std::size_t digits = std::min(name.find_first_not_of("0123456789"), name.size());
  return digits > 0 && std::ranges::find(endings, name.substr(digits)) != endings.end();
}

/// "0-3,7": a hostlist of numbers, without its brackets.
std::string ranges(const std::vector<std::string>& numbers) {
  std::string folded = fold_hostlist(numbers);
  std::erase_if(folded, [](char c) { return c == '[' || c == ']'; });
  return folded;
}

std::string count(std::size_t number, std::string_view what) {
  return fmt::format("{} {}{}", number, what, number == 1 ? "" : "s");
}

}  // namespace

void make_rank_folder(std::string_view option, const fs::path& folder) {
  std::error_code error;
  fs::create_directories(folder, error);
  if (!error) return;
  throw Error(ExitCode::usage,
              fmt::format("{} {}: {}", option, printable(folder.string()), error.message()),
              "it takes a folder of this machine, which is made where it is missing");
}

void remove_rank_files(const fs::path& folder, const std::vector<std::string_view>& endings) {
  std::error_code error;
  std::vector<fs::path> old;
  for (const auto& entry : fs::directory_iterator(folder, error))
    if (is_of_a_rank(entry.path().filename().string(), endings)) old.push_back(entry.path());
  for (const fs::path& each : old)
    if (!error) fs::remove(each, error);
  if (!error) return;
  throw Error(ExitCode::local_failure,
              fmt::format("cannot remove what an earlier run left in {}: {}",
                          printable(folder.string()), error.message()),
              "remove it, or name another folder");
}

RankOutput::RankOutput(Session& session, bool tag, fs::path split)
    : session_(session), tag_(tag), split_(std::move(split)) {
  if (!split_.empty()) make_rank_folder("--split", split_);
}

void RankOutput::begin() {
  if (std::exchange(begun_, true) || split_.empty()) return;
  try {
    remove_rank_files(split_, {".out", ".err"});
  } catch (const Error& error) {
    fail(error);
  }
}

void RankOutput::fail(const Error& error) {
  failure_.emplace(error);
  session_.cancel().cancel();
}

void RankOutput::take(const RankPiece& piece) {
  begin();
  Rank& rank = ranks_[piece.rank];
  rank.host = piece.host;
  if (piece.kind == "start") return keep(piece.rank, Stream::out, {});
  const Stream stream = piece.kind == "err" ? Stream::err : Stream::out;
  Printed& printed = stream == Stream::err ? rank.err : rank.out;
  if (!piece.bytes.empty()) {
    printed.lines += static_cast<std::size_t>(std::ranges::count(piece.bytes, '\n'));
    printed.mid_line = piece.bytes.back() != '\n';
    keep(piece.rank, stream, piece.bytes);
  }
  if (!tag_) return;
  const auto take_line = [&](std::string_view line) { print(piece.rank, stream, line); };
  printed.begun.feed(piece.bytes, take_line);
  if (piece.bytes.empty()) printed.begun.flush(take_line);
}

void RankOutput::print(unsigned rank, Stream stream, std::string_view line) {
  print_line(session_, stream, fmt::format("[{}] ", rank), line);
}

void RankOutput::keep(unsigned rank, Stream stream, std::string_view bytes) {
  if (split_.empty() || failure_) return;
  // Opened each time: there may be more ranks than a process may have files.
  std::ofstream to(file(rank, stream), std::ios::binary | std::ios::app);
  to << bytes << std::flush;
  if (to) return;
  fail({ExitCode::local_failure,
        fmt::format("cannot write {}: {}", file(rank, stream).string(), std::strerror(errno)),
        "the job was ended"});
}

void RankOutput::end() {
  begin();
  for (auto& [number, rank] : ranks_) {
    for (const Stream stream : {Stream::out, Stream::err}) {
      Printed& printed = stream == Stream::out ? rank.out : rank.err;
      if (printed.mid_line) ++printed.lines;
      printed.mid_line = false;
      printed.begun.flush(
          [&, rank_number = number](std::string_view line) { print(rank_number, stream, line); });
    }
  }
  if (failure_) throw Error(*failure_);
  if (!split_.empty() && !session_.common.quiet) tell_files();
}

void RankOutput::tell_files() const {
  std::size_t out = 0;
  std::size_t err = 0;
  std::vector<std::string> loud;
  for (const auto& [number, rank] : ranks_) {
    out += rank.out.lines;
    err += rank.err.lines;
    if (rank.err.lines > 0) loud.push_back(std::to_string(number));
  }
  session_.err() << fmt::format("{} in {}: {} on stdout, ", count(ranks_.size(), "rank"),
                                split_.string(), count(out, "line"))
                 << (loud.empty() ? "none on stderr\n"
                                  : fmt::format("{} on stderr by rank{} {}\n", err,
                                                loud.size() == 1 ? "" : "s", ranges(loud)));
}

nlohmann::json RankOutput::to_json() const {
  nlohmann::json ranks = nlohmann::json::array();
  for (const auto& [number, rank] : ranks_) {
    ranks.push_back({{"rank", number},
                     {"host", rank.host},
                     {"stdout_lines", rank.out.lines},
                     {"stderr_lines", rank.err.lines}});
  }
  return ranks;
}

fs::path RankOutput::file(unsigned rank, Stream stream) const {
  return split_ / fmt::format("rank.{}.{}", rank, stream == Stream::out ? "out" : "err");
}

}  // namespace clustermpi::cli
