// The example programs that come with clustermpi: below examples/ of data_dir(), a folder a topic.
#pragma once

#include <filesystem>
#include <string>
#include <string_view>
#include <vector>

#include "hosts/example.hpp"

namespace clustermpi {

/// A folder of examples, as people call it.
struct Topic {
  std::string_view folder;
  std::string_view title;
};

/// In the order in which a student goes through them.
[[nodiscard]] const std::vector<Topic>& topics();

/// All examples, by topic and then by name. Throws Error{local_failure} where they cannot be read.
[[nodiscard]] std::vector<Example> catalogue();

/// Throws Error{usage} where there is none of that name.
[[nodiscard]] Example find_example(const std::string& name);

/// As it stands in its file.
[[nodiscard]] std::string example_source(const Example& example);

/// Where the headers are found that its source includes.
[[nodiscard]] std::filesystem::path example_folder(const Example& example);

/// As one file, which a compiler elsewhere can read through stdin: what it includes of ours stands
/// in the place of the #include.
[[nodiscard]] std::string whole_source(const Example& example);

}  // namespace clustermpi
