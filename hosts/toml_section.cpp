#include "hosts/toml_section.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "hosts/hints.hpp"

namespace clustermpi {
namespace {

std::vector<std::string_view> split_lines(std::string_view text) {
  std::vector<std::string_view> lines;
  while (!text.empty()) {
    const std::size_t end = std::min(text.find('\n'), text.size());
    std::string_view line = text.substr(0, end);
    if (!line.empty() && line.back() == '\r') line.remove_suffix(1);
    lines.push_back(line);
    text.remove_prefix(std::min(end + 1, text.size()));
  }
  return lines;
}

}  // namespace

Place place_of(const toml::source_position& position) {
  return {static_cast<unsigned>(position.line), static_cast<unsigned>(position.column)};
}
Place place_of(const toml::node& node) {
  return place_of(node.source().begin);
}
Place place_of(const toml::key& key) {
  return place_of(key.source().begin);
}

Findings::Findings(std::string_view text, std::string file)
    : lines_(split_lines(text)), file_(std::move(file)) {}

void Findings::add(Place place, std::string message, std::string hint) {
  diagnostics_.push_back({file_, place.line, place.column, std::move(message), std::move(hint),
                          std::string(line(place))});
}

std::string_view Findings::line(Place place) const {
  return place.line >= 1 && place.line <= lines_.size() ? lines_[place.line - 1]
                                                        : std::string_view{};
}

std::vector<Diagnostic> Findings::in_file_order() && {
  std::stable_sort(diagnostics_.begin(), diagnostics_.end(),
                   [](const Diagnostic& a, const Diagnostic& b) {
                     return std::pair(a.line, a.column) < std::pair(b.line, b.column);
                   });
  return std::move(diagnostics_);
}

std::string_view kind_of(const toml::node& node) {
  switch (node.type()) {
    case toml::node_type::table:
      return "a table";
    case toml::node_type::array:
      return "a list";
    case toml::node_type::string:
      return "a string";
    case toml::node_type::integer:
      return "a whole number";
    case toml::node_type::floating_point:
      return "a number with a fraction";
    case toml::node_type::boolean:
      return "true or false";
    default:
      return "a date or time";
  }
}

std::optional<Text> Section::text(std::string_view key) {
  auto found = take<std::string>(key, "a string, in quotes");
  if (!found) return {};
  if (found->value.find_first_not_of(" \t\r\n") != std::string::npos) return found;
  findings_.add(found->place, fmt::format("'{}' is empty", key));
  return {};
}

std::optional<Located<bool>> Section::flag(std::string_view key) {
  return take<bool>(key, "true or false");
}

std::optional<Located<std::int64_t>> Section::number(std::string_view key, std::int64_t least,
                                                     std::int64_t most) {
  const auto found = take<std::int64_t>(key, "a whole number");
  if (!found || (found->value >= least && found->value <= most)) return found;
  findings_.add(found->place, fmt::format("'{}' must be between {} and {}, not {}", key, least,
                                          most, found->value));
  return {};
}

std::optional<Located<std::vector<Text>>> Section::texts(std::string_view key) {
  const toml::node* node = find(key);
  if (node == nullptr) return {};
  const std::string wanted = "a list of strings, such as [\"a\", \"b\"]";
  const toml::array* array = node->as_array();
  if (array == nullptr) return refuse(key, *node, wanted), std::nullopt;
  Located<std::vector<Text>> found{{}, place_of(*node)};
  for (const toml::node& element : *array) {
    const auto text = element.value_exact<std::string>();
    if (!text) return refuse(key, element, wanted), std::nullopt;
    if (text->empty())
      findings_.add(place_of(element), fmt::format("'{}' has an empty string in it", key));
    found.value.push_back({*text, place_of(element)});
  }
  return found;
}

std::vector<std::pair<Text, double>> Section::numbers(std::string_view key) {
  std::vector<std::pair<Text, double>> found;
  const toml::node* node = find(key);
  if (node == nullptr) return found;
  const std::string wanted = "a table of numbers, such as { pi4 = 2, pi3 = 1 }";
  const toml::table* table = node->as_table();
  if (table == nullptr) return refuse(key, *node, wanted), found;
  for (const auto& [name, element] : *table) {
    const auto number = element.value<double>();
    if (!element.is_number() || !number) {
      refuse(key, element, wanted);
    } else if (!std::isfinite(*number) || *number <= 0) {
      findings_.add(place_of(element), fmt::format("'{}' must be more than 0", name.str()));
    } else {
      found.push_back({{std::string(name.str()), place_of(name)}, *number});
    }
  }
  return found;
}

std::vector<Section> Section::sections(std::string_view key, const std::string& title) {
  std::vector<Section> found;
  const toml::node* node = find(key);
  if (node == nullptr) return found;
  const toml::array* blocks = node->as_array();
  if (blocks == nullptr || !blocks->is_array_of_tables()) {
    findings_.add(place_of(*node),
                  fmt::format("'{}' must be a list of tables, not {}", key, kind_of(*node)),
                  fmt::format("write {}, with two brackets", title));
    return found;
  }
  for (const toml::node& block : *blocks) found.emplace_back(*block.as_table(), title, findings_);
  return found;
}

void Section::finish() {
  for (const auto& [key, node] : table_) {
    if (std::find(known_.begin(), known_.end(), key.str()) != known_.end()) continue;
    findings_.add(place_of(key), fmt::format("unknown key '{}' in {}", key.str(), title_),
                  did_you_mean(key.str(), known_, one_of(known_)));
  }
}

const toml::node* Section::find(std::string_view key) {
  known_.emplace_back(key);
  return table_.get(key);
}

template <typename T>
std::optional<Located<T>> Section::take(std::string_view key, const std::string& wanted) {
  const toml::node* node = find(key);
  if (node == nullptr) return {};
  if (auto value = node->value_exact<T>()) return Located<T>{std::move(*value), place_of(*node)};
  refuse(key, *node, wanted);
  return {};
}

void Section::refuse(std::string_view key, const toml::node& node, const std::string& wanted) {
  findings_.add(place_of(node), fmt::format("'{}' must be {}, not {}", key, wanted, kind_of(node)));
}

}  // namespace clustermpi
