#include "hosts/hostlist_fold.hpp"

#include <algorithm>
#include <array>
#include <deque>
#include <map>
#include <numeric>
#include <unordered_map>
#include <utility>
#include <vector>

#include "hosts/hostlist.hpp"
#include "hosts/hostlist_numbers.hpp"

namespace clustermpi {
namespace {

// Digits as one number, so that they sort by how many there are, then by value: "0" is 0, "9" is 9,
// "00" is 10, "99" is 109. All that can be one range lies side by side, 08 09 10 as well as 8 9 10,
// and the columns of a shape are plain arrays.
using Code = std::uint64_t;

constexpr auto first_code_of_width = [] {
  std::array<Code, max_digits + 2> first{};
  Code power = 10;
  for (std::size_t width = 2; width < first.size(); ++width, power *= 10)
    first[width] = first[width - 1] + power;
  return first;
}();

Code code_of(std::string_view digits) {
  return first_code_of_width[digits.size()] + to_number(digits);
}

NumberRange number_of(Code code) {
  const auto next =
      std::upper_bound(first_code_of_width.begin() + 2, first_code_of_width.end(), code);
  const auto width = static_cast<std::size_t>(next - first_code_of_width.begin()) - 1;
  const std::uint64_t value = code - first_code_of_width[width];
  return {value, value, width};
}

/// Whether a reader of `range`, made one longer, gets the number `next` and as many digits.
bool continues(const NumberRange& range, const NumberRange& next) {
  if (range.last + 1 != next.first) return false;
  if (next.width == range.width) return true;
  const bool padded = digit_count(range.first) < range.width;
  return !padded && digit_count(next.first) == next.width;  // 9 and 10
}

/// Joins neighbours among numbers that are sorted by code; the result is in natural order.
class RangeJoiner {
 public:
  void add(Code code) {
    const bool is_next_of_width =
        !joined_.empty() && code == last_ + 1 && code < first_code_of_width[width_ + 1];
    last_ = code;
    if (is_next_of_width) {  // nearly always
      ++joined_.back().last;
      return;
    }
    const NumberRange number = number_of(code);
    width_ = number.width;
    if (!joined_.empty() && continues(joined_.back(), number)) {
      joined_.back().last = number.last;
    } else {
      joined_.push_back(number);
    }
  }

  [[nodiscard]] NumberRanges ranges() && {
    std::sort(joined_.begin(), joined_.end());
    return std::move(joined_);
  }

 private:
  NumberRanges joined_;
  Code last_ = 0;
  std::size_t width_ = 0;  // of last_
};

/// Puts `rows` in the order of their `column`; those with equal cells stay as they are.
void sort_rows(std::vector<std::uint32_t>& rows, const std::vector<Code>& column) {
  constexpr std::size_t few = 512;  // for which counting all buckets would be the most of it
  if (rows.size() < few) {
    std::stable_sort(rows.begin(), rows.end(),
                     [&](std::uint32_t a, std::uint32_t b) { return column[a] < column[b]; });
    return;
  }
  constexpr unsigned bits = 11;
  constexpr Code mask = (1u << bits) - 1;
  const auto [least, most] = std::minmax_element(column.begin(), column.end());
  const Code from = *least;
  std::vector<std::uint32_t> sorted(rows.size());
  for (Code left = *most - from, shift = 0; left > 0; left >>= bits, shift += bits) {
    std::array<std::uint32_t, mask + 1> place{};
    for (const std::uint32_t row : rows) ++place[((column[row] - from) >> shift) & mask];
    std::exclusive_scan(place.begin(), place.end(), place.begin(), 0u);
    for (const std::uint32_t row : rows)
      sorted[place[((column[row] - from) >> shift) & mask]++] = row;
    rows.swap(sorted);
  }
}

/// Names that differ in their numbers only. At first a row is a name, with a number in each column;
/// merging makes it a box, the product of the sets of numbers in its columns: r[1-2]n[1-4].
class Shape {
 public:
  explicit Shape(std::string key, std::size_t columns) : key_(std::move(key)), columns_(columns) {}

  void add(const std::vector<Code>& codes) {
    for (std::size_t i = 0; i < columns_.size(); ++i) columns_[i].cells.push_back(codes[i]);
    ++rows_;
  }

  /// From the last column to the first, since the last is the one that counts in most names.
  void merge() {
    if (columns_.empty()) rows_ = 1;  // all of them are one name
    for (std::size_t column = columns_.size(); column-- > 0;) merge_along(column);
  }

  [[nodiscard]] std::size_t rows() const { return rows_; }
  [[nodiscard]] std::size_t columns() const { return columns_.size(); }
  [[nodiscard]] NumberRanges numbers(std::size_t row, std::size_t column) const {
    return columns_[column].numbers(row);
  }
  /// The name with a single 0 where a column's number goes. Other digits are a run too long for a
  /// number, so that this is no ambiguity.
  [[nodiscard]] const std::string& key() const { return key_; }

 private:
  struct Column {
    std::vector<Code> cells;         // codes, or beyond them indices of `sets`
    Code first_set = ~Code{0};       // the cell that stands for sets[0]
    std::vector<NumberRanges> sets;  // all different

    [[nodiscard]] NumberRanges numbers(std::size_t row) const {
      const Code cell = cells[row];
      return cell < first_set ? NumberRanges{number_of(cell)} : sets[cell - first_set];
    }
  };

  /// Makes one row of all that differ in `axis` only.
  void merge_along(std::size_t axis) {
    std::vector<std::uint32_t> order(rows_);
    std::iota(order.begin(), order.end(), 0u);
    sort_rows(order, columns_[axis].cells);
    for (std::size_t i = columns_.size(); i-- > 0;)
      if (i != axis) sort_rows(order, columns_[i].cells);

    std::vector<Column> merged(columns_.size());
    for (std::size_t i = 0; i < columns_.size(); ++i) {
      merged[i].first_set = columns_[i].first_set;
      merged[i].sets = std::move(columns_[i].sets);
    }
    const std::vector<Code>& numbers = columns_[axis].cells;
    merged[axis].first_set = *std::max_element(numbers.begin(), numbers.end()) + 1;
    std::map<NumberRanges, Code> known_sets;
    std::size_t end = 0;
    for (std::size_t begin = 0; begin < order.size(); begin = end) {
      end = begin + 1;
      while (end < order.size() && alike_but_for(axis, order[begin], order[end])) ++end;
      for (std::size_t i = 0; i < columns_.size(); ++i)
        if (i != axis) merged[i].cells.push_back(columns_[i].cells[order[begin]]);
      merged[axis].cells.push_back(
          join({order.data() + begin, end - begin}, numbers, merged[axis], known_sets));
    }
    columns_ = std::move(merged);
    rows_ = columns_[axis].cells.size();
  }

  [[nodiscard]] bool alike_but_for(std::size_t axis, std::uint32_t a, std::uint32_t b) const {
    for (std::size_t i = 0; i < columns_.size(); ++i)
      if (i != axis && columns_[i].cells[a] != columns_[i].cells[b]) return false;
    return true;
  }

  /// The cell for all numbers of `rows`, which are in order.
  static Code join(std::span<const std::uint32_t> rows, const std::vector<Code>& numbers,
                   Column& column, std::map<NumberRanges, Code>& known_sets) {
    if (numbers[rows.front()] == numbers[rows.back()]) return numbers[rows.front()];
    RangeJoiner joiner;
    for (std::size_t i = 0; i < rows.size(); ++i)
      if (i == 0 || numbers[rows[i]] != numbers[rows[i - 1]]) joiner.add(numbers[rows[i]]);
    const auto [at, is_new] =
        known_sets.try_emplace(std::move(joiner).ranges(), column.first_set + column.sets.size());
    if (is_new) column.sets.push_back(at->first);
    return at->second;
  }

  std::string key_;
  std::vector<Column> columns_;
  std::size_t rows_ = 0;
};

/// All shapes, as the names come.
class Shapes {
 public:
  void add(std::string_view name) {
    take_apart(name);
    if (shapes_.empty() || last_->key() != key_) {
      const auto [at, is_new] = by_key_.try_emplace(key_, nullptr);
      if (is_new) at->second = &shapes_.emplace_back(key_, codes_.size());
      last_ = at->second;
    }
    last_->add(codes_);
  }

  [[nodiscard]] std::deque<Shape>& all() { return shapes_; }

 private:
  /// Leaves the name's key and its numbers.
  void take_apart(std::string_view name) {
    key_.clear();
    codes_.clear();
    for (std::size_t at = 0; at < name.size();) {
      const std::size_t length = digits_at(name, at);
      if (length > 0 && length <= max_digits) {
        codes_.push_back(code_of(name.substr(at, length)));
        key_ += '0';
      } else {
        key_ += name.substr(at, std::max<std::size_t>(length, 1));
      }
      at += std::max<std::size_t>(length, 1);
    }
  }

  std::deque<Shape> shapes_;
  std::unordered_map<std::string, Shape*> by_key_;
  Shape* last_ = nullptr;
  std::string key_;
  std::vector<Code> codes_;
};

/// One term of the folded list.
struct Entry {
  std::string first_name;  // what it is sorted by
  std::string expression;
};

/// Writes the boxes of a shape as entries that keep within `limits`.
class Writer {
 public:
  Writer(const Shape& shape, FoldLimits limits, std::vector<Entry>& entries)
      : shape_(shape), limits_(limits), entries_(entries) {}

  void write(std::size_t row) {
    std::vector<NumberRanges> box;
    for (std::size_t i = 0; i < shape_.columns(); ++i) {
      box.push_back(shape_.numbers(row, i));
      cut_long_ranges(box.back());
    }
    write(box);
  }

 private:
  static bool is_bracket(const NumberRanges& numbers) {
    return numbers.size() > 1 || numbers.front().first != numbers.front().last;
  }

  void cut_long_ranges(NumberRanges& numbers) const {
    for (std::size_t i = 0; i < numbers.size(); ++i) {
      if (numbers[i].size() <= limits_.names_in_range) continue;
      NumberRange rest = numbers[i];
      rest.first += limits_.names_in_range;
      rest.width = std::max(rest.width, digit_count(rest.first));
      numbers[i].last = rest.first - 1;
      numbers.insert(numbers.begin() + static_cast<std::ptrdiff_t>(i) + 1, rest);
    }
  }

  /// Where there are too many brackets, the first becomes an entry a number.
  void write(const std::vector<NumberRanges>& box) {
    const auto brackets = static_cast<std::size_t>(std::ranges::count_if(box, is_bracket));
    if (brackets <= limits_.brackets_in_name) return write_entry(box);
    std::vector<NumberRanges> part = box;
    const auto at = std::ranges::find_if(box, is_bracket) - box.begin();
    for (NumberRange range : box[static_cast<std::size_t>(at)]) {
      for (std::uint64_t value = range.first; value <= range.last; ++value) {
        part[static_cast<std::size_t>(at)] = {{value, value, range.width}};
        write(part);
      }
    }
  }

  void write_entry(const std::vector<NumberRanges>& box) {
    Entry entry;
    const std::string_view key = shape_.key();
    std::size_t column = 0;
    for (std::size_t at = 0; at < key.size();) {
      const std::size_t digits = digits_at(key, at);
      if (digits == 1) {
        const NumberRanges& numbers = box[column++];
        append_number(entry.first_name, numbers.front().first, numbers.front().width);
        append_ranges(entry.expression, numbers);
      } else {
        const std::string_view text = key.substr(at, std::max<std::size_t>(digits, 1));
        entry.first_name += text;
        entry.expression += text;
      }
      at += std::max<std::size_t>(digits, 1);
    }
    entries_.push_back(std::move(entry));
  }

  static void append_ranges(std::string& out, const NumberRanges& numbers) {
    const bool bracket = is_bracket(numbers);
    if (bracket) out += '[';
    for (const NumberRange& range : numbers) {
      if (&range != &numbers.front()) out += ',';
      append_number(out, range.first, range.width);
      if (range.last == range.first) continue;
      out += '-';
      append_number(out, range.last, range.width);
    }
    if (bracket) out += ']';
  }

  const Shape& shape_;
  FoldLimits limits_;
  std::vector<Entry>& entries_;
};

}  // namespace

std::string fold_within(std::span<const std::string> names, FoldLimits limits) {
  Shapes shapes;
  for (const std::string& name : names) shapes.add(name);
  std::vector<Entry> entries;
  for (Shape& shape : shapes.all()) {
    shape.merge();
    Writer writer(shape, limits, entries);
    for (std::size_t row = 0; row < shape.rows(); ++row) writer.write(row);
  }
  std::sort(entries.begin(), entries.end(), [](const Entry& a, const Entry& b) {
    return natural_less(a.first_name, b.first_name);
  });
  std::string out;
  for (const Entry& entry : entries) {
    if (!out.empty()) out += ',';
    out += entry.expression;
  }
  return out;
}

std::string fold_hostlist(std::span<const std::string> names) {
  return fold_within(names, {});
}

}  // namespace clustermpi
