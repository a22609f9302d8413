// What the head of an example program says of it, as a value.
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace clustermpi {

/// Another way to run an example, or a change to it.
struct ExampleRun {
  std::string words;  ///< as they stand behind `examples run NAME`, or what to do to the source
  std::string what;   ///< what happens then; empty for the run that it is meant for

  /// Options begin with '-', prose does not.
  [[nodiscard]] bool changes_source() const { return !words.starts_with('-'); }

  bool operator==(const ExampleRun&) const = default;
};

struct Example {
  std::string topic;    ///< its folder, "patterns"
  std::string name;     ///< "scatter"
  std::string summary;  ///< one sentence
  unsigned np = 0;      ///< ranks that it is at its best with; 0: any number
  std::vector<std::string> arguments;
  std::vector<ExampleRun> tries;  ///< what to change, and what to see
};

/// Reads the comment that a source begins with: `// NAME: what it is about`, `// Run: -n NP [--
/// ARG...]` and `// Try: WORDS   what happens`, words and text apart by two spaces or more. Throws
/// Error{local_failure} where the first line or the line of a run is not so.
[[nodiscard]] Example parse_example(const std::string& topic, const std::string& name,
                                    std::string_view source);

}  // namespace clustermpi
