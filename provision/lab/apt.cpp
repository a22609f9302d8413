#include "provision/lab/apt.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <array>
#include <filesystem>
#include <map>
#include <optional>
#include <sstream>

#include "hosts/error.hpp"
#include "provision/files.hpp"
#include "provision/process.hpp"

namespace clustermpi::lab {
namespace {

namespace fs = std::filesystem;

constexpr std::string_view default_keyring = "/usr/share/keyrings/debian-archive-keyring.gpg";

std::vector<std::string> words(const std::string& text) {
  std::istringstream stream(text);
  std::vector<std::string> found;
  for (std::string word; stream >> word;) found.push_back(word);
  return found;
}

bool contains(const std::vector<std::string>& list, std::string_view item) {
  return std::find(list.begin(), list.end(), item) != list.end();
}

/// "[arch=amd64 signed-by=/x.gpg]" spread over several words: takes them off and returns signed-by.
std::string take_options(std::vector<std::string>& entry) {
  std::string signed_by;
  if (entry.size() < 2 || !entry[1].starts_with('[')) return signed_by;
  bool last = false;
  while (!last && entry.size() > 1) {
    std::string option = entry[1];
    entry.erase(entry.begin() + 1);
    last = option.ends_with(']');
    std::erase_if(option, [](char c) { return c == '[' || c == ']'; });
    constexpr std::string_view key = "signed-by=";
    if (option.starts_with(key)) signed_by = option.substr(key.size());
  }
  return signed_by;
}

/// "-updates" for "bookworm-updates" where the codename is bookworm; nothing for another archive's
/// suite.
std::optional<std::string> kind_of_suite(std::string_view suite, std::string_view codename) {
  for (const std::string_view base : {codename, std::string_view("stable"),
                                      std::string_view("oldstable"), std::string_view("testing")}) {
    for (const std::string_view kind : {"", "-updates", "-security"}) {
      if (suite == std::string(base) + std::string(kind)) return std::string(kind);
    }
  }
  return std::nullopt;
}

bool is_debian_archive(const AptSource& source) {
  const bool theirs = !source.signed_by.empty() &&
                      source.signed_by.find("debian-archive-keyring") == std::string::npos;
  return !theirs && contains(source.components, "main");
}

using Fields = std::map<std::string, std::string>;

std::optional<AptSource> source_of(const Fields& stanza) {
  const auto field = [&](const std::string& name) {
    const auto found = stanza.find(name);
    return found == stanza.end() ? std::string() : found->second;
  };
  if (!contains(words(field("Types")), "deb") || field("Enabled") == "no") return std::nullopt;
  return AptSource{words(field("URIs")), words(field("Suites")), words(field("Components")),
                   field("Signed-By")};
}

std::string trimmed(std::string_view text) {
  const std::size_t begin = text.find_first_not_of(" \t");
  if (begin == std::string_view::npos) return {};
  return std::string(text.substr(begin, text.find_last_not_of(" \t") - begin + 1));
}

std::vector<AptSource> machine_sources() {
  std::vector<AptSource> all;
  const auto add = [&](const std::vector<AptSource>& more) {
    all.insert(all.end(), more.begin(), more.end());
  };
  if (const auto text = read_file_if_exists("/etc/apt/sources.list"))
    add(parse_sources_list(*text));
  std::vector<fs::path> files;
  std::error_code none;
  for (const auto& entry : fs::directory_iterator("/etc/apt/sources.list.d", none)) {
    files.push_back(entry.path());
  }
  std::sort(files.begin(), files.end());
  for (const fs::path& file : files) {
    if (file.extension() == ".list") add(parse_sources_list(read_file(file)));
    if (file.extension() == ".sources") add(parse_deb822(read_file(file)));
  }
  return all;
}

std::string machine_codename() {
  std::istringstream lines(read_file_if_exists("/etc/os-release").value_or(""));
  constexpr std::string_view key = "VERSION_CODENAME=";
  for (std::string line; std::getline(lines, line);) {
    if (line.starts_with(key)) return line.substr(key.size());
  }
  return "stable";
}

std::string render(const std::vector<AptSource>& sources) {
  std::string text;
  for (const AptSource& source : sources) {
    text += fmt::format("Types: deb\nURIs: {}\nSuites: {}\nComponents: {}\nSigned-By: {}\n\n",
                        fmt::join(source.uris, " "), fmt::join(source.suites, " "),
                        fmt::join(source.components, " "), source.signed_by);
  }
  return text;
}

}  // namespace

std::vector<AptSource> parse_sources_list(std::string_view text) {
  std::vector<AptSource> sources;
  std::istringstream lines{std::string(text)};
  for (std::string line; std::getline(lines, line);) {
    std::vector<std::string> entry = words(line.substr(0, line.find('#')));
    if (entry.empty() || entry[0] != "deb") continue;
    const std::string signed_by = take_options(entry);
    if (entry.size() < 4) continue;  // "deb URI path/" is no archive with suites
    sources.push_back({{entry[1]}, {entry[2]}, {entry.begin() + 3, entry.end()}, signed_by});
  }
  return sources;
}

std::vector<AptSource> parse_deb822(std::string_view text) {
  std::vector<AptSource> sources;
  Fields stanza;
  const auto end_stanza = [&] {
    if (auto source = source_of(stanza)) sources.push_back(std::move(*source));
    stanza.clear();
  };
  std::istringstream lines{std::string(text)};
  std::string last_field;
  for (std::string line; std::getline(lines, line);) {
    if (line.starts_with('#')) continue;
    if (trimmed(line).empty()) {
      end_stanza();
    } else if (line.starts_with(' ') || line.starts_with('\t')) {
      stanza[last_field] += " " + trimmed(line);
    } else if (const std::size_t colon = line.find(':'); colon != std::string::npos) {
      last_field = line.substr(0, colon);
      stanza[last_field] = trimmed(std::string_view(line).substr(colon + 1));
    }
  }
  end_stanza();
  return sources;
}

std::vector<AptSource> debian_sources(const std::vector<AptSource>& sources,
                                      std::string_view codename, std::string_view wanted) {
  std::vector<AptSource> found;
  for (AptSource source : sources) {
    if (!is_debian_archive(source)) continue;
    std::vector<std::string> suites;
    for (const std::string& suite : source.suites) {
      if (const auto kind = kind_of_suite(suite, codename))
        suites.push_back(std::string(wanted) + *kind);
    }
    if (suites.empty()) continue;
    source.suites = std::move(suites);
    source.signed_by = default_keyring;
    found.push_back(std::move(source));
  }
  return found;
}

std::string relevant_apt_conf(std::string_view dump) {
  constexpr std::array<std::string_view, 7> wanted{
      "Acquire::Check-",  "Acquire::http",      "Acquire::https",      "Acquire::Retries",
      "Acquire::ForceIP", "Acquire::Languages", "Acquire::GzipIndexes"};
  std::string conf;
  std::istringstream lines{std::string(dump)};
  for (std::string line; std::getline(lines, line);) {
    const bool takes = std::any_of(wanted.begin(), wanted.end(),
                                   [&](std::string_view key) { return line.starts_with(key); });
    // An empty value only names the group that the next lines are in.
    if (takes && !line.ends_with("\"\";")) conf += line + "\n";
  }
  return conf;
}

AptSetup apt_setup(const std::string& suite) {
  const std::vector<AptSource> sources =
      debian_sources(machine_sources(), machine_codename(), suite);
  const auto main = std::find_if(sources.begin(), sources.end(), [&](const AptSource& source) {
    return contains(source.suites, suite) && !source.uris.empty();
  });
  if (main == sources.end()) {
    throw Error(
        ExitCode::local_failure,
        "the apt sources of this machine name no Debian archive, which the nodes of a lab are "
        "installed from",
        "add Debian's entry to /etc/apt/sources.list.d/, as sources.list(5) shows");
  }
  const ProcessResult dump = run_process({"apt-config", "dump"});
  return {main->uris.front(), std::string(default_keyring), render(sources),
          relevant_apt_conf(dump.out)};
}

}  // namespace clustermpi::lab
