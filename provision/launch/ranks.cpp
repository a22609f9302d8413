#include "provision/launch/ranks.hpp"

#include <fcntl.h>
#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <charconv>
#include <iterator>
#include <random>

#include "provision/remote_scripts.hpp"
#include "provision/ssh/input_stream.hpp"

namespace clustermpi {

namespace {

/// No header of gather.py's is longer.
constexpr std::size_t longest_header = 64;

std::string_view next_word(std::string_view& text) {
  const std::size_t end = std::min(text.find(' '), text.size());
  const std::string_view word = text.substr(0, end);
  text.remove_prefix(std::min(end + 1, text.size()));
  return word;
}

template <typename Number>
bool read_number(std::string_view word, Number& number) {
  const auto [end, error] = std::from_chars(word.data(), word.data() + word.size(), number);
  return error == std::errc{} && end == word.data() + word.size();
}

}  // namespace

std::string new_path() {
  std::random_device random;
  return fmt::format("/tmp/clustermpi-{:08x}{:08x}{:08x}", random(), random(), random());
}

std::string rank_directory(const std::string& directory, const std::string& home) {
  if (directory.empty() || directory.starts_with('/')) return directory;
  if (directory == "~") return home;
  return fmt::format("{}/{}", home, directory.substr(directory.starts_with("~/") ? 2 : 0));
}

namespace {

/// All of them in one, which a shell takes apart again.
std::vector<std::string> as_one_line(const std::vector<std::string>& words) {
  std::string line;
  for (const std::string& word : words) line += (line.empty() ? "" : " ") + shell_quote(word);
  return {"sh", "-c", R"(eval "exec $1")", "rank", line};
}

}  // namespace

std::vector<std::string> rank_command(const RankStart& start, std::vector<std::string> command) {
  // Launchers begin another program behind it, even among the arguments of the first.
  const bool has_colon = std::ranges::find(command, ":") != command.end();
  const bool by_itself = start.input.empty() && start.directory.empty() && start.folder.empty() &&
                         !start.empty_stdin && !has_colon;
  if (by_itself) return command;
  std::vector<std::string> words{"sh",         "-c",        std::string(remote::rank),
                                 "rank",       start.input, start.directory,
                                 start.folder, start.how};
  std::ranges::move(command, std::back_inserter(words));
  return has_colon ? as_one_line(words) : words;
}

void RankPieces::feed(std::string_view text, const Take& take) {
  while (!text.empty()) {
    if (left_ > 0) {
      const std::string_view part = text.substr(0, left_);
      take(rank_, kind_, part);
      left_ -= part.size();
      text.remove_prefix(part.size());
      continue;
    }
    const std::size_t newline = text.find('\n');
    header_ += text.substr(0, std::min(newline, longest_header));
    if (newline == std::string_view::npos) return;
    text.remove_prefix(newline + 1);
    take_header(take);
    header_.clear();
  }
}

void RankPieces::take_header(const Take& take) {
  std::string_view rest = header_;
  const std::string_view rank = next_word(rest);
  kind_ = next_word(rest);
  std::size_t size = 0;
  if (kind_.empty() || !read_number(rank, rank_) || !read_number(rest, size)) return;
  left_ = size;
  if (size == 0) take(rank_, kind_, {});
}

Gathering::Gathering(std::string folder, std::function<void(const RankPiece&)> take)
    : folder_(std::move(folder)), take_(std::move(take)) {
  int ends[2];
  if (::pipe2(ends, O_CLOEXEC) != 0)
    throw Error(ExitCode::local_failure, "no pipe can be made: too many files are open");
  reading_ = Descriptor(ends[0]);
  writing_ = Descriptor(ends[1]);
  leash_ = std::make_shared<InputStream>(reading_.get());
}

Job Gathering::job(std::size_t index, const std::string& host) {
  Job job;
  job.host = index;
  job.command = fmt::format("python3 -c {} {}", shell_quote(remote::gather), shell_quote(folder_));
  job.stream = leash_;
  auto pieces = std::make_shared<RankPieces>();
  job.on_output = [this, host, pieces](Stream stream, std::string_view text) {
    if (stream == Stream::err) return;
    pieces->feed(text, [&](unsigned rank, std::string_view kind, std::string_view bytes) {
      take_({rank, host, kind, bytes});
    });
  };
  return job;
}

void Gathering::end() {
  writing_.close();
}

}  // namespace clustermpi
