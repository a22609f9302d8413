// Hostlist expressions: `red,red0[1-3]` <-> {"red", "red01", "red02", "red03"}.
#pragma once

#include <cstddef>
#include <span>
#include <stdexcept>
#include <string>
#include <string_view>
#include <vector>

namespace clustermpi {

/// A hostlist expression that cannot be read. `position` is the 0-based byte offset of the
/// character that is wrong, for a caret below the expression.
class HostlistError : public std::runtime_error {
 public:
  HostlistError(const std::string& message, std::size_t position)
      : std::runtime_error(message), position_(position) {}
  [[nodiscard]] std::size_t position() const { return position_; }

 private:
  std::size_t position_;
};

/// More names than this are a slip of the keyboard, not a cluster.
inline constexpr std::size_t max_hostlist_names = 1'000'000;

/// The names that `expression` stands for, in the order written, each once. Names are separated by
/// commas or white space; a bracket holds numbers and ranges, whose width is kept (`[08-11]`); a
/// name may have several brackets and text after them, the last bracket running fastest. Throws
/// HostlistError; an empty expression is none.
[[nodiscard]] std::vector<std::string> expand_hostlist(std::string_view expression);

/// A short expression for `names`, in natural order, duplicates dropped: "red,red[01-03]", with
/// several brackets where whole blocks are there: "r[1-2]n[1-4]". n1 and n01 are different names.
/// expand_hostlist() of the result gives the same set.
[[nodiscard]] std::string fold_hostlist(std::span<const std::string> names);

/// Natural order: digits compare as numbers, so that red2 comes before red10. A total order: of
/// equal numbers the one with fewer leading zeros comes first.
[[nodiscard]] bool natural_less(std::string_view a, std::string_view b);

}  // namespace clustermpi
