// Hostlist expressions: `red,red0[1-3]` <-> {"red", "red01", "red02", "red03"}.
#pragma once

#include <cstddef>
#include <span>
#include <stdexcept>
#include <string>
#include <string_view>
#include <vector>

namespace clustermpi {

struct HostlistSources;  // hosts/hostlist_sources.hpp

/// A hostlist expression that cannot be read. `position` is the 0-based byte offset in `expression`
/// of the character that is wrong, for a caret below it; where the mistake is in a file, that is
/// the line of the file, which the message names.
class HostlistError : public std::runtime_error {
 public:
  HostlistError(const std::string& message, std::string expression, std::size_t position,
                std::string hint = {})
      : std::runtime_error(message),
        expression_(std::move(expression)),
        position_(position),
        hint_(std::move(hint)) {}
  [[nodiscard]] const std::string& expression() const { return expression_; }
  [[nodiscard]] std::size_t position() const { return position_; }
  [[nodiscard]] const std::string& hint() const { return hint_; }  ///< may be empty

 private:
  std::string expression_;
  std::size_t position_;
  std::string hint_;
};

/// The error's expression, and below it a caret at what is wrong; of a long one the part around it.
/// No newline at the end; control characters become '?'.
[[nodiscard]] std::string render(const HostlistError& error);

/// More names than this are a slip of the keyboard, not a cluster.
inline constexpr std::size_t max_hostlist_names = 1'000'000;

/// Names in an order, each once.
class Hostlist {
 public:
  Hostlist() = default;
  explicit Hostlist(std::vector<std::string> names);  ///< of equal ones the first is kept

  /// The names that `expression` stands for, in the order written. Terms are separated by commas or
  /// white space:
  ///   red[1-3,7]     numbers and ranges, whose width is kept ([08-11]); a name may have several
  ///                  brackets and text after them, the last bracket running fastest
  ///   red[0-10/2]    every second
  ///   @GROUP ^FILE   as `sources` has them; a file holds an expression a line and # comments
  /// `!` takes away what the next term names, `&` keeps only that, `^` right behind a term keeps
  /// what is on one side alone; they work from left to right, as the comma does. Throws
  /// HostlistError; an empty expression is none.
  [[nodiscard]] static Hostlist parse(std::string_view expression, const HostlistSources& sources);
  [[nodiscard]] static Hostlist parse(std::string_view expression);  ///< no groups, no files

  [[nodiscard]] const std::vector<std::string>& names() const& { return names_; }
  [[nodiscard]] std::vector<std::string> names() && { return std::move(names_); }
  [[nodiscard]] std::size_t size() const { return names_.size(); }
  [[nodiscard]] bool empty() const { return names_.empty(); }
  [[nodiscard]] bool contains(std::string_view name) const;  ///< O(size); for many names: a & b

  // In the order of `a`, then what only `b` has in the order of `b`.
  friend Hostlist operator|(Hostlist a, Hostlist b);                ///< union
  friend Hostlist operator-(Hostlist a, const Hostlist& b);         ///< difference
  friend Hostlist operator&(Hostlist a, const Hostlist& b);         ///< intersection
  friend Hostlist operator^(const Hostlist& a, const Hostlist& b);  ///< symmetric difference

  /// The names at `indices`, counted from 0 ("0-3,8", "0-99/10"), in their order here; indices past
  /// the end are none. Throws HostlistError.
  [[nodiscard]] Hostlist slice(std::string_view indices) const;

  [[nodiscard]] Hostlist in_natural_order() const;  ///< see natural_less()
  [[nodiscard]] std::string fold() const;           ///< see fold_hostlist()

  bool operator==(const Hostlist&) const = default;

 private:
  std::vector<std::string> names_;
};

/// Hostlist::parse(expression).names(), for those who go on with a vector.
[[nodiscard]] std::vector<std::string> expand_hostlist(std::string_view expression);

/// A short expression for `names`, in natural order, duplicates dropped: "red,red[01-03]", with
/// several brackets where whole blocks are there: "r[1-2]n[1-4]". n1 and n01 are different names.
/// expand_hostlist() of the result gives the same set. For people and for us; what other programs
/// read is written by hosts/hostlist_forms.hpp.
[[nodiscard]] std::string fold_hostlist(std::span<const std::string> names);

/// Natural order: digits compare as numbers, so that red2 comes before red10. A total order: of
/// equal numbers the one with fewer leading zeros comes first.
[[nodiscard]] bool natural_less(std::string_view a, std::string_view b);

}  // namespace clustermpi
