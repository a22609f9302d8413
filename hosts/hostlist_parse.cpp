#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <array>
#include <limits>
#include <optional>
#include <utility>

#include "hosts/error.hpp"
#include "hosts/hostlist.hpp"
#include "hosts/hostlist_numbers.hpp"
#include "hosts/hostlist_sources.hpp"

namespace clustermpi {
namespace {

using Names = std::vector<std::string>;

/// Files that name files: deeper than this they go round in a circle.
constexpr unsigned most_files_deep = 8;

constexpr bool is_space(char c) {
  return c == ' ' || c == '\t' || c == '\n' || c == '\r';
}
constexpr bool is_word_character(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || is_digit(c) || c == '-' || c == '.' ||
         c == '_' || c == ':';
}
bool is_name_character(char c) {
  static constexpr auto table = [] {
    std::array<bool, 256> is{};
    for (unsigned i = 0; i < 128; ++i) {
      const char character = static_cast<char>(i);
      is[i] = is_word_character(character) || character == '%';  // zones of IPv6 addresses
    }
    return is;
  }();
  return table[static_cast<unsigned char>(c)];
}

std::string describe(char c) {
  if (c < 0x20 || c > 0x7e) return fmt::format("byte 0x{:02x}", static_cast<unsigned char>(c));
  return fmt::format("'{}'", c);
}

/// One bracket and the text before it; the last segment of a name has no bracket.
struct Segment {
  std::string_view text;
  NumberRanges ranges;
};
using Pattern = std::vector<Segment>;

std::uint64_t saturating_multiply(std::uint64_t a, std::uint64_t b) {
  const auto most = std::numeric_limits<std::uint64_t>::max();
  return b != 0 && a > most / b ? most : a * b;
}

std::uint64_t count_names(const Pattern& pattern) {
  std::uint64_t count = 1;
  for (const Segment& segment : pattern) {
    std::uint64_t numbers = segment.ranges.empty() ? 1 : 0;
    for (const NumberRange& range : segment.ranges)
      numbers += std::min<std::uint64_t>(range.size(), max_hostlist_names + 1);
    count = saturating_multiply(count, numbers);
  }
  return count;
}

/// Whether all names of `pattern` differ, as can be seen without looking at them: numbers rise, and
/// each ends where a text that is there begins.
bool is_plainly_distinct(const Pattern& pattern) {
  for (std::size_t i = 0; i < pattern.size(); ++i) {
    const NumberRanges& ranges = pattern[i].ranges;
    for (std::size_t r = 1; r < ranges.size(); ++r)
      if (ranges[r].first <= ranges[r - 1].last) return false;
    const std::string_view text = pattern[i].text;
    const bool between_brackets = i > 0 && i + 1 < pattern.size();
    if (between_brackets && (text.empty() || is_digit(text.front()))) return false;
  }
  return true;
}

/// Appends all names of `pattern`; the last bracket runs fastest, as in nested loops.
void append_names(const Pattern& pattern, std::size_t segment, std::string& name, Names& names) {
  const std::size_t before = name.size();
  name += pattern[segment].text;
  const std::size_t with_text = name.size();
  if (pattern[segment].ranges.empty()) {
    names.push_back(name);
  }
  for (const NumberRange& range : pattern[segment].ranges) {
    for (std::uint64_t value = range.first; value <= range.last; value += range.step) {
      append_number(name, value, range.width);
      append_names(pattern, segment + 1, name, names);
      name.resize(with_text);
    }
  }
  name.resize(before);
}

/// Where an expression stands: nowhere, or on a line of a file.
struct Origin {
  std::string_view file;
  std::size_t line = 0;
  unsigned depth = 0;  // files around it
};

/// What all expressions of one reading share.
struct Reading {
  const HostlistSources& sources;
  Names names;  // in the order written, with duplicates where not `distinct`
  std::uint64_t total = 0;
  bool distinct = true;
};

class Parser {
 public:
  Parser(std::string_view text, Origin origin, Reading& reading)
      : text_(text), origin_(origin), reading_(reading), begin_(reading.names.size()) {}

  /// Appends what the expression stands for to the reading's names.
  void parse() {
    skip_spaces();
    if (at_end()) return;
    parse_term(reading_.names);
    Names excluded;  // by terms that follow each other: to take names away is to look at all
    while (true) {
      const char next = parse_operator();
      if (next != '!' && !excluded.empty()) apply('!', std::exchange(excluded, {}));
      if (next == 0) return;
      if (next == '!') {
        parse_term(excluded);
      } else if (next == ',') {
        parse_term(reading_.names);
      } else {
        Names operand;
        parse_term(operand);
        apply(next, std::move(operand));
      }
    }
  }

  /// "0-3,8" and nothing else.
  NumberRanges parse_ranges_alone() {
    NumberRanges ranges;
    while (true) {
      ranges.push_back(parse_range({}));
      if (at_end()) return ranges;
      if (!next_is(','))
        fail(describe(peek()) + " among numbers and ranges such as 1-3,5", position_);
      ++position_;
    }
  }

 private:
  [[nodiscard]] bool at_end() const { return position_ == text_.size(); }
  [[nodiscard]] char peek() const { return text_[position_]; }
  [[nodiscard]] bool next_is(char c) const { return !at_end() && peek() == c; }
  /// Whether a term ends here.
  [[nodiscard]] bool at_border() const {
    return at_end() || is_space(peek()) || peek() == ',' || is_operator(peek());
  }
  static bool is_operator(char c) { return c == '!' || c == '&' || c == '^'; }

  [[noreturn]] void fail(const std::string& message, std::size_t position,
                         std::string hint = {}) const {
    const std::string where = origin_.line == 0
                                  ? std::string{}
                                  : fmt::format("{}, line {}: ", origin_.file, origin_.line);
    throw HostlistError(where + message, std::string(text_), position, std::move(hint));
  }

  void skip_spaces() {
    while (!at_end() && is_space(peek())) ++position_;
  }

  /// What is to be done with the next term: ',' is union; 0 where there is none.
  char parse_operator() {
    const std::size_t end_of_term = position_;
    skip_spaces();
    if (at_end()) return 0;
    // Behind a space, ^ begins the name of a file; with another one on its right it cannot.
    const bool is_file = peek() == '^' && position_ > end_of_term && position_ + 1 < text_.size() &&
                         !is_space(text_[position_ + 1]);
    if (is_file || (peek() != ',' && !is_operator(peek()))) return ',';
    std::size_t at = position_++;
    skip_spaces();
    char found = text_[at];
    if (found == ',' && next_is('!')) {  // "a,!b" as well as "a!b"
      found = '!';
      at = position_++;
      skip_spaces();
    }
    if (at_end()) fail(fmt::format("a name is missing after this {}", name_of_operator(found)), at);
    return found;
  }

  static std::string name_of_operator(char c) { return c == ',' ? "comma" : describe(c); }

  /// Replaces this expression's names by what the operator makes of them.
  void apply(char what, Names operand) {
    Names& names = reading_.names;
    const auto begin = names.begin() + static_cast<std::ptrdiff_t>(begin_);
    Hostlist left(Names(std::make_move_iterator(begin), std::make_move_iterator(names.end())));
    names.erase(begin, names.end());
    const Hostlist right(std::move(operand));
    const Hostlist result = what == '!'   ? std::move(left) - right
                            : what == '&' ? std::move(left) & right
                                          : left ^ right;
    names.insert(names.end(), result.names().begin(), result.names().end());
  }

  void parse_term(Names& names) {
    const std::size_t names_before = names.size();
    if (next_is('@')) {
      parse_group(names);
    } else if (next_is('^')) {
      parse_file(names);
    } else {
      parse_name(names);
    }
    // One term with distinct names is all whose names are known to be distinct without a look.
    if (names_before > 0 || &names != &reading_.names) reading_.distinct = false;
  }

  void add_to_total(std::uint64_t count, std::size_t position) {
    reading_.total += std::min<std::uint64_t>(count, max_hostlist_names + 1);
    if (reading_.total > max_hostlist_names)
      fail(fmt::format("more than {} names are written here", max_hostlist_names), position);
  }

  void parse_name(Names& names) {
    const std::size_t begin = position_;
    const std::string_view first_text = parse_text();
    if (first_text.starts_with('-')) refuse_dash(begin);
    if (next_is('[')) {
      parse_pattern(first_text, begin, names);
      return;
    }
    if (first_text.empty()) refuse_character();
    add_to_total(1, begin);
    names.emplace_back(first_text);
  }

  /// To pdsh and its kin "-n2" takes n2 away.
  [[noreturn]] void refuse_dash(std::size_t begin) const {
    const std::size_t end = next_is('[') ? text_.find(']', position_) : position_ - 1;
    const std::string_view name = text_.substr(begin + 1, end - begin);
    fail("no host's name begins with a '-'", begin,
         name.empty() ? std::string{} : fmt::format("`!{0}` takes {0} away", name));
  }

  void parse_pattern(std::string_view first_text, std::size_t begin, Names& names) {
    Pattern pattern = {{first_text, parse_bracket()}};
    bool more = true;
    while (more) {
      Segment segment{parse_text(), {}};
      more = next_is('[');
      if (more) segment.ranges = parse_bracket();
      pattern.push_back(std::move(segment));
    }
    const std::uint64_t count = count_names(pattern);
    add_to_total(count, begin);
    names.reserve(names.empty() ? count : 0);
    std::string name;
    append_names(pattern, 0, name, names);
    if (!is_plainly_distinct(pattern)) reading_.distinct = false;
  }

  std::string_view parse_text() {
    const std::size_t begin = position_;
    while (!at_end() && is_name_character(peek())) ++position_;
    if (!at_border() && peek() != '[') refuse_character();
    return text_.substr(begin, position_ - begin);
  }

  [[noreturn]] void refuse_character() const {
    const char c = peek();
    if (c == ']') fail("']' without a '[' before it", position_);
    if (c == ',' || is_operator(c))
      fail(fmt::format("a name is missing before this {}", name_of_operator(c)), position_);
    fail(describe(c) + " cannot be part of a host name", position_);
  }

  NumberRanges parse_bracket() {
    const std::size_t open = position_++;
    NumberRanges ranges;
    while (true) {
      ranges.push_back(parse_range(open));
      if (next_is(']')) break;
      if (at_end()) fail("'[' is never closed", open);
      if (!next_is(','))
        fail(describe(peek()) + " between brackets: numbers and ranges such as 1-3,5 go there",
             position_);
      ++position_;
    }
    ++position_;
    return ranges;
  }

  /// `open` is where the bracket began, if there is one.
  NumberRange parse_range(std::optional<std::size_t> open) {
    const std::size_t begin = position_;
    const std::string_view first = parse_digits(open);
    NumberRange range{to_number(first), to_number(first), first.size()};
    if (next_is('/')) fail("a step needs a range before it, as in 0-10/2", position_);
    if (!next_is('-')) return range;
    const std::size_t last_position = ++position_;
    const std::string_view last = parse_digits(open);
    range.last = to_number(last);
    // [8-011] could mean 8..11 or 008..011; a leading zero at the end has to agree with the
    // beginning.
    if (last.front() == '0' && last.size() != first.size())
      fail(fmt::format("'{}' and '{}' are padded to different widths", first, last), last_position);
    if (range.last < range.first)
      fail(fmt::format("the range {}-{} runs backwards", first, last), begin);
    if (next_is('/')) {
      const std::size_t step_position = ++position_;
      range.step = to_number(parse_digits(open));
      if (range.step == 0) fail("a step is at least 1", step_position);
    }
    return range;
  }

  std::string_view parse_digits(std::optional<std::size_t> open) {
    const std::size_t begin = position_;
    position_ += digits_at(text_, position_);
    if (position_ == begin) {
      if (at_end() && open) fail("'[' is never closed", *open);
      if (at_end()) fail("a number is missing at the end", begin);
      fail(fmt::format("a number is missing before {}", describe(peek())), begin);
    }
    if (position_ - begin > max_digits)
      fail(fmt::format("a number has at most {} digits", max_digits), begin);
    return text_.substr(begin, position_ - begin);
  }

  void parse_group(Names& names) {
    const std::size_t at = position_++;
    const std::size_t begin = position_;
    while (!at_end() && is_word_character(peek())) ++position_;
    const std::string_view name = text_.substr(begin, position_ - begin);
    if (!reading_.sources.groups) fail(reading_.sources.no_groups, at);
    if (!at_border()) fail(describe(peek()) + " cannot be part of a group's name", position_);
    if (name.empty()) fail("the name of a group is missing behind this '@'", at);
    const HostGroups& groups = reading_.sources.groups();
    const std::vector<std::string>* members = find_group(groups, name);
    if (members == nullptr)
      fail(fmt::format("there is no group '{}'", name), at, hint_for_group(groups, name));
    add_to_total(members->size(), at);
    names.insert(names.end(), members->begin(), members->end());
  }

  [[nodiscard]] std::string hint_for_group(const HostGroups& groups, std::string_view name) const {
    const auto any = [&](std::string_view prefix) {
      return std::ranges::any_of(
          groups, [&](const auto& group) { return group.first.starts_with(prefix); });
    };
    for (const std::string_view prefix : {"arch:", "os:"})
      if (name.starts_with(prefix) && !any(prefix)) return reading_.sources.no_facts;
    std::vector<std::string> candidates;
    for (const auto& [group, members] : groups) {
      constexpr std::string_view label = "label:";
      candidates.push_back(group.starts_with(label) ? group.substr(label.size()) : group);
    }
    const std::string near = nearest_word(name, candidates);
    return near.empty() ? fmt::format("the groups are {}", fmt::join(candidates, ", "))
                        : fmt::format("did you mean '@{}'?", near);
  }

  void parse_file(Names& names) {
    const std::size_t at = position_++;
    const std::size_t begin = position_;
    while (!at_border()) ++position_;
    const std::string file(text_.substr(begin, position_ - begin));
    if (!reading_.sources.read_file) fail(reading_.sources.no_files, at);
    if (file.empty()) fail("the name of a file is missing behind this '^'", at);
    if (origin_.depth == most_files_deep)
      fail(fmt::format("files that name files go more than {} deep here", most_files_deep), at);
    const std::string text = read(file, at);
    Reading of_file{reading_.sources, {}, reading_.total, true};
    parse_file_lines(text, file == "-" ? "stdin" : file, origin_.depth + 1, of_file);
    reading_.total = of_file.total;
    reading_.distinct = false;
    if (names.empty()) {
      names = std::move(of_file.names);
    } else {
      std::move(of_file.names.begin(), of_file.names.end(), std::back_inserter(names));
    }
  }

  [[nodiscard]] std::string read(const std::string& file, std::size_t at) const {
    try {
      return reading_.sources.read_file(file);
    } catch (const Error& error) {
      fail(error.what(), at, error.hint());
    }
  }

 public:
  /// An expression a line; what follows a # is a comment.
  static void parse_file_lines(std::string_view text, std::string_view file, unsigned depth,
                               Reading& reading) {
    // Mostly a name a line: to grow by and by would touch twice the memory.
    const auto lines = std::ranges::count(text, '\n');
    reading.names.reserve(reading.names.size() + static_cast<std::size_t>(lines) + 1);
    for (std::size_t line = 1; !text.empty(); ++line) {
      const std::size_t end = std::min(text.find('\n'), text.size());
      std::string_view expression = text.substr(0, end);
      text.remove_prefix(std::min(end + 1, text.size()));
      expression = expression.substr(0, expression.find('#'));
      Parser(expression, {file, line, depth}, reading).parse();
    }
  }

 private:
  std::string_view text_;
  Origin origin_;
  Reading& reading_;
  std::size_t begin_;  // of this expression's names among the reading's
  std::size_t position_ = 0;
};

}  // namespace

NumberRanges parse_number_ranges(std::string_view text) {
  const HostlistSources none;
  Reading reading{none, {}, 0, true};
  return Parser(text, {}, reading).parse_ranges_alone();
}

Hostlist Hostlist::parse(std::string_view expression, const HostlistSources& sources) {
  Reading reading{sources, {}, 0, true};
  Parser(expression, {}, reading).parse();
  if (!reading.distinct) return Hostlist(std::move(reading.names));
  Hostlist list;
  list.names_ = std::move(reading.names);
  return list;
}

Hostlist Hostlist::parse(std::string_view expression) {
  return parse(expression, {});
}

}  // namespace clustermpi
