#include "hosts/example.hpp"

#include <fmt/format.h>

#include <charconv>
#include <sstream>

#include "hosts/error.hpp"

namespace clustermpi {

namespace {

constexpr std::string_view run_prefix = "// Run: ";
constexpr std::string_view try_prefix = "// Try: ";

[[noreturn]] void refuse(const Example& example, std::string_view line) {
  throw Error(ExitCode::local_failure,
              fmt::format("{}/{}.cpp: the head of an example cannot have '{}'", example.topic,
                          example.name, line),
              "it begins with `// NAME: what it is about`, and has `// Run: -n NP [-- ARG...]`");
}

std::vector<std::string> words_of(std::string_view text) {
  std::istringstream stream{std::string(text)};
  std::vector<std::string> words;
  for (std::string word; stream >> word;) words.push_back(word);
  return words;
}

void read_run(Example& example, std::string_view line) {
  const std::vector<std::string> words = words_of(line.substr(run_prefix.size()));
  const bool has_arguments = words.size() > 2 && words[2] == "--";
  if (words.size() < 2 || words[0] != "-n" || (words.size() > 2 && !has_arguments))
    refuse(example, line);
  const char* end = words[1].data() + words[1].size();
  const auto read = std::from_chars(words[1].data(), end, example.np);
  if (read.ec != std::errc{} || read.ptr != end || example.np == 0) refuse(example, line);
  if (has_arguments) example.arguments.assign(words.begin() + 3, words.end());
}

ExampleRun read_try(std::string_view line) {
  const std::string_view text = line.substr(try_prefix.size());
  const std::size_t gap = text.find("  ");
  if (gap == std::string_view::npos) return {std::string(text), ""};
  const std::size_t what = text.find_first_not_of(' ', gap);
  return {std::string(text.substr(0, gap)),
          what == std::string_view::npos ? "" : std::string(text.substr(what))};
}

}  // namespace

Example parse_example(const std::string& topic, const std::string& name, std::string_view source) {
  Example example;
  example.topic = topic;
  example.name = name;
  const std::string opening = fmt::format("// {}: ", name);
  for (std::size_t begin = 0; source.substr(begin).starts_with("//");) {
    const std::size_t end = std::min(source.find('\n', begin), source.size());
    const std::string_view line = source.substr(begin, end - begin);
    if (begin == 0) {
      if (!line.starts_with(opening)) refuse(example, line);
      example.summary = line.substr(opening.size());
    } else if (line.starts_with(run_prefix)) {
      read_run(example, line);
    } else if (line.starts_with(try_prefix)) {
      example.tries.push_back(read_try(line));
    }
    begin = std::min(end + 1, source.size());
  }
  if (example.summary.empty()) refuse(example, source.substr(0, source.find('\n')));
  return example;
}

}  // namespace clustermpi
