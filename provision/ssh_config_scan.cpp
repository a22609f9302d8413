#include "provision/ssh_config_scan.hpp"

#include <glob.h>

#include <algorithm>
#include <array>

#include "hosts/error.hpp"
#include "hosts/names.hpp"
#include "provision/files.hpp"
#include "provision/openssh_answer.hpp"

namespace fs = std::filesystem;

namespace clustermpi {
namespace {

constexpr unsigned deepest_include = 16;  // ssh's own limit
constexpr std::string_view blanks = " \t\r\f\v";

std::string_view trim(std::string_view text) {
  const std::size_t first = text.find_first_not_of(blanks);
  if (first == text.npos) return {};
  return text.substr(first, text.find_last_not_of(blanks) - first + 1);
}

std::vector<std::string> split_words(std::string_view text) {
  std::vector<std::string> words;
  while (!(text = trim(text)).empty()) {
    const std::size_t end = std::min(text.find_first_of(blanks), text.size());
    words.emplace_back(text.substr(0, end));
    text.remove_prefix(end);
  }
  return words;
}

/// "Keyword arguments" or "Keyword=arguments".
struct Line {
  std::string keyword;  // lower case; empty where this is no such line
  std::string_view arguments;
};

Line read_line(std::string_view text) {
  const std::size_t end = std::min(text.find_first_of(" \t="), text.size());
  std::string keyword = lower_case(text.substr(0, end));
  const bool is_word = std::ranges::all_of(
      keyword, [](char c) { return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9'); });
  std::string_view rest = trim(text.substr(end));
  if (rest.starts_with('=')) rest = trim(rest.substr(1));
  return {is_word ? std::move(keyword) : std::string(), rest};
}

/// Criteria whose outcome these files and the host's name decide alone.
bool is_lasting_criterion(std::string_view word) {
  static constexpr std::array criteria = {"all",  "canonical", "final",       "host",
                                          "user", "localuser", "originalhost"};
  return std::ranges::find(criteria, word) != criteria.end();
}

class Scanner {
 public:
  explicit Scanner(fs::path home) : home_(std::move(home)) {}

  void read(const fs::path& file, unsigned depth) {
    if (depth > deepest_include) return not_understood();
    std::optional<std::string> text;
    try {
      text = read_file_if_exists(file);
    } catch (const Error&) {  // ssh will say so
      return not_understood();
    }
    if (!text) return;
    scan_.files.emplace_back(file, *text);
    for (std::string_view rest = *text; !rest.empty();) {
      const std::size_t end = std::min(rest.find('\n'), rest.size());
      if (const auto line = trim(rest.substr(0, end)); !line.empty() && line.front() != '#')
        take(read_line(line), depth);
      rest.remove_prefix(std::min(end + 1, rest.size()));
    }
  }

  SshConfigScan result() && { return std::move(scan_); }

 private:
  void not_understood() {
    scan_.each_host_alone = true;
    scan_.fleeting = true;
  }

  void take(const Line& line, unsigned depth) {
    if (line.keyword.empty()) return not_understood();
    if (line.keyword == "host") return take_host(line.arguments);
    if (line.keyword == "match") return take_match(line.arguments);
    if (line.keyword == "include") return take_include(line.arguments, depth);
    // The hosts would be looked at a second time, under what the name servers say.
    if (line.keyword == "canonicalizehostname" && line.arguments != "no") return not_understood();
    if (!is_ssh_setting(line.keyword)) return;
    if (line.keyword == "hostname") take_host_name(line.arguments);
    if (line.keyword == "globalknownhostsfile") take_global_known_hosts(line.arguments);
    if (line.arguments.find('%') != line.arguments.npos) scan_.each_host_alone = true;
    if (line.arguments.find("${") != line.arguments.npos) scan_.fleeting = true;
  }

  void take_host(std::string_view arguments) {
    constexpr std::string_view plain =
        "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789._:-*?! \t";
    if (arguments.find_first_not_of(plain) != arguments.npos) scan_.each_host_alone = true;
    scan_.host_lines.push_back(split_words(arguments));
  }

  void take_host_name(std::string_view arguments) {
    if (arguments.find_first_of("\"'\\# \t") != arguments.npos) scan_.each_host_alone = true;
    scan_.host_names.insert(lower_case(arguments));
  }

  void take_match(std::string_view arguments) {
    const std::vector<std::string> words = split_words(lower_case(arguments));
    if (words == std::vector<std::string>{"all"}) return;
    scan_.each_host_alone = true;
    if (arguments.find_first_of("\"'\\#=") != arguments.npos) return not_understood();
    for (std::size_t i = 0; i < words.size(); ++i) {
      const std::string_view word =
          std::string_view(words[i]).substr(words[i].starts_with('!') ? 1 : 0);
      if (!is_lasting_criterion(word)) return not_understood();
      if (word != "all" && word != "canonical" && word != "final") ++i;  // its argument
    }
  }

  void take_include(std::string_view arguments, unsigned depth) {
    if (arguments.find_first_of("\"'\\#$%") != arguments.npos) return not_understood();
    for (const std::string& word : split_words(arguments)) {
      fs::path pattern = word;
      if (word.starts_with("~/")) {
        pattern = home_ / word.substr(2);
      } else if (word.starts_with('~')) {
        not_understood();
        continue;
      } else if (pattern.is_relative()) {
        pattern = home_ / ".ssh" / pattern;
      }
      for (const fs::path& file : matches(pattern)) read(file, depth + 1);
    }
  }

  std::vector<fs::path> matches(const fs::path& pattern) {
    std::vector<fs::path> files;
    glob_t found{};
    const int status = ::glob(pattern.c_str(), 0, nullptr, &found);
    if (status == 0) files.assign(found.gl_pathv, found.gl_pathv + found.gl_pathc);
    if (status != 0 && status != GLOB_NOMATCH) not_understood();
    ::globfree(&found);
    return files;
  }

  void take_global_known_hosts(std::string_view arguments) {
    const std::string text(trim(arguments.substr(0, arguments.find('#'))));
    auto& all = scan_.global_known_hosts;
    if (std::ranges::find(all, text) == all.end()) all.push_back(text);
  }

  fs::path home_;
  SshConfigScan scan_;
};

}  // namespace

SshConfigScan scan_ssh_config(const std::vector<fs::path>& files, const fs::path& home) {
  Scanner scanner(home);
  for (const fs::path& file : files) scanner.read(file, 1);
  return std::move(scanner).result();
}

}  // namespace clustermpi
