#include "provision/catalogue.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <filesystem>
#include <set>
#include <system_error>

#include "hosts/error.hpp"
#include "hosts/hints.hpp"
#include "provision/data_dir.hpp"
#include "provision/files.hpp"

namespace clustermpi {

namespace {

namespace fs = std::filesystem;

fs::path folder_of(std::string_view topic) {
  return data_dir() / "examples" / topic;
}

fs::path file_of(const Example& example) {
  return example_folder(example) / (example.name + ".cpp");
}

std::vector<std::string> names_in(const fs::path& folder) {
  std::error_code error;
  std::vector<std::string> names;
  for (const auto& entry : fs::directory_iterator(folder, error)) {
    if (entry.path().extension() == ".cpp") names.push_back(entry.path().stem());
  }
  if (error) {
    throw Error(ExitCode::local_failure,
                fmt::format("cannot read {}: {}", folder.string(), error.message()),
                "the examples belong to clustermpi's data: is it installed whole?");
  }
  std::ranges::sort(names);
  return names;
}

/// The file that a line includes, or nothing: ours are named in quotes, relative to the file.
fs::path included(const fs::path& file, std::string_view line) {
  constexpr std::string_view directive = "#include \"";
  if (!line.starts_with(directive)) return {};
  const std::string_view rest = line.substr(directive.size());
  return (file.parent_path() / rest.substr(0, rest.find('"'))).lexically_normal();
}

void append_whole(const fs::path& file, std::set<fs::path>& seen, std::string& whole) {
  if (!seen.insert(file).second) return;
  const std::string source = read_file(file);
  whole += fmt::format("#line 1 \"{}\"\n", file.filename().string());
  std::size_t number = 0;
  for (std::size_t begin = 0; begin < source.size();) {
    const std::size_t end = std::min(source.find('\n', begin), source.size());
    const std::string_view line = std::string_view(source).substr(begin, end - begin);
    ++number;
    if (const fs::path other = included(file, line); !other.empty()) {
      append_whole(other, seen, whole);
      whole += fmt::format("#line {} \"{}\"\n", number + 1, file.filename().string());
    } else if (line != "#pragma once") {
      whole.append(line).append("\n");
    } else {
      whole += "\n";
    }
    begin = end + 1;
  }
}

}  // namespace

const std::vector<Topic>& topics() {
  static const std::vector<Topic> all{
      {"verify", "What verify runs"},
      {"patterns", "Patterns: first steps with ranks"},
      {"point_to_point", "Messages from rank to rank"},
      {"collectives", "All ranks at once"},
      {"communicators", "Groups of ranks, and new ones"},
      {"files", "One file, many ranks"},
      {"programs", "Whole programs"},
  };
  return all;
}

std::vector<Example> catalogue() {
  std::vector<Example> all;
  for (const Topic& topic : topics()) {
    for (const std::string& name : names_in(folder_of(topic.folder))) {
      const fs::path file = folder_of(topic.folder) / (name + ".cpp");
      all.push_back(parse_example(std::string(topic.folder), name, read_file(file)));
    }
  }
  return all;
}

Example find_example(const std::string& name) {
  std::vector<std::string> names;
  for (const Example& example : catalogue()) {
    if (example.name == name) return example;
    names.push_back(example.name);
  }
  throw Error(ExitCode::usage, fmt::format("there is no example '{}'", name),
              did_you_mean(name, names, "`clustermpi examples list` shows all"));
}

std::string example_source(const Example& example) {
  return read_file(file_of(example));
}

fs::path example_folder(const Example& example) {
  return folder_of(example.topic);
}

std::string whole_source(const Example& example) {
  std::set<fs::path> seen;
  std::string whole;
  append_whole(file_of(example), seen, whole);
  return whole;
}

}  // namespace clustermpi
