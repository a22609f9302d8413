// A TOML file as its reader goes through it: what was asked for, where it stands, what is wrong.
// Only for the readers in this folder: others see no toml++.
#pragma once

#include <toml++/toml.h>

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "hosts/inventory.hpp"

namespace clustermpi {

/// Where something stands in the file; line 0: nowhere.
struct Place {
  unsigned line = 0;
  unsigned column = 0;
};

[[nodiscard]] Place place_of(const toml::source_position& position);
[[nodiscard]] Place place_of(const toml::node& node);
[[nodiscard]] Place place_of(const toml::key& key);

/// A value and where it stands, so that later checks can still point at it.
template <typename T>
struct Located {
  T value{};
  Place place;
};
using Text = Located<std::string>;

/// The file as lines, and what is wrong with it. Keeps views of the text.
class Findings {
 public:
  Findings(std::string_view text, std::string file);

  void add(Place place, std::string message, std::string hint = {});
  [[nodiscard]] std::string_view line(Place place) const;  ///< empty where there is none
  [[nodiscard]] std::vector<Diagnostic> in_file_order() &&;

 private:
  std::vector<std::string_view> lines_;
  std::string file_;
  std::vector<Diagnostic> diagnostics_;
};

[[nodiscard]] std::string_view kind_of(const toml::node& node);  ///< "a whole number"

/// One table of the file. Each key is asked for once; what nobody asked for is unknown. What is no
/// such value is reported, and nothing is returned. `table` and `findings` must outlive it.
class Section {
 public:
  /// `title` as it stands in the file: "[cluster]".
  Section(const toml::table& table, std::string title, Findings& findings)
      : table_(table), title_(std::move(title)), findings_(findings) {}

  std::optional<Text> text(std::string_view key);
  std::optional<Located<bool>> flag(std::string_view key);
  std::optional<Located<std::int64_t>> number(std::string_view key, std::int64_t least,
                                              std::int64_t most);
  std::optional<Located<std::vector<Text>>> texts(std::string_view key);

  /// A table of positive numbers, { pi4 = 2, pi3 = 1.5 }: name and number; none where it is left
  /// out.
  std::vector<std::pair<Text, double>> numbers(std::string_view key);

  /// The blocks of a list of tables, [[slurm.partitions]]; none where the key is left out. They are
  /// called `title`.
  std::vector<Section> sections(std::string_view key, const std::string& title);

  /// Whether the key is there at all, right or wrong.
  [[nodiscard]] bool has(std::string_view key) const { return table_.contains(key); }
  [[nodiscard]] Place place() const { return place_of(table_); }

  /// Reports the keys that were not asked for.
  void finish();

 private:
  const toml::node* find(std::string_view key);
  template <typename T>
  std::optional<Located<T>> take(std::string_view key, const std::string& wanted);
  void refuse(std::string_view key, const toml::node& node, const std::string& wanted);

  const toml::table& table_;
  std::string title_;
  Findings& findings_;
  std::vector<std::string> known_;
};

}  // namespace clustermpi
