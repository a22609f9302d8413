#include "hosts/hostlist.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cstdint>
#include <limits>
#include <map>
#include <unordered_set>
#include <utility>

namespace clustermpi {
namespace {

// Eighteen digits always fit into 64 bits; a longer run of digits is no host number.
constexpr std::size_t max_digits = 18;

bool is_digit(char c) {
  return c >= '0' && c <= '9';
}
bool is_space(char c) {
  return c == ' ' || c == '\t' || c == '\n' || c == '\r';
}
bool is_name_character(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || is_digit(c) || c == '-' || c == '.' ||
         c == '_' || c == ':' || c == '%';  // the last two: IPv6 addresses and their zones
}

std::uint64_t to_number(std::string_view digits) {
  std::uint64_t value = 0;
  for (const char c : digits) value = value * 10 + static_cast<std::uint64_t>(c - '0');
  return value;
}

std::string describe(char c) {
  if (c < 0x20 || c > 0x7e) return fmt::format("byte 0x{:02x}", static_cast<unsigned char>(c));
  return fmt::format("'{}'", c);
}

/// Numbers first..last, each written with at least `width` digits.
struct Range {
  std::uint64_t first = 0;
  std::uint64_t last = 0;
  std::size_t width = 1;

  // clang-tidy 14 takes a defaulted <=> for a null pointer
  auto operator<=>(const Range&) const = default;  // NOLINT(modernize-use-nullptr)
  [[nodiscard]] std::uint64_t size() const { return last - first + 1; }
};
using Ranges = std::vector<Range>;

void append_number(std::string& out, std::uint64_t value, std::size_t width) {
  const fmt::format_int digits(value);
  if (digits.size() < width) out.append(width - digits.size(), '0');
  out.append(digits.data(), digits.size());
}

// ---------------------------------------------------------------------------- expand

/// One bracket and the text before it; the last segment of a name has no bracket.
struct Segment {
  std::string_view text;
  Ranges ranges;
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
    for (const Range& range : segment.ranges)
      numbers += std::min<std::uint64_t>(range.size(), max_hostlist_names + 1);
    count = saturating_multiply(count, numbers);
  }
  return count;
}

class Parser {
 public:
  explicit Parser(std::string_view text) : text_(text) {}

  std::vector<Pattern> parse() {
    std::vector<Pattern> patterns;
    skip_spaces();
    while (!at_end()) {
      patterns.push_back(parse_name());
      skip_separator();
    }
    return patterns;
  }

  [[nodiscard]] std::uint64_t total() const { return total_; }

 private:
  [[nodiscard]] bool at_end() const { return position_ == text_.size(); }
  [[nodiscard]] char peek() const { return text_[position_]; }
  [[nodiscard]] bool next_is(char c) const { return !at_end() && peek() == c; }

  [[noreturn]] static void fail(const std::string& message, std::size_t position) {
    throw HostlistError(message, position);
  }

  void skip_spaces() {
    while (!at_end() && is_space(peek())) ++position_;
  }

  void skip_separator() {
    skip_spaces();
    if (!next_is(',')) return;
    const std::size_t comma = position_++;
    skip_spaces();
    if (at_end()) fail("a name is missing after this comma", comma);
  }

  Pattern parse_name() {
    const std::size_t begin = position_;
    Pattern pattern;
    bool more = true;
    while (more) {
      Segment segment;
      segment.text = parse_text();
      more = next_is('[');
      if (more) segment.ranges = parse_bracket();
      pattern.push_back(std::move(segment));
    }
    if (position_ == begin) refuse_character();
    total_ += std::min<std::uint64_t>(count_names(pattern), max_hostlist_names + 1);
    if (total_ > max_hostlist_names)
      fail(fmt::format("more than {} names", max_hostlist_names), begin);
    return pattern;
  }

  std::string_view parse_text() {
    const std::size_t begin = position_;
    while (!at_end() && is_name_character(peek())) ++position_;
    if (!at_end() && !is_space(peek()) && peek() != ',' && peek() != '[') refuse_character();
    return text_.substr(begin, position_ - begin);
  }

  [[noreturn]] void refuse_character() const {
    switch (peek()) {
      case ',':
        fail("a name is missing before this comma", position_);
      case ']':
        fail("']' without a '[' before it", position_);
      default:
        fail(describe(peek()) + " cannot be part of a host name", position_);
    }
  }

  Ranges parse_bracket() {
    const std::size_t open = position_++;
    Ranges ranges;
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

  Range parse_range(std::size_t open) {
    const std::size_t begin = position_;
    const std::string_view first = parse_digits(open);
    Range range{to_number(first), to_number(first), first.size()};
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
    return range;
  }

  std::string_view parse_digits(std::size_t open) {
    const std::size_t begin = position_;
    while (!at_end() && is_digit(peek())) ++position_;
    if (position_ == begin) {
      if (at_end()) fail("'[' is never closed", open);
      fail(fmt::format("a number is missing before {}", describe(peek())), begin);
    }
    if (position_ - begin > max_digits)
      fail(fmt::format("a number has at most {} digits", max_digits), begin);
    return text_.substr(begin, position_ - begin);
  }

  std::string_view text_;
  std::size_t position_ = 0;
  std::uint64_t total_ = 0;
};

/// Appends all names of `pattern`; the last bracket runs fastest, as in nested loops.
void append_names(const Pattern& pattern, std::size_t segment, std::string& name,
                  std::vector<std::string>& names) {
  const std::size_t before = name.size();
  name += pattern[segment].text;
  const std::size_t with_text = name.size();
  if (pattern[segment].ranges.empty()) {
    names.push_back(name);
  }
  for (const Range& range : pattern[segment].ranges) {
    for (std::uint64_t value = range.first; value <= range.last; ++value) {
      append_number(name, value, range.width);
      append_names(pattern, segment + 1, name, names);
      name.resize(with_text);
    }
  }
  name.resize(before);
}

/// Keeps the first of equal names.
void drop_duplicates(std::vector<std::string>& names) {
  std::unordered_set<std::string_view> seen;
  seen.reserve(names.size());
  // `seen` views the strings it keeps: they must not move before the last look-up.
  std::vector<bool> repeated(names.size());
  for (std::size_t i = 0; i < names.size(); ++i) repeated[i] = !seen.insert(names[i]).second;
  if (seen.size() == names.size()) return;
  std::size_t kept = 0;
  for (std::size_t i = 0; i < names.size(); ++i)
    if (!repeated[i]) std::swap(names[kept++], names[i]);
  names.resize(kept);
}

// ---------------------------------------------------------------------------- fold

/// A name taken apart: `texts[0] numbers[0] texts[1] ... texts[n]`.
using Texts = std::vector<std::string_view>;

/// Names that differ in their numbers only, as the product of its axes: r[1-2]n[1-4].
using Box = std::vector<Ranges>;

std::size_t digits_at(std::string_view text, std::size_t position) {
  std::size_t end = position;
  while (end < text.size() && is_digit(text[end])) ++end;
  return end - position;
}

std::pair<Texts, Box> take_apart(std::string_view name) {
  Texts texts;
  Box box;  // every axis one number
  std::size_t text_begin = 0;
  std::size_t position = 0;
  while (position < name.size()) {
    const std::size_t length = digits_at(name, position);
    if (length > 0 && length <= max_digits) {
      const std::uint64_t value = to_number(name.substr(position, length));
      texts.push_back(name.substr(text_begin, position - text_begin));
      box.push_back({Range{value, value, length}});
      text_begin = position + length;
    }
    position += std::max<std::size_t>(length, 1);
  }
  texts.push_back(name.substr(text_begin));
  return {std::move(texts), std::move(box)};
}

std::size_t digit_count(std::uint64_t value) {
  return fmt::format_int(value).size();
}

/// Whether a reader of `range`, made one longer, gets the number `next` and as many digits.
bool continues(const Range& range, const Range& next) {
  const bool padded = digit_count(range.first) < range.width;
  const bool grows = !padded && digit_count(next.first) == next.width;  // 9 and 10
  return range.last + 1 == next.first && (next.width == range.width || grows);
}

/// Joins neighbours among single numbers. Sorted by digits written, then by value, all that can be
/// one range lies side by side: 08 09 10 as well as 8 9 10.
Ranges join(Ranges numbers) {
  std::sort(numbers.begin(), numbers.end(), [](const Range& a, const Range& b) {
    return std::pair(a.width, a.first) < std::pair(b.width, b.first);
  });
  numbers.erase(std::unique(numbers.begin(), numbers.end()), numbers.end());
  Ranges joined;
  for (const Range& number : numbers) {
    if (!joined.empty() && continues(joined.back(), number)) {
      joined.back().last = number.last;
    } else {
      joined.push_back(number);
    }
  }
  std::sort(joined.begin(), joined.end());
  return joined;
}

/// Makes one box of all that differ in `axis` only.
std::vector<Box> merge_along(std::size_t axis, std::vector<Box> boxes) {
  std::map<Box, Ranges> merged;
  for (Box& box : boxes) {
    const Ranges numbers = std::exchange(box[axis], {});
    Ranges& all = merged[std::move(box)];
    all.insert(all.end(), numbers.begin(), numbers.end());
  }
  boxes.clear();
  for (auto& [others, numbers] : merged) {
    boxes.push_back(others);
    boxes.back()[axis] = join(std::move(numbers));
  }
  return boxes;
}

void append_ranges(std::string& out, const Ranges& ranges) {
  const bool bracket = ranges.size() > 1 || ranges.front().first != ranges.front().last;
  if (bracket) out += '[';
  for (const Range& range : ranges) {
    if (&range != &ranges.front()) out += ',';
    append_number(out, range.first, range.width);
    if (range.last == range.first) continue;
    out += '-';
    append_number(out, range.last, range.width);
  }
  if (bracket) out += ']';
}

struct Folded {
  std::string first_name;  // what the entry is sorted by
  std::string expression;
};

Folded write_box(const Texts& texts, const Box& box) {
  Folded folded;
  for (std::size_t i = 0; i < texts.size(); ++i) {
    folded.first_name += texts[i];
    folded.expression += texts[i];
    if (i == box.size()) break;
    append_number(folded.first_name, box[i].front().first, box[i].front().width);
    append_ranges(folded.expression, box[i]);
  }
  return folded;
}

/// All entries that share their `texts`; merged from the last number to the first, since that is
/// the one that counts in most names.
void append_entries(const Texts& texts, std::vector<Box> boxes, std::vector<Folded>& entries) {
  if (texts.size() == 1) boxes.resize(1);  // no numbers: all of them are one name
  for (std::size_t axis = texts.size() - 1; axis-- > 0;)
    boxes = merge_along(axis, std::move(boxes));
  for (const Box& box : boxes) entries.push_back(write_box(texts, box));
}

/// Compares two runs of digits as numbers, of any length; where they are equal, fewer zeros come
/// first.
int compare_digits(std::string_view a, std::string_view b) {
  const auto significant = [](std::string_view digits) {
    const std::size_t zeros = std::min(digits.find_first_not_of('0'), digits.size());
    return digits.substr(zeros);
  };
  const std::string_view left = significant(a);
  const std::string_view right = significant(b);
  if (left.size() != right.size()) return left.size() < right.size() ? -1 : 1;
  if (const int order = left.compare(right); order != 0) return order;
  return a.size() == b.size() ? 0 : (a.size() < b.size() ? -1 : 1);
}

}  // namespace

std::vector<std::string> expand_hostlist(std::string_view expression) {
  Parser parser(expression);
  const std::vector<Pattern> patterns = parser.parse();
  std::vector<std::string> names;
  names.reserve(parser.total());
  std::string name;
  for (const Pattern& pattern : patterns) append_names(pattern, 0, name, names);
  drop_duplicates(names);
  return names;
}

std::string fold_hostlist(std::span<const std::string> names) {
  std::map<Texts, std::vector<Box>> groups;
  for (const std::string& name : names) {
    auto [texts, box] = take_apart(name);
    groups[std::move(texts)].push_back(std::move(box));
  }
  std::vector<Folded> entries;
  for (auto& [texts, boxes] : groups) append_entries(texts, std::move(boxes), entries);
  std::sort(entries.begin(), entries.end(), [](const Folded& a, const Folded& b) {
    return natural_less(a.first_name, b.first_name);
  });
  std::string out;
  for (const Folded& entry : entries) {
    if (!out.empty()) out += ',';
    out += entry.expression;
  }
  return out;
}

bool natural_less(std::string_view a, std::string_view b) {
  std::size_t i = 0;
  std::size_t j = 0;
  while (i < a.size() && j < b.size()) {
    const std::size_t digits_a = digits_at(a, i);
    const std::size_t digits_b = digits_at(b, j);
    if (digits_a > 0 && digits_b > 0) {
      const int order = compare_digits(a.substr(i, digits_a), b.substr(j, digits_b));
      if (order != 0) return order < 0;
      i += digits_a;
      j += digits_b;
    } else {
      if (a[i] != b[j]) return a[i] < b[j];
      ++i;
      ++j;
    }
  }
  return a.size() - i < b.size() - j;
}

}  // namespace clustermpi
