#include "hosts/hostlist.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "hosts/hostlist_numbers.hpp"

namespace clustermpi {
namespace {

using Names = std::vector<std::string>;

/// Which names are there. Open addressing over indices: a node a name would be most of the time
/// that a long list takes.
class NameIndex {
 public:
  /// For at most `most` of the front of `names`, which must not move.
  NameIndex(const Names& names, std::size_t most) : names_(names) {
    std::size_t slots = 16;
    while (slots < 2 * most) slots *= 2;
    slots_.resize(slots);
  }
  explicit NameIndex(const Names& names) : NameIndex(names, names.size()) {
    for (std::size_t i = 0; i < names.size(); ++i) insert(names[i], i);
  }

  [[nodiscard]] bool contains(std::string_view name) const {
    return slots_[slot_of(name, hash(name))].used();
  }

  /// Notes that `name` is the one at `index`; false where it was there before.
  bool insert(std::string_view name, std::size_t index) {
    const std::uint32_t name_hash = hash(name);
    Slot& slot = slots_[slot_of(name, name_hash)];
    if (slot.used()) return false;
    slot = {name_hash, static_cast<std::uint32_t>(index + 1)};
    return true;
  }

 private:
  struct Slot {
    std::uint32_t hash = 0;
    std::uint32_t index_plus_one = 0;
    [[nodiscard]] bool used() const { return index_plus_one != 0; }
  };

  static std::uint32_t hash(std::string_view name) {
    return static_cast<std::uint32_t>(std::hash<std::string_view>{}(name));
  }

  [[nodiscard]] std::size_t slot_of(std::string_view name, std::uint32_t name_hash) const {
    const std::size_t mask = slots_.size() - 1;
    std::size_t at = name_hash & mask;
    while (slots_[at].used() &&
           (slots_[at].hash != name_hash || names_[slots_[at].index_plus_one - 1] != name))
      at = (at + 1) & mask;
    return at;
  }

  const Names& names_;
  std::vector<Slot> slots_;
};

/// Keeps the first of equal names.
void drop_duplicates(Names& names) {
  NameIndex index(names, names.size());
  std::size_t kept = 0;
  for (std::size_t i = 0; i < names.size(); ++i) {
    if (!index.insert(names[i], kept)) continue;
    if (kept != i) names[kept] = std::move(names[i]);
    ++kept;
  }
  names.resize(kept);
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

Hostlist::Hostlist(std::vector<std::string> names) : names_(std::move(names)) {
  if (names_.size() > 1) drop_duplicates(names_);
}

bool Hostlist::contains(std::string_view name) const {
  return std::find(names_.begin(), names_.end(), name) != names_.end();
}

Hostlist operator|(Hostlist a, Hostlist b) {
  if (a.empty()) return b;
  if (b.empty()) return a;
  a.names_.insert(a.names_.end(), b.names_.begin(), b.names_.end());
  drop_duplicates(a.names_);
  return a;
}

Hostlist operator-(Hostlist a, const Hostlist& b) {
  const NameIndex taken(b.names_);
  std::erase_if(a.names_, [&](const std::string& name) { return taken.contains(name); });
  return a;
}

Hostlist operator&(Hostlist a, const Hostlist& b) {
  const NameIndex wanted(b.names_);
  std::erase_if(a.names_, [&](const std::string& name) { return !wanted.contains(name); });
  return a;
}

Hostlist operator^(const Hostlist& a, const Hostlist& b) {
  return (a - b) | (b - a);
}

Hostlist Hostlist::slice(std::string_view indices) const {
  std::vector<bool> chosen(size());
  for (const NumberRange& range : parse_number_ranges(indices)) {
    for (std::uint64_t i = range.first; i <= range.last && i < size(); i += range.step)
      chosen[i] = true;
  }
  Hostlist sliced;
  for (std::size_t i = 0; i < size(); ++i)
    if (chosen[i]) sliced.names_.push_back(names_[i]);
  return sliced;
}

Hostlist Hostlist::in_natural_order() const {
  Hostlist sorted = *this;
  std::sort(sorted.names_.begin(), sorted.names_.end(), natural_less);
  return sorted;
}

std::string Hostlist::fold() const {
  return fold_hostlist(names_);
}

std::vector<std::string> expand_hostlist(std::string_view expression) {
  return Hostlist::parse(expression).names();
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

std::size_t digit_count(std::uint64_t value) {
  return fmt::format_int(value).size();
}

void append_number(std::string& out, std::uint64_t value, std::size_t width) {
  const fmt::format_int digits(value);
  if (digits.size() < width) out.append(width - digits.size(), '0');
  out.append(digits.data(), digits.size());
}

}  // namespace clustermpi
